"""Whose account it is: person, break-glass, controller, CI or cloud service, from names alone.

Names are all that an audit log has, so every rule is a convention and every answer carries the rule that gave it. What
no rule knows is `unknown`, never a guess at a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from .actor_words import ENGINES, is_break_glass, is_pipeline, words_kind
from .actors_aws import actor_of_arn
from .audit import NOBODY, Actor, ActorKind
from .audit_kubernetes import KubernetesCall

_EMAIL: Final = re.compile(r"[^@\s:/]+@[^@\s:/]+\.[^@\s:/]+")
_SHARED: Final = frozenset(
    {"kubernetes-admin", "kubernetes-super-admin", "system:admin", "masterclient", "clusteradmin", "cluster-admin"}
)
_CLOUD_DOMAINS: Final = (
    "@container-engine-robot.iam.gserviceaccount.com", ".amazonaws.com", ".azure.com", ".googleapis.com",
)  # fmt: skip
_CLOUD: Final = ("eks:", "aks-service", "aksservice", "acsservice", "system:gke-", "gke-", "system:cloud-")


def account(name: str, groups: Iterable[str] = ()) -> Actor:
    """One Kubernetes account."""
    if not name:
        return NOBODY
    groups = tuple(groups)
    lower = name.lower()
    if name.startswith("arn:"):
        return actor_of_arn(name)
    if name.startswith("system:serviceaccount:"):
        return _service_account(name)
    if is_break_glass(name) or any(is_break_glass(group) for group in groups):
        return Actor(name, ActorKind.BREAK_GLASS, reasons=("the account or one of its groups is for emergencies",))
    if lower in ("system:anonymous", "system:unauthenticated"):
        return Actor(name, ActorKind.UNKNOWN, reasons=("the call was not authenticated",))
    if lower in _SHARED:
        return Actor(
            name, ActorKind.PERSON, reasons=("a shared administrator's certificate: who held it is not recorded",)
        )
    if lower.startswith(_CLOUD) or lower.endswith(_CLOUD_DOMAINS):
        return Actor(name, ActorKind.CLOUD_SERVICE, reasons=("an account of the cloud provider",))
    if name.startswith("system:"):
        return Actor(name, ActorKind.CONTROLLER, reasons=("a component of Kubernetes",))
    if lower.endswith(".gserviceaccount.com"):
        known = words_kind(name.partition("@")[0])
        kind = known[0] if known else ActorKind.CONTROLLER
        return Actor(name, kind, reasons=("a Google service account",))
    if known := words_kind(name):
        return Actor(name, known[0], reasons=(known[1],))
    if re.search(r"\[bot\]$|(?:^|[-_.])bot$", lower):
        return Actor(name, ActorKind.CI, reasons=("the account of a bot",))
    if ENGINES.search(name):
        return Actor(name, ActorKind.CONTROLLER, reasons=("the account of a GitOps engine",))
    if _EMAIL.search(name):
        return Actor(name, ActorKind.PERSON, reasons=("the account is named by an e-mail address",))
    if re.fullmatch(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", lower):
        return Actor(
            name, ActorKind.UNKNOWN, reasons=("an object id: a person or a service principal of the directory",)
        )
    return Actor(name, ActorKind.PERSON, reasons=("a user, not a service account",))


def _service_account(name: str) -> Actor:
    _, _, namespace, short = [*name.split(":", 3), "", ""][:4]
    own = f"{namespace}/{short}"
    if is_break_glass(own):
        return Actor(name, ActorKind.BREAK_GLASS, own, reasons=("a service account for emergencies",))
    if ENGINES.search(own):
        return Actor(name, ActorKind.CONTROLLER, own, reasons=("the service account of a GitOps engine",))
    if not short.endswith(("-controller", "-operator")) and is_pipeline(own.replace("/", " ")):
        return Actor(name, ActorKind.CI, own, reasons=(f"the service account {own} is that of a pipeline",))
    return Actor(name, ActorKind.CONTROLLER, own, reasons=("a service account",))


def caller(call: KubernetesCall) -> Actor:
    """The one who asked for a call: behind impersonation, and behind the cloud's own sessions.

    A program that impersonates a person (a proxy, a portal) passes that person's wish on. A person who impersonates
    anybody (`kubectl --as`) is the one who asked.
    """
    who = _behind_cloud(call, account(call.authenticated_as, () if call.impersonated else call.groups))
    if not call.impersonated:
        return who
    acting = account(call.impersonated, call.groups)
    asked_by_machine = who.kind not in (ActorKind.PERSON, ActorKind.BREAK_GLASS)
    if asked_by_machine and acting.kind in (ActorKind.PERSON, ActorKind.BREAK_GLASS):
        return acting._replace(
            through=who.name, reasons=(*acting.reasons, f"{who.words} made the call on behalf of {acting.name}")
        )
    kind = ActorKind.BREAK_GLASS if acting.kind is ActorKind.BREAK_GLASS else who.kind
    return who._replace(kind=kind, through=acting.name, reasons=(*who.reasons, f"impersonated {acting.name}"))


def _behind_cloud(call: KubernetesCall, who: Actor) -> Actor:
    """EKS maps many AWS sessions onto one user and keeps the session in `user.extra`."""
    arns = call.extra.get("arn") or call.extra.get("canonicalArn") or ()
    if not arns or not arns[0].startswith("arn:") or who.kind is ActorKind.CLOUD_SERVICE:
        return who
    session = actor_of_arn(arns[0])
    if session.name == who.name:
        return session
    kind = ActorKind.BREAK_GLASS if ActorKind.BREAK_GLASS in (who.kind, session.kind) else session.kind
    return session._replace(
        kind=kind, through=who.name, reasons=(*session.reasons, f"signed in to the cluster as {who.name}")
    )
