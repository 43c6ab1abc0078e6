"""What an object would be after Flux applied it: a server-side dry-run apply under the controller's own name.

The answer holds the server's defaults, and also every field that somebody else added and that Flux leaves alone. Those
are taken out again, so that they are seen for what they are: running, and declared by nobody.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ...clients.kube import KubeClient
from ...core.errors import BadAnswer, Forbidden, ReadOnly, SourceError
from ...core.ownership import ManagedFields
from ...core.pointers import MAX_DEPTH
from .places import Places

AT_ONCE = 6
MOST = 400
"""Objects of one unit that are asked about; of more, the rest is what the build says."""

_KEPT = frozenset({"apiVersion", "kind", "metadata", "name", "namespace"})


class Predicted(NamedTuple):
    documents: tuple[dict[str, Any], ...]
    """In the order asked: the answers, or the declared object where there was none."""
    asked: tuple[bool, ...]
    marks: tuple[Mapping[str, Any], ...]
    """Labels and annotations of the objects that run, as far as the answers tell."""
    gaps: tuple[str, ...]


class Predictor:
    def __init__(self, api: Callable[[], KubeClient], places: Places) -> None:
        self._api, self._places = api, places
        self._free = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, declared: Sequence[Mapping[str, Any]], manager: str) -> Predicted:
        """Never raises for a single object. After one refusal of a kind, others of it are not asked about."""
        refused: dict[tuple[str, str], str] = {}
        failed: list[str] = []
        strict: list[ReadOnly] = []
        marks: dict[int, Mapping[str, Any]] = {}

        async def one(document: Mapping[str, Any], number: int) -> dict[str, Any] | None:
            kind = (str(document.get("apiVersion")), str(document.get("kind")))
            async with self._free:
                if strict or kind in refused or number >= MOST:
                    return None
                try:
                    path, words = await self._places.of(document)
                    body = await self._api().dry_run_apply(path, document, manager=manager, permission=f"patch {words}")
                    answer = json.loads(body)
                    found = owned(answer, manager)
                    marks[number] = {name: answer["metadata"].get(name) or {} for name in ("labels", "annotations")}
                    return found
                except ReadOnly as error:
                    strict.append(error)
                except Forbidden as error:
                    refused[kind] = error.permission or kind[1]
                except (SourceError, ValueError) as error:
                    line = error.one_line() if isinstance(error, SourceError) else "the answer cannot be read"
                    name = (document.get("metadata") or {}).get("name")
                    failed.append(f"Dry-run apply of {kind[1]}/{name}: {line}")
                return None

        answers = await asyncio.gather(*(one(document, number) for number, document in enumerate(declared)))
        gaps = [*failed]
        if strict:
            gaps.append("No dry-run apply under --read-only=strict: the desired plane is the build itself.")
        if refused:
            rights = ", ".join(sorted(set(refused.values())))
            gaps.append(f"Dry-run applies are not permitted ({rights}): there the desired plane is the build itself.")
        if len(declared) > MOST:
            gaps.append(f"Only the first {MOST} of {len(declared)} objects were asked about with a dry-run apply.")
        return Predicted(
            tuple(dict(held) if answer is None else answer for held, answer in zip(declared, answers, strict=True)),
            tuple(answer is not None for answer in answers),
            tuple(marks.get(number, {}) for number in range(len(declared))),
            tuple(gaps),
        )


def owned(answer: Any, manager: str) -> dict[str, Any]:
    """`answer` without the fields that others hold and `manager` does not. What nobody holds stays: defaults. Raises
    `BadAnswer`."""
    if not isinstance(answer, dict) or not isinstance(answer.get("metadata"), dict):
        raise BadAnswer("The answer to a dry-run apply is no object")
    fields = ManagedFields(answer)

    def kept(value: Any, path: tuple[str, ...]) -> Any:
        if len(path) > MAX_DEPTH:
            raise BadAnswer("The answer to a dry-run apply is nested too deep")
        if isinstance(value, dict):
            return {
                name: kept(item, (*path, name))
                for name, item in value.items()
                if (path in ((), ("metadata",)) and name in _KEPT) or holds((*path, name))
            }
        if isinstance(value, list):
            return [kept(item, (*path, str(at))) for at, item in enumerate(value) if holds((*path, str(at)))]
        return value

    def holds(path: tuple[str, ...]) -> bool:
        managers = {owner.manager for owner in fields.at(path)}
        return not managers or manager in managers

    found: dict[str, Any] = kept(answer, ())
    found["metadata"].pop("managedFields", None)
    return found
