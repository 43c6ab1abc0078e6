"""Spellings of single values: numbers, quantities, durations, names and addresses that mean the same.

Sources of the formats: Kubernetes `resource.Quantity`, Go `time.ParseDuration`, RFC 4291 and RFC 4632 for addresses,
the IANA protocol numbers, the ARN format of AWS and Docker's reference grammar.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from ipaddress import ip_address, ip_network

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)")
_SUFFIX = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10) ** 3, "M": Decimal(10) ** 6, "G": Decimal(10) ** 9, "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15, "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10, "Mi": Decimal(2) ** 20, "Gi": Decimal(2) ** 30, "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50, "Ei": Decimal(2) ** 60,
}  # fmt: skip

_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)")
_SECONDS = {
    "ns": Decimal("1e-9"), "us": Decimal("1e-6"), "µs": Decimal("1e-6"), "ms": Decimal("1e-3"),
    "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400), "w": Decimal(604800),
}  # fmt: skip

_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?")
_HOST = re.compile(r"(?=[^.]*[a-z])[a-z0-9_*-]+(?:\.[a-z0-9_-]+)+\.?", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ARN = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws)?:(.+)")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")

_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "50": "esp", "51": "ah", "58": "icmpv6", "132": "sctp", "-1": "all"}
_PROTOCOL_WORDS = {"ipv6-icmp": "icmpv6", "any": "all", "*": "all"}


@lru_cache(maxsize=4096)
def quantity(text: str) -> Decimal | None:
    """The amount of a Kubernetes quantity; None where the text is none."""
    if len(text) > 40 or not (found := _QUANTITY.fullmatch(text.strip())):
        return None
    number, exponent, suffix = found.groups()
    return Decimal(number + (exponent or "")) * _SUFFIX[suffix or ""]


@lru_cache(maxsize=4096)
def duration(text: str) -> Decimal | None:
    """Seconds of `1h30m`; None where the text is no duration. A bare number is none: its unit is unknown."""
    text = text.strip()
    parts = _DURATION_PART.findall(text) if len(text) <= 40 else []
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum((Decimal(number) * _SECONDS[unit] for number, unit in parts), Decimal(0))


def plain_number(text: str) -> Decimal | None:
    """A decimal number without leading zeros, so that account ids and versions are not taken for numbers."""
    text = text.strip()
    return Decimal(text) if len(text) <= 64 and _PLAIN_NUMBER.fullmatch(text) else None


def protocol(value: object) -> str:
    """The name of an IP protocol given by name or number."""
    text = str(value).strip().lower()
    return _PROTOCOLS.get(text) or _PROTOCOL_WORDS.get(text) or text


def is_host(text: str) -> bool:
    return len(text) <= 254 and bool(_HOST.fullmatch(text))


def host(text: str) -> str:
    """A DNS name without the root's dot; names compare without case (RFC 4343)."""
    return text.rstrip(".").lower()


def same_address(left: str, right: str) -> bool:
    """The same IP address or network. Bits behind the prefix do not count: no cloud keeps them."""
    if not (left[:1] in "0123456789abcdefABCDEF:" and right[:1] in "0123456789abcdefABCDEF:"):
        return False
    if not (("." in left or ":" in left) and ("." in right or ":" in right)):
        return False
    try:
        if "/" in left or "/" in right:
            return ip_network(left, strict=False) == ip_network(right, strict=False)
        return ip_address(left) == ip_address(right)
    except ValueError:
        return False


def same_instant(left: str, right: str) -> bool:
    if not (_TIME.match(left) and _TIME.match(right)):
        return False
    try:
        first, second = datetime.fromisoformat(left), datetime.fromisoformat(right)
    except ValueError:
        return False
    return (first.tzinfo is None) == (second.tzinfo is None) and first == second


def same_identifier(left: str, right: str, *, resolve_names: bool) -> bool:
    """UUIDs and Azure ids in another case, an ARN with or without `:*`, a key by ARN or by its UUID.

    With `resolve_names` an ARN also equals the bare name at its end. That is only safe where another account's object
    of the same name could not be meant; a principal is never resolved.
    """
    if left.casefold() == right.casefold():
        azure = left[:15].casefold() == "/subscriptions/"
        return azure or bool(_UUID.fullmatch(left))
    if left.removesuffix(":*") == right.removesuffix(":*") and left.startswith("arn:") and right.startswith("arn:"):
        return True
    if left.startswith("arn:") == right.startswith("arn:"):
        return _same_group(left, right)
    arn, name = (left, right) if left.startswith("arn:") else (right, left)
    found = _ARN.fullmatch(arn)
    if not found or not name or (found.group(1) == "iam" and not resolve_names):
        return False
    resource = found.group(4)
    tail = re.split(r"[/:]", resource)[-1]
    if _UUID.fullmatch(name):
        return tail.casefold() == name.casefold()
    return resolve_names and name in (resource, tail)


def _same_group(left: str, right: str) -> bool:
    """A security group with or without its owner's account in front: `111122223333/sg-0a1b`."""
    long, short = (left, right) if len(left) > len(right) else (right, left)
    return short.startswith("sg-") and re.fullmatch(r"\d{12}/" + re.escape(short), long) is not None


def image(text: str) -> str:
    """An image reference with the registry, the library and the tag that Docker assumes where they are left out."""
    name, at, digest = text.partition("@")
    first, slash, rest = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif not ("." in first or ":" in first or first == "localhost"):
        name = f"docker.io/{name}"
    elif first == "index.docker.io":
        name = f"docker.io/{rest}"
    if not at and ":" not in name.rsplit("/", 1)[-1]:
        name += ":latest"
    return name + at + digest
