"""What this identity may do, as the cluster itself answers it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from ...clients.kube import KubeClient
from ...core.errors import BadAnswer, Missing, SourceError, inert
from ...core.health import Permission
from ...core.ports import Clock
from .wire import AccessReview, SelfReview, decode

ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
SELF_REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

KEPT = timedelta(seconds=60)
"""Rights change seldom, and a key press should not wait for an answer that was just given."""


class Right(NamedTuple):
    """The attributes of one question. An empty namespace asks for all of them."""

    verb: str
    group: str
    resource: str
    """Plural, lower case."""
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def words(self) -> str:
        """As `kubectl auth can-i` says it: `get deployments.apps in payments`."""
        what = f"{self.resource}.{self.group}" if self.group else self.resource
        what = f"{what}/{self.subresource}" if self.subresource else what
        return inert(f"{self.verb} {what}" + (f" in {self.namespace}" if self.namespace else ""), 120)


class Need(NamedTuple):
    right: Right
    needed_for: str
    optional: bool = False
    """Without it the source still does its work: something smaller stays unknown."""


NEEDS = (
    Need(Right("get", "apps", "deployments"), "live objects, with the managers of their fields"),
    Need(Right("list", "apps", "deployments"), "live changes as they happen"),
    Need(Right("watch", "apps", "deployments"), "live changes as they happen"),
    Need(Right("get", "", "configmaps"), "live configuration"),
    Need(Right("list", "", "events"), "events beside a finding"),
    Need(
        Right("get", "rbac.authorization.k8s.io", "clusterrolebindings"), "who was given which rights (optional)", True
    ),
    Need(Right("get", "", "secrets"), "whether Secrets differ; values become digests (optional)", True),
    Need(Right("list", "argoproj.io", "applications"), "Argo CD without a token (optional)", True),
)


class Rights:
    """Answers of SelfSubjectAccessReview, kept for a minute."""

    def __init__(self, client: KubeClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[Right, tuple[datetime, bool]] = {}

    async def may(self, right: Right, *, fresh: bool = False) -> bool:
        """Raises `SourceError` where it cannot be told. An authoriser that failed (`evaluationError`) counts as the
        server counts it: what it did not allow is refused."""
        now = self._clock()
        if not fresh and (held := self._kept.get(right)) and now - held[0] < KEPT:
            return held[1]
        attributes: Mapping[str, str] = {
            key: value
            for key, value in (
                ("verb", right.verb),
                ("group", right.group),
                ("resource", right.resource),
                ("subresource", right.subresource),
                ("namespace", right.namespace),
                ("name", right.name),
            )
            if value
        }
        body = await self._client.review(
            ACCESS_REVIEWS,
            {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes},
            },
            permission="create selfsubjectaccessreviews.authorization.k8s.io",
        )
        status = decode(body, AccessReview, ACCESS_REVIEWS).status
        if status is None:
            raise BadAnswer("The cluster did not tell what you may do", f"{ACCESS_REVIEWS}: the review has no status")
        self._kept[right] = (now, status.allowed)
        return status.allowed

    async def permission(self, need: Need, namespace: str) -> Permission:
        """Whether `need` is granted: everywhere, else in `namespace`, the home of the kubeconfig context."""
        try:
            if await self.may(need.right, fresh=True):
                return Permission(need.right.words, True, need.needed_for)
            home = need.right._replace(namespace=namespace)
            if namespace and need.right.resource != "clusterrolebindings" and await self.may(home, fresh=True):
                return Permission(home.words, True, need.needed_for)
        except SourceError:
            return Permission(need.right.words, None, need.needed_for)
        return Permission(need.right.words, False, need.needed_for)


async def identity(client: KubeClient) -> str:
    """Who the cluster takes us for: `alice@example.com (sre)`. Empty where it does not tell (before 1.28)."""
    try:
        body = await client.review(
            SELF_REVIEWS, {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        )
    except Missing:
        return ""
    status = decode(body, SelfReview, SELF_REVIEWS).status
    if status is None:
        return ""
    groups = [group for group in status.user_info.groups or () if not group.startswith("system:authenticated")]
    named = f" ({', '.join(groups)})" if groups else ""
    return inert(f"{status.user_info.username}{named}", 160)
