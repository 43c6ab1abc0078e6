"""Differences between recorded and actual that are no drift, each under a rule that has a name.

A plan carries no schema: whether a list is a set, or whether an attribute is computed, must be read off names and off
the configuration. A rule therefore acts only where the name leaves no doubt; everything else stays a change.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from .normalize import same
from .planes import ABSENT, Json, Mark
from .redact import is_digest
from .terraform_policy import normal_form, parsed


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RULES: Final[Mapping[str, str]] = {
    "terraform-json-spelling": "Two texts hold the same JSON; white space and the order of keys differ.",
    "terraform-policy-spelling": "Two access policies grant the same: order of statements, actions, resources and "
    "principals, a list of one instead of a text, an account number instead of its root.",
    "terraform-set-order": "The same items in another order, in a list that providers treat as a set.",
    "terraform-null-equals-absent": "Null in one plane, absent in the other.",
    "terraform-empty-equals-null": 'An attribute is null in one plane and "", [] or {} in the other.',
    "terraform-scalar-spelling": "One number or truth value, once as text and once as itself.",
    "terraform-computed-time": "A time at which the provider last saw or touched the object; the configuration does "
    "not set it.",
    "terraform-computed-version": "An etag, fingerprint or resource version that changes with every write to the "
    "object; the configuration does not set it, and it is no digest of content.",
    "terraform-derived-id": "The id repeats another attribute whose change is hidden.",
    "terraform-only-in-state": "A setting of the provider's own behaviour, such as force_destroy: nothing in AWS holds "
    "it, so that a direct read cannot find it changed.",
    "terraform-no-value-differs": "Listed as drifted, and no value differs: a change of type, of marks or of the "
    "provider's schema.",
}

_SETS: Final = re.compile(
    r"(?:.*_)?(?:security_groups|security_group_ids|subnets|subnet_ids|availability_zones|zone_ids|"
    r"cidr_blocks|cidrs|prefix_list_ids|route_table_ids|source_ranges|destination_ranges|source_tags|target_tags|"
    r"members|policy_arns|load_balancers|target_group_arns|vpc_zone_identifier|oauth_scopes|scopes|"
    r"source_address_prefixes|destination_address_prefixes|source_port_ranges|destination_port_ranges|"
    r"subject_alternative_names|alarm_actions|ok_actions|insufficient_data_actions|topics|ingress|egress|"
    r"allowed_account_ids|aliases|allowed_methods|cached_methods|allowed_headers|"
    r"allowed_origins|expose_headers|roles|groups|users|permissions|tags|requires_compatibilities|enabled_cloudwatch_logs_exports)"
)
"""Names of lists in which no provider gives the position a meaning."""

_TIMES: Final = _words(
    """last_modified last_modified_at last_modified_date last_modified_time last_modified_timestamp last_updated
    last_updated_at last_updated_date last_updated_time last_update_time last_update update_time update_timestamp
    updated_at updated_on updated_time updated_date date_updated modified_at modified_on modified_time modified_date
    date_modified latest_restorable_time latest_restorable_timestamp last_seen last_seen_at last_used last_used_at
    last_used_date last_accessed last_access_time last_login last_login_at last_activity_at
    last_heartbeat last_sync_time last_synced_at"""
)
_VERSIONS: Final = _words(
    "etag e_tag metadata_fingerprint tags_fingerprint label_fingerprint resource_version change_token lock_token"
)
_CONTENT: Final = re.compile(
    r".*(?:_object|_object_copy|_blob|_file|_archive_file|_contents?|_item|_certificate)(?:_v\d+)?"
)
"""Types whose etag is the digest of their content: there it is the only sign that the content changed."""

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*|\d{9,19}|(?:[A-Z][a-z]{2},? )+.*\d\d:\d\d:\d\d.*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_VOLATILE_PLACES: Final = re.compile(r"metadata/0/(resource_version|generation)")


def equality(left: Json | Mark, right: Json | Mark, tokens: Sequence[str]) -> str:
    """The rule under which two unequal values at one path mean the same; empty where they do not.

    `tokens` is the path from the top of the resource. Containers are equal when all their parts are.
    """
    if _nothing(left) and _nothing(right):
        return "terraform-null-equals-absent"
    if (_nothing(left) and _empty(right)) or (_empty(left) and _nothing(right)):
        return "terraform-empty-equals-null" if _own_attribute(tokens) else ""
    if is_digest(left) or is_digest(right):
        return ""
    if isinstance(left, str) and isinstance(right, str):
        return _texts(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        keys = dict.fromkeys((*left, *right))
        return _all([(left.get(key, ABSENT), right.get(key, ABSENT), (*tokens, key)) for key in keys])
    if isinstance(left, list) and isinstance(right, list):
        return _lists(left, right, tokens)
    if isinstance(left, str) != isinstance(right, str):
        return "terraform-scalar-spelling" if _same_scalar(left, right) or _same_scalar(right, left) else ""
    return ""


def computed(
    left: Json | Mark, right: Json | Mark, tokens: Sequence[str], kind: str, configured: Collection[str]
) -> str:
    """The rule for a value that the provider computes anew; empty for every other.

    `kind` is the resource type, `configured` the attributes that the configuration sets, with what is in their blocks
    where it is a mapping.
    """
    if not tokens or _is_configured(tokens, configured) or is_digest(left) or is_digest(right):
        return ""
    place = "/".join(tokens)
    if _VOLATILE_PLACES.fullmatch(place):
        return "terraform-computed-version"
    if len(tokens) > 1:
        return ""
    if place in _TIMES and _is_time(left) and _is_time(right):
        return "terraform-computed-time"
    # Google's fingerprint guards concurrent writes; that of a key pair or certificate is its identity.
    version = place in _VERSIONS or (place == "fingerprint" and kind.startswith("google_"))
    if version and isinstance(left, str) and isinstance(right, str) and not _CONTENT.fullmatch(kind):
        return "terraform-computed-version"
    return ""


def _is_configured(tokens: Sequence[str], configured: Collection[str]) -> bool:
    """A block may be there without the attribute in it that the provider computes: `metadata` of Kubernetes objects."""
    if tokens[0] not in configured:
        return False
    held: Any = configured[tokens[0]] if isinstance(configured, Mapping) else None
    for token in tokens[1:]:
        if isinstance(held, list):
            at = int(token) if token.isdigit() else len(held)
            held = held[at] if at < len(held) else None
            continue
        if not isinstance(held, dict) or "constant_value" in held or "references" in held:
            return True  # Set as a whole, or nobody can tell.
        if token not in held:
            return False
        held = held[token]
    return True


def is_set_like(tokens: Sequence[str]) -> bool:
    """Whether the order of the list at this path means nothing, going by its name."""
    name = next((token for token in reversed(tokens) if not token.isdigit()), "")
    return _SETS.fullmatch(name) is not None


def _nothing(value: Json | Mark) -> bool:
    return value is None or value is ABSENT


def _empty(value: Json | Mark) -> bool:
    return isinstance(value, (str, list, dict)) and not value


def _own_attribute(tokens: Sequence[str]) -> bool:
    """An attribute of a resource or block, and no entry of a map, where an empty text says that the entry exists."""
    return len(tokens) == 1 or (len(tokens) > 1 and tokens[-2].isdigit())


def _all(parts: list[tuple[Json | Mark, Json | Mark, tuple[str, ...]]]) -> str:
    """The first rule that was needed, where every part is equal under some rule."""
    needed = ""
    for left, right, tokens in parts:
        if left is right or same(left, right):
            continue
        rule = equality(left, right, tokens)
        if not rule:
            return ""
        needed = needed or rule
    return needed


def _lists(left: list[Any], right: list[Any], tokens: Sequence[str]) -> str:
    if len(left) != len(right):
        return ""
    if is_set_like(tokens) and Counter(map(_dump, left)) == Counter(map(_dump, right)):
        return "terraform-set-order"
    return _all([(one, other, (*tokens, str(at))) for at, (one, other) in enumerate(zip(left, right, strict=True))])


def _texts(left: str, right: str) -> str:
    one, other = parsed(left), parsed(right)
    if one is None or other is None:
        return ""
    if same(one, other):
        return "terraform-json-spelling"
    policy = normal_form(one)
    return "terraform-policy-spelling" if policy is not None and policy == normal_form(other) else ""


def _same_scalar(text: Json | Mark, value: Json | Mark) -> bool:
    if not isinstance(text, str):
        return False
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, int):
        return _NUMBER.fullmatch(text) is not None and text == str(value)
    return isinstance(value, float) and text == repr(value)


def _is_time(value: Json | Mark) -> bool:
    if isinstance(value, bool) or value == "":
        return False
    return value is None or (isinstance(value, (int, str)) and _TIME.fullmatch(str(value)) is not None)


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
