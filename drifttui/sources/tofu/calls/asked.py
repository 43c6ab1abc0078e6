"""One resource to be read, the questions about it, and small words that the readers share."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from ....clients.aws import Aws
from ....core.errors import BadAnswer, Forbidden, Missing, inert
from ....core.planes import UNKNOWN, Json
from ....core.redact import is_digest

Attributes = dict[str, Any]


class Asked:
    """What is recorded of one resource, and the calls about it in its region."""

    def __init__(self, aws: Aws, kind: str, recorded: Mapping[str, Any], region: str) -> None:
        self.kind, self.recorded, self.region = kind, recorded, region
        self._aws = aws
        self.gaps: list[str] = []
        """Further calls that were refused, in one line each."""

    def name(self, *attributes: str) -> str:
        """The first of these attributes that is recorded. Raises `BadAnswer` where none is."""
        for attribute in attributes:
            value = self.recorded.get(attribute)
            if isinstance(value, str) and value:
                return value
            if is_digest(value):
                raise BadAnswer(f"{attribute} of {self.kind} is a secret here", "", "Make a plan of the stack.")
        raise BadAnswer(f"The record does not say which {self.kind} it is", attributes[0], "Make a plan of the stack.")

    async def call(self, service: str, operation: str, **asked: Any) -> dict[str, Any]:
        return await self._aws.call(service, operation, asked, region=self.region)

    def pages(self, service: str, operation: str, marker: str, **asked: Any) -> AsyncIterator[dict[str, Any]]:
        return self._aws.pages(service, operation, asked, marker=marker, region=self.region)

    async def part(self, service: str, operation: str, **asked: Any) -> dict[str, Any] | None:
        """A part of a resource that is there: empty where it has none of it, None where nobody may look."""
        try:
            return await self.call(service, operation, **asked)
        except Missing:
            return {}
        except Forbidden as error:
            self.gaps.append(error.one_line())
            return None


Reading = Callable[[Asked], Awaitable[Attributes]]


def first(answer: Mapping[str, Any], key: str, what: str) -> dict[str, Any]:
    """The only item of a list. Raises `Missing` where it is empty."""
    items = answer.get(key) or ()
    if not items or not isinstance(items[0], dict):
        raise Missing("AWS does not have it", inert(what, 200))
    return dict(items[0])


def at(answer: Any, path: str) -> Any:
    """What is under `Placement.Tenancy`; None where a step is missing."""
    for step in path.split("."):
        answer = answer.get(step) if isinstance(answer, Mapping) else None
    return answer


def picked(answer: Mapping[str, Any], table: Mapping[str, str]) -> Attributes:
    """Attribute → what is under its path. A description that leaves a member out has none of it."""
    return {attribute: at(answer, path) for attribute, path in table.items()}


def truths(answer: Mapping[str, Any], table: Mapping[str, str]) -> Attributes:
    """The same for members that are left out where they are false."""
    return {attribute: bool(at(answer, path)) for attribute, path in table.items()}


def alike(found: Iterable[Any], held: Json) -> list[Any]:
    """The items of a set in the order of the record, new ones behind them."""
    items = list(found)
    if not isinstance(held, list):
        return items
    ordered = []
    for one in held:
        if one in items:
            items.remove(one)
            ordered.append(one)
    return [*ordered, *items]


def block(values: Mapping[str, Any] | None, held: Json) -> list[Any]:
    """A block of at most one: what the record has in it and the answer does not tell is unknown."""
    if values is None:
        return []
    old = held[0] if isinstance(held, list) and held and isinstance(held[0], dict) else None
    if old is None:
        return [{name: value for name, value in values.items() if value is not None}]
    return [{name: values.get(name, UNKNOWN) if name in values else _unsaid(old[name]) for name in old}]


def _unsaid(held: Json) -> Any:
    """Nothing is recorded there, and nothing was told: that is no news."""
    return held if held in (None, "", False, 0) or held == [] or held == {} else UNKNOWN


def policy_text(document: Any) -> str:
    """A policy as text: IAM answers with it encoded for addresses, the SDK with it decoded."""
    if isinstance(document, dict):
        return json.dumps(document)
    text = str(document or "")
    return unquote(text) if text.startswith("%") else text


def dotless(name: Any) -> str:
    return str(name or "").rstrip(".")
