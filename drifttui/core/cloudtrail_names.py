"""The names of one AWS resource in CloudTrail records: ids, names, ARNs and Terraform's composite ids.

Records are not consistent: the same role is a name in one call and an ARN in the next, a hosted zone comes with and
without `/hostedzone/`, an answer holds the id that the request could not know. So both sides are spread into every form
and compared whole, never as parts of longer words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from .errors import InputError

_ADDRESS: Final = re.compile(
    r"(?:module\.[^.\[]+(?:\[[^\]]*\])?\.)*(?:data\.)?(?P<type>[a-z][a-z0-9_]*)\.(?P<name>[\w-]+)(?:\[(?P<key>[^\]]*)\])?"
)
_SECRET_SUFFIX: Final = re.compile(r"-[A-Za-z0-9]{6}$")
_STRINGS: Final = 4000
"""Texts of one record that are looked at; a record of CloudTrail is 256 KB at most."""


class Wanted(NamedTuple):
    """One way to name the resource: a record that has one text of every set names it."""

    given: str
    parts: tuple[frozenset[str], ...]
    account: str = ""
    """The account of an ARN; empty where it names none."""


def parse_address(address: str) -> tuple[str, str, str]:
    """Type, name and index key of a Terraform address. Raises `InputError`."""
    found = _ADDRESS.fullmatch(address.strip())
    if found is None:
        raise InputError(f"{address} is no resource address", hint="Write it as in aws_security_group.app.")
    return found["type"], found["name"], (found["key"] or "").strip("\"'")


def wanted_names(ids: Sequence[str], kind: str) -> list[Wanted]:
    """Every id, name or ARN that was given, with the parts of the composite ids that Terraform makes up."""
    found = []
    for given in ids:
        text = given.strip()
        if not text:
            continue
        found.append(Wanted(given, (aliases(text),), _account(text)))
        parts = composite(text, kind)
        if parts:
            found.append(Wanted(given, tuple(aliases(part) for part in parts), _account(parts[-1])))
    return found


def _account(text: str) -> str:
    """Empty for ARNs of things that AWS itself keeps, and of buckets, which name no account."""
    account = text.split(":")[4] if text.startswith("arn:") and text.count(":") >= 5 else ""
    return account if account.isdigit() else ""


def composite(text: str, kind: str) -> list[str]:
    """The parts of an id that Terraform made up; empty for one that AWS gave.

    `role:policy`, `cluster:nodegroup`, `role/arn:…`, `bucket,private`, `Z123_www.example.com_A`.
    """
    if kind == "aws_route53_record" and "_" in text:
        zone, _, rest = text.partition("_")
        name = re.sub(r"_[A-Z]{1,6}(?:_.*)?$", "", rest)
        return [zone, name]
    if text.startswith("arn:"):
        return []
    head, found, tail = text.partition("/arn:")
    if found:
        return [head, "arn:" + tail]
    if kind.startswith("aws_s3_bucket") and "," in text:
        return [text.partition(",")[0]]
    parts = [part for part in re.split(r"[:,|]", text) if part]
    if kind == "aws_autoscaling_attachment" or not 1 < len(parts) <= 3 or "://" in text:
        return []
    return parts


def aliases(text: str) -> frozenset[str]:
    """Every form of one text, in lower case: AWS compares most names so, and none differ by case alone in practice."""
    return frozenset(each.lower() for each in forms(text))


def forms(text: str) -> set[str]:
    """Every form of one text as it is written."""
    text = text.strip().rstrip(".")
    found = {text}
    if text.startswith("arn:") and text.count(":") >= 5:
        found |= set(_of_arn(text.split(":", 5)[5]))
    elif text.startswith(("/hostedzone/", "hostedzone/", "/change/")) or text.startswith("https://sqs."):
        found.add(text.rpartition("/")[2])
    elif text.startswith("alias/"):
        found.add(text.partition("/")[2])
    if text.endswith(":*"):
        found.add(text[:-2])
    return {each for each in found if each}


def _of_arn(resource: str) -> Iterator[str]:
    """`role/path/name`, `function:name:7`, `secret:name-AbCdEf`, `log-group:/aws/x:*`, `targetgroup/name/0123abcd`."""
    yield resource
    kind, colon, rest = resource.partition(":")
    if colon and "/" not in kind:
        rest = rest.removesuffix(":*")
        yield rest
        if kind == "secret":
            yield _SECRET_SUFFIX.sub("", rest)
        elif kind in ("function", "layer"):
            yield rest.partition(":")[0]
        elif kind == "log-group":
            yield rest.partition(":log-stream")[0]
        elif ":" in rest:
            yield rest.rpartition(":")[2]
        return
    if "/" in resource:
        kind, _, rest = resource.partition("/")
        yield rest
        yield resource.rpartition("/")[2]
        parts = rest.split("/")
        if kind == "targetgroup":
            yield parts[0]
        elif kind == "loadbalancer":
            yield parts[-2] if len(parts) > 1 else rest
        elif kind in ("nodegroup", "addon", "service"):
            yield from parts[:2]


def texts_of(*values: Any) -> frozenset[str]:
    """Every form of every text in a part of a record."""
    found: set[str] = set()
    for number, text in enumerate(_texts(values)):
        if number >= _STRINGS:
            break
        found |= aliases(text)
    return frozenset(found)


def _texts(values: Iterable[Any]) -> Iterator[str]:
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if 0 < len(value) <= 2048:
                yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)


def matched(wanted: Sequence[Wanted], texts: frozenset[str], account: str | None) -> frozenset[str]:
    """Which of the given ids the texts name, leaving out ARNs of another account."""
    return frozenset(
        each.given
        for each in wanted
        if all(part & texts for part in each.parts) and not (each.account and account and each.account != account)
    )
