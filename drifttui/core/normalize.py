"""When two different values mean the same. Each equality has a rule id, so that nothing disappears without a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from .redact import is_mask

_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30}))(?:([KMGTPE]i)|([numkMGTPE]?)|[eE]([+-]?[0-9]{1,2}))"
)

_DURATION = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?(?:ns|us|µs|ms|s|m|h))+")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?)(ns|us|µs|ms|s|m|h)")
_NANOSECONDS: Final = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}

_QUANTITY_MAPS: Final = frozenset(
    {"limits", "requests", "capacity", "hard", "overhead", "allocatable", "allocatedResources", "default"}
    | {"defaultRequest", "max", "min", "maxLimitRequestRatio", "used", "podFixed"}
)
_QUANTITY_FIELDS: Final = frozenset(
    {"cpu", "memory", "storage", "ephemeral-storage", "sizeLimit", "divisor", "averageValue"}
)
_INT_OR_STRING: Final = frozenset({"targetPort", "port", "maxSurge", "maxUnavailable", "minAvailable"})
_TEXT_MAPS: Final = frozenset(
    {"labels", "annotations", "matchLabels", "nodeSelector", "data", "stringData", "binaryData"}
)

_MEANS_SOMETHING_EMPTY: Final = frozenset(
    {"emptyDir", "podSelector", "namespaceSelector", "objectSelector", "labelSelector", "selector", "storageClassName"}
    | {"ingress", "egress", "from", "to", "defaultBackend", "automated"}
)
"""Fields whose empty value says something else than their absence: `podSelector: {}` is every pod."""


def quantity(value: Any) -> Fraction | None:
    """A Kubernetes quantity (apimachinery `resource.Quantity`) as a number; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = value if isinstance(value, str) else repr(value)
    found = _QUANTITY.fullmatch(text) if len(text) <= 70 else None
    if found is None:
        return None
    number, binary, decimal, exponent = found.groups()
    base = Fraction(number)
    if binary:
        return base * Fraction(1024 ** _BINARY[binary])
    power = int(exponent) if exponent else _DECIMAL[decimal or ""]
    return base * Fraction(10) ** power


def duration(value: Any) -> Fraction | None:
    """A duration as Go writes them (`1m0s`), in nanoseconds; None for what is none."""
    if not isinstance(value, str) or len(value) > 100 or not _DURATION.fullmatch(value):
        return None
    total = sum((Fraction(n) * _NANOSECONDS[unit] for n, unit in _DURATION_PART.findall(value)), Fraction(0))
    return -total if value[0] == "-" else total


def is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}


def same(left: Any, right: Any) -> bool:
    """Equality of JSON: `true` is not `1`, `1` is `1.0`, and NaN is itself."""
    kind = type(left)
    if kind is dict:
        return (
            type(right) is dict
            and len(left) == len(right)
            and all(key in right and same(value, right[key]) for key, value in left.items())
        )
    if kind is list:
        return type(right) is list and len(left) == len(right) and all(map(same, left, right))
    if left == right:
        return kind is type(right) or (kind is not bool and type(right) is not bool)
    return bool(left != left and right != right)  # NaN, which json.loads accepts.


def covers(declared: Any, found: Any) -> bool:
    """Whether `found` holds everything that `declared` does, and possibly more."""
    if type(declared) is dict and type(found) is dict:
        return all(key in found and covers(value, found[key]) for key, value in declared.items())
    if type(declared) is list and type(found) is list:
        return len(declared) == len(found) and all(map(covers, declared, found))
    return same(declared, found)


def is_text_map(tokens: Sequence[str], service: bool = False) -> bool:
    """Whether the object at this path maps free names to texts, so that each entry stands for itself."""
    last = tokens[-1] if tokens else ""
    if last in ("data", "stringData", "binaryData"):
        return len(tokens) == 1
    return last in _TEXT_MAPS or (service and list(tokens) == ["spec", "selector"])


def empty_is_absent(tokens: Sequence[str], value: Any, *, built_in: bool) -> bool:
    """Whether an empty value at this path says no more than no value.

    Null never does. Entries of text maps say that they exist. In custom resources an empty object can switch something
    on (`automated: {}`), so there only empty metadata counts as absent.
    """
    if value is None:
        return True
    if is_text_map(tokens[:-1]):
        return False
    if tokens[-1] in ("labels", "annotations", "finalizers", "ownerReferences") and tokens[-2:-1] == ["metadata"]:
        return True
    return built_in and tokens[-1] not in _MEANS_SOMETHING_EMPTY


def equality(left: Any, right: Any, tokens: Sequence[str], *, built_in: bool, secret: bool) -> str:
    """The rule under which two unequal values at one path mean the same; empty where they do not."""
    if is_empty(left) and is_empty(right):
        if left is None or right is None:
            return "null-equals-absent"
        return "empty-equals-absent" if built_in else ""
    if (secret or isinstance(left, dict) or isinstance(right, dict)) and (is_mask(left) or is_mask(right)):
        masks = isinstance(left, str) and isinstance(right, str) and left[:1] == right[:1] == "+"
        return "" if masks else "masked-value"
    if isinstance(left, (dict, list)) or isinstance(right, (dict, list)):
        return ""
    return _spelling(left, right, tokens, built_in=built_in)


def _spelling(left: Any, right: Any, tokens: Sequence[str], *, built_in: bool) -> str:
    last, parent = tokens[-1] if tokens else "", tokens[-2] if len(tokens) > 1 else ""
    if any(token in ("labels", "annotations") for token in tokens) or tokens[0] in ("data", "stringData", "binaryData"):
        return ""
    if parent in _QUANTITY_MAPS or last in _QUANTITY_FIELDS or (built_in and parent == "target" and last == "value"):
        number = quantity(left)
        if number is not None and number == quantity(right):
            return "quantity"
    if built_in and last in _INT_OR_STRING and {type(left), type(right)} == {int, str} and str(left) == str(right):
        return "int-or-string"
    if not built_in:
        length = duration(left)
        if length is not None and length == duration(right):
            return "duration"
    return ""
