"""Whether two values of one field mean the same in another spelling.

Sameness is judged by the field, not by the values alone: `1000m` is `1` as a CPU amount and nothing of the kind as an
environment variable. Where a field is not known to be read leniently, only the same JSON is the same value.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import classify_scalars as scalars
from .planes import ABSENT, UNKNOWN, Json, Mark
from .pointers import MAX_DEPTH


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_QUANTITY_WORDS = _words(
    "cpu memory storage ephemeral-storage limits requests hard capacity sizelimit averagevalue targetaveragevalue "
    "divisor minallowed maxallowed allocatable overhead"
)
_DURATION_PARTS = (
    "interval", "timeout", "duration", "period", "ttl", "window", "renewbefore", "delay", "backoff", "age", "retention",
    "deadline", "every",
)  # fmt: skip
_RAW = _words("env command args data stringdata binarydata environment variables user_data entrypoint")
"""Below these every byte reaches a program as it is."""
_ORDERED = _words(
    "command args entrypoint initcontainers init_containers http tls tcp routes route middlewares filters plugins "
    "pipeline stages steps ordered_cache_behavior cachebehaviors searches nameservers default_action "
    "default_actions defaultactions actions backends providers chain order patches transforms processors"
)
_CASELESS = _words(
    "protocol ip_protocol ipprotocol identifier cluster_identifier db_cluster_identifier dbinstanceidentifier "
    "replication_group_id engine engine_mode storage_type sku sku_name sku_tier tier location effect direction "
    "access viewer_protocol_policy origin_protocol_policy hostname host hosts domain domain_name domain_names "
    "aliases fqdn cname dnsname dns_name records mac mac_address thumbprint thumbprint_list fingerprint"
)
_HOSTISH = ("host", "domain", "dns", "fqdn", "cname", "alias", "record", "zone", "nameserver", "endpoint", "target")
_EMPTY_MAP = _words(
    "labels annotations tags tags_all securitycontext resources nodeselector strategy status matchlabels metadata"
)
_KEYED = _words(
    "data stringdata binarydata labels annotations matchlabels nodeselector tags tags_all variables environment"
)
"""Maps in which an entry with an empty text is not the same as no entry."""
_POLICY_WORDS = (
    "policy", "policydocument", "assume_role_policy", "assumerolepolicydocument", "statement", "access_policies",
    "inline_policy",
)  # fmt: skip
_RBAC = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
_PAIRS = ((2, 40), (6, 12))
"""Down to which depth how many items of two lists are matched each with each. Nested lists multiply, so deeper ones are
compared in order or as they are."""


class Field(NamedTuple):
    """Where a value stands. `tokens` are lower case."""

    tokens: tuple[str, ...]
    kind: str
    kubernetes: bool
    names_resolve: bool = True
    """False where a name from another account must not pass for ours: identity and trust."""
    depth: int = 0

    def child(self, key: str) -> Field:
        return self._replace(tokens=(*self.tokens, key.lower()), depth=self.depth + 1)

    @property
    def last(self) -> str:
        return next((token for token in reversed(self.tokens) if not token.isdigit()), "")

    def within(self, words: frozenset[str]) -> bool:
        return not words.isdisjoint(self.tokens)

    @property
    def raw(self) -> bool:
        return self.within(_RAW) and not self.in_policy

    @property
    def in_policy(self) -> bool:
        return not self.kubernetes and any(token.endswith(_POLICY_WORDS) for token in self.tokens)

    @property
    def ordered(self) -> bool:
        if self.in_policy:
            return False
        if self.last == "rules":
            return self.kind not in _RBAC
        return self.within(_ORDERED)


def literal(left: Json | Mark, right: Json | Mark) -> bool:
    """The same JSON. True is not 1, but 1 is 1.0."""
    if isinstance(left, Mark) or isinstance(right, Mark):
        return left is right
    if isinstance(left, Mapping):
        return (
            isinstance(right, Mapping)
            and len(left) == len(right)
            and all(key in right and literal(value, right[key]) for key, value in left.items())
        )
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(literal, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right) and isinstance(left, str) == isinstance(right, str)


def alike(left: Json | Mark, right: Json | Mark, field: Field) -> bool:
    """The same value, perhaps in another spelling. An unknown value is like nothing."""
    if left is UNKNOWN or right is UNKNOWN:
        return False
    if literal(left, right):
        return True
    if field.depth > MAX_DEPTH or _digest(left) or _digest(right):
        return False
    if (nothing := _empty(left, field)) or _empty(right, field):
        return nothing and _empty(right, field)
    if isinstance(left, str) and isinstance(right, str):
        return _texts(left, right, field)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return _mappings(left, right, field)
    if isinstance(left, list) and isinstance(right, list):
        return _lists(left, right, field)
    return _mixed(left, right, field) or _mixed(right, left, field)


def _digest(value: Json | Mark) -> bool:
    return isinstance(value, Mapping) and set(value) == {"digest"}


def _empty(value: Json | Mark, field: Field) -> bool:
    if value is ABSENT or value is None:
        return True
    if value == "":
        return field.last != "storageclassname" and not any(token in _KEYED for token in field.tokens[:-1])
    if isinstance(value, list):
        return not value
    return isinstance(value, Mapping) and not value and field.last in _EMPTY_MAP


def _mixed(left: Any, right: Any, field: Field) -> bool:
    """Values of two types."""
    if field.raw:
        return False
    if left == "*" and field.last == "principal":
        return bool(right == {"AWS": "*"})
    if isinstance(left, list):
        if len(left) == 1 and not field.kubernetes and alike(left[0], right, field):
            return True
        if isinstance(right, Mapping) and field.last in ("tags", "tags_all"):
            pairs = _pairs(left)
            return pairs is not None and alike(pairs, right, field)
    if isinstance(left, str):
        if isinstance(right, (Mapping, list)):
            parsed = _parsed(left)
            return parsed is not None and alike(parsed, right, field)
        if isinstance(right, bool):
            return left.strip().lower() == ("true" if right else "false")
        if isinstance(right, (int, float)):
            return _text_and_number(left, right, field)
    return False


def _text_and_number(text: str, number: int | float, field: Field) -> bool:
    if "protocol" in field.last:
        return scalars.protocol(text) == scalars.protocol(number)
    if "version" in field.last or field.last in ("tag", "revision"):
        return isinstance(number, int) and text == str(number)
    if (amount := scalars.plain_number(text)) is not None:
        return amount == scalars.plain_number(str(number))
    amount = scalars.quantity(text) if field.within(_QUANTITY_WORDS) else None
    return amount is not None and amount == scalars.quantity(str(number))


def _texts(left: str, right: str, field: Field) -> bool:
    if field.raw:
        return False
    last = field.last
    if left.strip() == right.strip():
        return True
    if field.within(_QUANTITY_WORDS) and (amount := scalars.quantity(left)) is not None:
        return amount == scalars.quantity(right)
    if any(part in last for part in _DURATION_PARTS) and (length := scalars.duration(left)) is not None:
        return length == scalars.duration(right)
    if "protocol" in last and scalars.protocol(left) == scalars.protocol(right):
        return True
    if last in ("image", "imageid"):
        return scalars.image(left) == scalars.image(right)
    if left.casefold() == right.casefold():
        if left.lower() in ("true", "false") or (last in _CASELESS and not field.kubernetes):
            return True
        if field.in_policy and last in ("action", "notaction"):
            return True
    if scalars.is_host(left) and scalars.is_host(right) and any(part in last for part in (*_HOSTISH, "name", "value")):
        if field.kubernetes and not any(part in last for part in _HOSTISH):
            return False
        return scalars.host(left) == scalars.host(right)
    if field.in_policy and _principal(left, field) == _principal(right, field):
        return True
    resolve = field.names_resolve and not field.in_policy and not field.kubernetes
    if scalars.same_identifier(left, right, resolve_names=resolve):
        return True
    if scalars.same_address(left, right) or scalars.same_instant(left, right):
        return True
    if left[:1] in "{[" and right[:1] in "{[":
        first, second = _parsed(left), _parsed(right)
        return first is not None and second is not None and alike(first, second, field.child("{}"))
    return False


def _principal(value: str, field: Field) -> str:
    """An account as AWS principal may be written as its number or as the ARN of its root."""
    if field.last == "aws" and len(value) == 12 and value.isdigit():
        return f"arn:aws:iam::{value}:root"
    return value


def _parsed(text: str) -> Any:
    if text[:1] not in "{[" or len(text) > 1_000_000:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _pairs(items: list[Any]) -> dict[str, Any] | None:
    """`[{Key: a, Value: b}]` as a map; None where the list is not of that form."""
    pairs: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, Mapping):
            return None
        low = {str(key).lower(): value for key, value in item.items()}
        if not isinstance(low.get("key"), str) or low["key"] in pairs:
            return None
        pairs[low["key"]] = low.get("value", "")
    return pairs


def _mappings(left: Mapping[str, Any], right: Mapping[str, Any], field: Field) -> bool:
    return all(alike(left.get(key, ABSENT), right.get(key, ABSENT), field.child(str(key))) for key in {**left, **right})


def _lists(left: list[Any], right: list[Any], field: Field) -> bool:
    """Order does not count unless the field is known to be read in order."""
    if len(left) != len(right):
        return False
    if field.ordered or (field.raw and not _named(left)):
        return all(alike(first, second, field.child("0")) for first, second in zip(left, right, strict=True))
    keys = Counter(_dump(item) for item in right)
    rest_left = []
    for item in left:
        key = _dump(item)
        if keys[key]:
            keys[key] -= 1
        else:
            rest_left.append(item)
    rest_right = []
    for item in right:
        key = _dump(item)
        if keys[key]:
            keys[key] -= 1
            rest_right.append(item)
    below = field.child("0")
    left_over = [(one, other) for one, other in zip(rest_left, rest_right, strict=True) if not alike(one, other, below)]
    if len(left_over) > next((most for depth, most in _PAIRS if field.depth <= depth), 0):
        return False
    rest_right = [other for _, other in left_over]
    for one, _ in left_over:
        position = next((at for at, other in enumerate(rest_right) if alike(one, other, below)), None)
        if position is None:
            return False
        del rest_right[position]
    return True


def _named(items: list[Any]) -> bool:
    """Environment entries by name; their order matters only where one refers to another."""
    return all(isinstance(item, Mapping) and "name" in item for item in items) and "$(" not in _dump(items)


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
