"""One object's calls in order, each with the fields that it really changed as far as the log tells.

Two consecutive full answers of the API server, held against each other, say exactly what a call changed, whatever it
asked for: that finds no-ops, fields that admission added, and the one field that a whole-object update moved. Where the
answer before is not in the log, the body of the request says what was asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from .audit_kubernetes import READS, KubernetesCall, Outcome, is_final
from .audit_paths import REPLICAS, is_noise, requested
from .field_paths import Path, Written, differences, value_at
from .planes import ABSENT, UNKNOWN
from .resource_question import ResourceQuestion
from .schema import Shape, is_built_in, shape_of

_OBJECT_SUBRESOURCES: Final = frozenset(
    {"", "scale", "ephemeralcontainers", "resize", "binding", "eviction", "finalize"}
)
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


class Step(NamedTuple):
    """One call that took effect."""

    call: KubernetesCall
    written: tuple[Written, ...] | None
    """None: the log does not say which fields. The empty path is the whole object, created or deleted."""
    compared: bool = False
    """By two answers of the server; otherwise by the request alone."""
    possible: tuple[Written, ...] = ()
    """Fields that differ from the last known state although this call did not name them: a call between the two is
    missing from the log, and either made them."""
    asked: frozenset[Path] = frozenset()
    """Fields that the request named, where it is known."""
    document: Any = None
    """The object after the call, else the last known state: it turns keys into positions."""

    @property
    def whole(self) -> bool:
        return bool(self.written) and self.written is not None and self.written[0].path == ()


class History(NamedTuple):
    steps: tuple[Step, ...]
    aside: Mapping[str, Mapping[str, int]]
    """Why calls are not to blame → who made them → how many."""
    last: Any
    """The last full state that the log shows; None where it shows none."""
    shape: Shape
    guess: bool
    unfinished: int = 0
    """Calls whose end is not in the log."""


def history_of(
    question: ResourceQuestion, calls: Iterable[KubernetesCall], live: Any = None, *, status: bool = False
) -> History:
    """`status` keeps status-only writes, for a question about a field below `/status`. Calls may come in any order."""
    aside: dict[str, Counter[str]] = {}
    finished = _once([call for call in calls if _is_target(question, call)], aside)
    shape, guess = _shape(question, finished, live)
    reading = _Reading(question.name, shape, guess, aside, status)
    unfinished = 0
    for call in finished:
        if not is_final(call):
            unfinished += call.verb not in READS
        else:
            reading.take(call)
    return History(tuple(reading.steps), aside, reading.state, shape, guess, unfinished)


def _is_target(question: ResourceQuestion, call: KubernetesCall) -> bool:
    if question.is_about(call):
        return True
    return call.verb == "deletecollection" and question.same_kind(call) and question.same_namespace(call)


def _once(calls: list[KubernetesCall], aside: dict[str, Counter[str]]) -> list[KubernetesCall]:
    """One event per audit id, the final one where there is one, in the order in which they were received."""
    chosen: dict[str, KubernetesCall] = {}
    anonymous = []
    for call in calls:
        held = chosen.get(call.audit_id) if call.audit_id else None
        if not call.audit_id:
            anonymous.append(call)
        elif held is None or (not is_final(held) and is_final(call)):
            chosen[call.audit_id] = call
        elif is_final(held) and is_final(call):
            if held.code is None and held.received is None:
                chosen[call.audit_id] = call
            aside.setdefault("logged twice", Counter())[call.actor] += 1
    return _committed(sorted([*chosen.values(), *anonymous], key=lambda call: call.received or _EARLIEST))


def _committed(calls: list[KubernetesCall]) -> list[KubernetesCall]:
    """In the order in which the calls took effect: by the resource versions of their answers, which etcd counts up.

    A call may be received before another and take effect after it. What has no version keeps its place by time.
    """
    places = [(number, version) for number, call in enumerate(calls) if (version := _effect(call)) is not None]
    found = list(calls)
    for (place, _), (source, _) in zip(places, sorted(places, key=lambda each: each[1]), strict=True):
        found[place] = calls[source]
    return found


def _effect(call: KubernetesCall) -> int | None:
    """A dry run answers with the version that it met, so it has none of its own."""
    return None if call.dry_run or call.verb in READS else _version(call.response)


def _shape(question: ResourceQuestion, calls: list[KubernetesCall], live: Any) -> tuple[Shape, bool]:
    group, kind = question.group, question.kind
    for document in (live, *(call.response for call in calls[-20:]), *(call.request for call in calls[-20:])):
        held = document.get("kind") if isinstance(document, dict) else None
        if isinstance(held, str) and held.lower() == kind.lower():
            kind = held
            break
    if group is None:
        group = next((call.group for call in calls), "")
    return shape_of(group, kind), not is_built_in(group)


class _Reading:
    """Walks the calls with the last known state in hand."""

    def __init__(self, name: str, shape: Shape, guess: bool, aside: dict[str, Counter[str]], status: bool) -> None:
        self.steps: list[Step] = []
        self.state: Any = None
        self._name = name
        self._gone = False
        """The last write that the log holds deleted the object."""
        self._shape, self._guess, self._aside, self._status = shape, guess, aside, status

    def take(self, call: KubernetesCall) -> None:
        if reason := self._innocent(call):
            self._aside.setdefault(reason, Counter())[call.actor or "unknown"] += 1
            if reason == "wrote the status only":
                self._remember(call)
            return
        if call.verb in ("delete", "deletecollection") or call.subresource == "eviction":
            self._delete(call)
        elif call.code == 201 and call.verb in ("create", "patch", "update") and not call.subresource:
            self._gone = False
            self._whole(call, ABSENT, call.response if _is_object(call) else UNKNOWN)
            self._remember(call)
        elif call.verb == "create" and call.subresource not in ("binding",):
            self._gone = False
            self._whole(call, ABSENT, UNKNOWN)
            self._remember(call)
        else:
            self._gone = False
            self._change(call)

    def _innocent(self, call: KubernetesCall) -> str:
        if call.verb in READS or not call.is_write:
            return "read"
        if call.dry_run:
            return "dry run"
        if call.outcome is Outcome.DENIED:
            return f"refused ({call.code})"
        if call.outcome is Outcome.FAILED:
            return f"failed ({call.code})"
        if call.subresource == "status" and not self._status:
            return "wrote the status only"
        if call.subresource not in _OBJECT_SUBRESOURCES and call.subresource != "status":
            return f"another subresource ({call.subresource})"
        return ""

    def _whole(self, call: KubernetesCall, before: Any, after: Any) -> None:
        document = after if after is not UNKNOWN and after is not ABSENT else self.state
        self.steps.append(Step(call, (Written((), before, after),), compared=True, document=document))

    def _delete(self, call: KubernetesCall) -> None:
        if call.verb == "deletecollection" and (self._gone or not _took(call, self._name)):
            self._aside.setdefault("deleted others", Counter())[call.actor or "unknown"] += 1
            return
        self._whole(call, UNKNOWN if self.state is None else self.state, ABSENT)
        self.state, self._gone = None, True

    def _change(self, call: KubernetesCall) -> None:
        after = call.response if _is_object(call) else None
        before = self.state
        document = after if after is not None else before
        asked = requested(call, document, self._shape, guess=self._guess)
        named = frozenset(entry.path for entry in asked or ())
        if call.subresource == "scale":
            self._scale(call, asked or [], before)
            return
        if after is not None and before is not None and _follows(before, after):
            self._compare(call, before, after, asked, named)
        elif asked is not None:
            if not asked:
                self._aside.setdefault("changed nothing", Counter())[call.actor or "unknown"] += 1
            else:
                filled = tuple(self._filled(entry, before) for entry in asked)
                self.steps.append(Step(call, filled, asked=named, document=document))
        else:
            self.steps.append(Step(call, None, document=document))
        self.state = after

    def _filled(self, entry: Written, before: Any) -> Written:
        return entry._replace(before=value_at(entry.path, before)) if before is not None else entry

    def _compare(
        self, call: KubernetesCall, before: Any, after: Any, asked: list[Written] | None, named: frozenset[Path]
    ) -> None:
        found = [entry for entry in differences(before, after, self._shape, guess=self._guess)
                 if self._counts(entry.path)]  # fmt: skip
        if not found:
            self._aside.setdefault("changed nothing", Counter())[call.actor or "unknown"] += 1
            return
        possible: list[Written] = []
        if asked is not None and _gap(before, after, call):
            possible = [entry for entry in found if not _named(entry.path, asked)]
            found = [entry for entry in found if _named(entry.path, asked)]
        self.steps.append(Step(call, tuple(found), True, tuple(possible), named, after))

    def _counts(self, path: Path) -> bool:
        return not is_noise(path) or (self._status and path[:1] == ("status",))

    def _scale(self, call: KubernetesCall, asked: list[Written], before: Any) -> None:
        now = asked[0].after if asked else UNKNOWN
        was = value_at(REPLICAS, before) if before is not None else UNKNOWN
        if now is not UNKNOWN and was == now:
            self._aside.setdefault("changed nothing", Counter())[call.actor or "unknown"] += 1
            return
        self.steps.append(
            Step(call, (Written(REPLICAS, was, now),), was is not UNKNOWN, asked=frozenset({REPLICAS}), document=before)
        )
        if isinstance(before, dict) and isinstance(before.get("spec"), dict) and now is not UNKNOWN:
            metadata = before.get("metadata")
            generation = metadata.get("generation") if isinstance(metadata, dict) else None
            if isinstance(metadata, dict) and isinstance(generation, int):
                metadata = {**metadata, "generation": generation + 1}
            self.state = {**before, "metadata": metadata, "spec": {**before["spec"], "replicas": now}}

    def _remember(self, call: KubernetesCall) -> None:
        if _is_object(call):
            self.state = call.response


def _is_object(call: KubernetesCall) -> bool:
    """Whether the answer is the object itself rather than a Status, a Scale or a list."""
    response = call.response
    if not isinstance(response, dict) or response.get("kind") in ("Status", "Scale", "DeleteOptions"):
        return False
    metadata = response.get("metadata")
    return isinstance(metadata, dict) and metadata.get("name") == call.object_name


def _metadata(document: Any, name: str) -> Any:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    return metadata.get(name) if isinstance(metadata, dict) else None


def _follows(before: Any, after: Any) -> bool:
    """Whether both are states of one object, in this order."""
    if _metadata(before, "uid") != _metadata(after, "uid"):
        return False
    old, new = _version(before), _version(after)
    return old is None or new is None or old <= new


def _version(document: Any) -> int | None:
    text = _metadata(document, "resourceVersion")
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 20 else None


def _gap(before: Any, after: Any, call: KubernetesCall) -> bool:
    """Whether a write between the two states is missing from the log."""
    old, new = _metadata(before, "generation"), _metadata(after, "generation")
    if isinstance(old, int) and isinstance(new, int):
        return new - old > 1
    held = _metadata(call.request, "resourceVersion")
    return isinstance(held, str) and bool(held) and held != _metadata(before, "resourceVersion")


def _named(path: Path, asked: Iterable[Written]) -> bool:
    from .field_paths import relation

    return any(relation(path, entry.path) for entry in asked)


def _took(call: KubernetesCall, name: str) -> bool:
    """Whether a collection delete took the object, as far as its answer or its field selector tells."""
    items = call.response.get("items") if isinstance(call.response, dict) else None
    if isinstance(items, list):
        return any(_metadata(item, "name") == name for item in items)
    selector = call.query.get("fieldSelector", ("",))[0]
    return "metadata.name=" not in selector or name in selector.replace("==", "=").split("metadata.name=")[1:]
