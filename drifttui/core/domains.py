"""What a change affects: the path says it first, then the kind.

A path is read as lower-case words without list positions. Rules stand from the special to the general; the first that
fits wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from .domains_kinds import SECURITY_LOGGING, domain_of_kind
from .verdict import DOMAINS

__all__ = ["SECURITY_LOGGING", "domain_of", "domain_of_kind", "most_serious", "plain_path", "privileged"]


def _rule(domain: str, pattern: str) -> tuple[str, re.Pattern[str]]:
    return domain, re.compile(pattern)


_KUBERNETES_PATHS = (
    # Annotations and labels by which something else is steered; the rest of them is metadata.
    _rule("identity", r"/annotations/(eks\.amazonaws\.com~1role-arn|iam\.gke\.io~1|azure\.workload\.identity~1|"
                      r"iam\.amazonaws)"),
    _rule("network", r"/annotations/([a-z0-9.-]*ingress[a-z0-9.-]*|external-dns[a-z0-9.-]*|"
                     r"service\.beta\.kubernetes\.io|"
                     r"cloud\.google\.com|networking\.gke\.io|traffic\.sidecar\.istio\.io|metallb[a-z0-9.-]*)~1"),
    _rule("secret", r"/annotations/(cert-manager\.io|vault\.hashicorp\.com|reloader\.stakater\.com)~1"),
    _rule("policy", r"/(labels|annotations)/(pod-security\.kubernetes\.io|policies\.kyverno\.io|gatekeeper\.sh|"
                    r"admission\.gatekeeper\.sh)~1"),
    _rule("observability", r"/annotations/(prometheus\.io|instrumentation\.opentelemetry\.io)~1"),
    _rule("metadata", r"/(labels|annotations)(/|$)|^/metadata(/|$)"),
    # Who may do what, kept in config maps: EKS's aws-auth and Argo CD's own roles.
    _rule("identity", r"^/data/(maproles|mapusers|mapaccounts|policy\.[a-z0-9.-]*csv)$"),
    _rule("secret", r"cabundle|secretref|secretkeyref|secretname|imagepullsecrets|/secret(/|$)|/secrets(/|$)|"
                    r"/tls(/|$)|secretstoreref|privatekey|/password|certificatearn|/cacert|sealedsecret|"
                    r"encrypteddata"),
    _rule("identity", r"/serviceaccount(name)?(/|$)|automountserviceaccounttoken|/rolearn(/|$)|/subjects(/|$)|"
                      r"/roleref(/|$)|"
                      r"/jwtrules(/|$)|/principals(/|$)|impersonat"),
    _rule("artifact", r"/image(/|$)|/imageid(/|$)|/images(/|$)|^/spec/chart(/|$)|targetrevision|/spec/ref(/|$)|"
                      r"chartversion|lastappliedrevision|lastattemptedrevision|/spec/(chart)?version(/|$)|/tag(/|$)"),
    _rule("network", r"/hostnetwork(/|$)|/hostport(/|$)|/hostaliases(/|$)|/dnsconfig(/|$)|/loadbalancer|"
                     r"/externalips(/|$)|"
                     r"/ingress(/|$)|/egress(/|$)"),
    _rule("data", r"/volumeclaimtemplates(/|$)|/persistentvolumeclaim(/|$)|/storageclassname(/|$)|/volumemode(/|$)|"
                  r"persistentvolumereclaimpolicy|/storage(/|$)"),
    _rule("workload", r"/containers(/|$)|/initcontainers(/|$)|/replicas(/|$)|/env(from)?(/|$)|/securitycontext(/|$)"),
    _rule("observability", r"/tracing(/|$)|/accesslogging(/|$)|/metrics/overrides|/loglevel(/|$)|/logging(/|$)|"
                           r"/servicemonitor(/|$)|/retention(/|$)"),
)  # fmt: skip

_STACK_PATHS = (
    _rule("network", r"publicly_?accessible|public_access_cidrs|endpoint_public_access|endpoint_private_access|"
                     r"security_?group|cidr|/ingress(/|$)|/egress(/|$)|subnet|/route(s|_table)?(/|$)|/listener|"
                     r"ssl_policy|"
                     r"minimum_protocol_version|minimumprotocolversion|min_tls_version|minimum_tls|/origins?(/|$)|"
                     r"/aliases(/|$)|public_network_access|firewall|allowed_ip|ip_?rules|/vpc_config(/|$)|"
                     r"vpcsecurity|"
                     r"associate_public_ip|source_ranges|authorized_networks|/acl_rule|target_group_arn|"
                     r"domain_name_servers|/nameservers|master_authorized"),
    _rule("identity", r"assume_?role|managed_policy|/policy(_arn|_json|document)?(/|$)|policydocument|inline_policy|"
                      r"/principal|permissions_boundary|/statement(/|$)|iam_instance_profile|/role(_arn|s)?(/|$)|"
                      r"service_account(s|_email|_name)?(/|$)|/members?(/|$)|/users?(/|$)|/groups?(/|$)|"
                      r"/identity(/|$)|"
                      r"execution_role|task_role|access_config|iam_database_authentication|thumbprint"),
    _rule("secret", r"secret|password|kms_|kmskey|certificate|/private_key|credential|encryption_key|/key_id(/|$)|"
                    r"customer_managed_key|/auth_token"),
    _rule("metadata", r"^/tags(_all)?(/|$)|^/labels(/|$)|^/description(/|$)|^/name_prefix(/|$)"),
    _rule("observability", r"log(ging|s|_config|_types|_group|_retention)?(/|$)|enabled_cluster_log|cloudwatch_logs|"
                           r"tracing|retention_in_days|/monitoring(_interval)?(/|$)|access_logs|performance_insights|"
                           r"insights_enabled|alarm"),
    _rule("cost", r"instance_(class|type|types|size)(/|$)|instance(class|type)(/|$)|machine_type|vm_size|"
                  r"/node_type(/|$)|"
                  r"cachenodetype|cache_node_type|/size_slug|/sku(_name|_tier|/name)?(/|$)|compute_type|"
                  r"billing_mode|/tier(/|$)|^/size(/|$)|spot_price|provisioned_model"),
    _rule("artifact", r"^/version(/|$)|engine_?version|platform_version|kubernetes_version|min_master_version|"
                      r"node_version|"
                      r"release_version|^/ami(_|/|$)|ami_type|/image(_id|_uri|id)?(/|$)|source_code_hash|"
                      r"^/s3_(key|object_version)|"
                      r"^/runtime(/|$)|/chart(/|$)|^/layers(/|$)|container_definitions?/image|^/code(/|$)|"
                      r"source_image|"
                      r"container_image|function_version|orchestrator_version|addon_version|parent_image"),
    _rule("workload", r"desired_?(count|capacity|size)|/min_(size|count|capacity)|/max_(size|count|capacity)|"
                      r"reserved_concurrent|memory_size|^/timeout(/|$)|^/environment(/|$)|node_count|autoscaling"),
)  # fmt: skip

_PLATFORM_VERSION_KINDS = re.compile(r"eks|aks|gke|kubernetes|container_cluster|helm_release|addon|node_group|lambda")
"""Kinds whose `version` is software; elsewhere it may be a version of a document."""
_NAME = re.compile(r"^/name(/|$)")
_POLICY_DOCUMENT_KINDS = re.compile(
    r"kms|s3|sqs|sns|ecr|secret|opensearch|lambda|efs|backup_vault|iam|organizations|api"
)

_PRIVILEGE = re.compile(
    r"/securitycontext(/|$)|/hostpid(/|$)|/hostipc(/|$)|/hostnetwork(/|$)|/hostpath(/|$)|/hostusers(/|$)|"
    r"/runtimeclassname(/|$)|/capabilities(/|$)|/privileged(/|$)|/volumedevices(/|$)|shareprocessnamespace"
)


@lru_cache(maxsize=16384)
def plain_path(path: str) -> str:
    """The path in lower case without list positions; a slash at its end marks nothing."""
    return "".join(f"/{token}" for token in path.lower().split("/")[1:] if not token.isdigit())


@lru_cache(maxsize=16384)
def domain_of(path: str, kind: str, group: str, kubernetes: bool) -> str:
    """One of `verdict.DOMAINS`."""
    by_kind = domain_of_kind(kind, group, kubernetes)
    plain = plain_path(path)
    if not plain or plain == "/address":
        return by_kind
    if not kubernetes:
        return _stack_domain(plain, kind.lower(), by_kind)
    found = _first(_KUBERNETES_PATHS, plain)
    if found in ("workload", "data", "network", "artifact") and by_kind in ("identity", "secret", "policy"):
        # A Kyverno rule about `/image` is a guardrail; so is an admission webhook's `/rules/…`.
        return by_kind
    return found or by_kind


def _stack_domain(plain: str, kind: str, by_kind: str) -> str:
    found = _first(_STACK_PATHS, plain.replace("-", "_"))
    if found is None:
        # An object's own name is metadata, but the name of a DNS record is where it is reached.
        return "metadata" if _NAME.match(plain) and by_kind != "network" else by_kind
    if found == "artifact" and plain.startswith("/version") and not _PLATFORM_VERSION_KINDS.search(kind):
        return by_kind
    if found == "identity" and "/policy" in plain and not _POLICY_DOCUMENT_KINDS.search(kind):
        return by_kind
    if by_kind in ("identity", "policy") and found not in ("identity", "network", "secret", "metadata"):
        return by_kind
    if by_kind == "secret" and found in ("network", "artifact", "cost", "workload"):
        return by_kind
    if by_kind == "network" and found in ("secret", "artifact", "workload") and "certificate" not in plain:
        return by_kind
    if by_kind == "data" and found == "observability" and "retention" in plain and "log" not in plain:
        return by_kind
    if by_kind == "observability" and found in ("identity", "cost", "artifact", "workload"):
        return by_kind
    return found


def _first(rules: Iterable[tuple[str, re.Pattern[str]]], text: str) -> str | None:
    return next((domain for domain, pattern in rules if pattern.search(text)), None)


@lru_cache(maxsize=16384)
def privileged(path: str) -> bool:
    """Whether a workload field decides what a container may do to its host or to others."""
    return bool(_PRIVILEGE.search(plain_path(path)))


def most_serious(domains: Iterable[str]) -> str:
    """The first in the order of `verdict.DOMAINS`. At least one is needed."""
    return min(domains, key=DOMAINS.index)
