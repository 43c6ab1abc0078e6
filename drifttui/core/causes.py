"""Findings of one cause: a hundred rows that are one decision.

Two findings share a cause when the same thing happened to the same fields: one merge, one controller, one writer at
one time, or one rule that explains them alike. Each finding belongs to exactly one cause; nothing is guessed across
different fields, and what names no cause stays alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from .ages import span
from .errors import inert
from .finding import Finding
from .planes import Plane
from .verdict import risk_rank
from .words import hand_of, holders

TOGETHER: Final = 15 * 60
"""Seconds. Writes of one client with no longer pause between them count as one; longer apart they are two."""

_POSITION: Final = re.compile(r"\[[^\]]*\]|(?<=/)[0-9]+(?=/|$)")
_NOISE: Final = frozenset({"render-noise", "provider-read", "controller-owned", "policy", "dependency"})
"""Classes that a rule explains by itself, whoever holds the field."""

_FIELDS_NAMED: Final = 2


class Cause(NamedTuple):
    """Findings of one cause, worst first, and why they are taken for one."""

    id: str
    """Twelve hex digits: the same for the same findings' cause on every machine."""
    words: str
    """One line: `12 findings in 9 units: image of Deployment, written by kubectl-edit within 4m`."""
    findings: tuple[str, ...]
    units: int

    @property
    def several(self) -> bool:
        return len(self.findings) > 1


class _Trace(NamedTuple):
    """What a finding is recognised by. Equal traces are one cause."""

    by: str
    """`merge`, `rule`, `writer`, `alone`."""
    what: str
    """The revision, the rule, the writer."""
    kind: str
    fields: tuple[str, ...]


def causes_of(findings: Iterable[Finding]) -> tuple[Cause, ...]:
    """Every finding in exactly one cause. The worst first, then the largest; equal input gives equal output in any
    order of the findings."""
    traces: dict[_Trace, list[Finding]] = {}
    for finding in findings:
        traces.setdefault(_trace(finding), []).append(finding)
    found = [_cause(trace, part) for trace, held in traces.items() for part in _in_time(trace, held)]
    return tuple(cause for _, cause in sorted(found, key=lambda pair: pair[0]))


def cause_of(finding: str, causes: Iterable[Cause]) -> Cause | None:
    """The cause that a finding's id belongs to."""
    return next((cause for cause in causes if finding in cause.findings), None)


def by_finding(causes: Iterable[Cause]) -> Mapping[str, Cause]:
    """The same for look-ups row by row."""
    return {finding: cause for cause in causes for finding in cause.findings}


def _trace(finding: Finding) -> _Trace:
    kind = f"{finding.ref.group}/{finding.ref.kind}" if finding.ref.group else finding.ref.kind
    fields = tuple(sorted({_POSITION.sub("*", change.label or change.path) for change in finding.changes}))
    if finding.changes and not finding.changes[0].path:
        actual = finding.planes.get(Plane.ACTUAL)
        fields = ("deleted",) if actual is not None and not actual.present else ("not in Git",)
    verdict = finding.verdict
    rule = verdict.reasons[0].rule if verdict is not None and verdict.reasons else ""
    desired = finding.planes.get(Plane.DESIRED)
    if rule.startswith("merge.") and desired is not None and desired.revision:
        return _Trace("merge", desired.revision, "", ())
    holder = next(iter(holders(finding)), None)
    if verdict is not None and verdict.drift_class in _NOISE:
        # Two controllers that each hold their own field are two causes, though one rule explains both.
        held = f" {holder.manager}" if holder and verdict.drift_class == "controller-owned" else ""
        return _Trace("rule", f"{verdict.drift_class} {rule}{held}", kind, fields)
    if holder is not None and hand_of(holder.manager) != "engine":
        return _Trace("writer", holder.manager, kind, fields)
    if rule and verdict is not None and verdict.drift_class != "unknown":
        return _Trace("rule", f"{verdict.drift_class} {rule}", kind, fields)
    return _Trace("alone", finding.id, kind, fields)


def _in_time(trace: _Trace, held: Sequence[Finding]) -> Iterator[list[Finding]]:
    """Findings of one writer, parted where it paused. Those without a time stay together."""
    if trace.by != "writer":
        yield list(held)
        return
    part: list[Finding] = []
    last: float | None = None
    for at, finding in sorted(((_written(each), each) for each in held), key=_by_time):
        apart = (at is None) != (last is None) or (at is not None and last is not None and at - last > TOGETHER)
        if part and apart:
            yield part
            part = []
        part.append(finding)
        last = at
    yield part


def _by_time(pair: tuple[float | None, Finding]) -> tuple[bool, float, str]:
    at, finding = pair
    return at is None, at or 0.0, finding.id


def _written(finding: Finding) -> float | None:
    """When whoever is taken for the writer wrote last, in seconds since 1970; None where nobody says."""
    holder = next(iter(holders(finding)), None)
    return holder.time.timestamp() if holder is not None and holder.time is not None else None


def _cause(trace: _Trace, held: Sequence[Finding]) -> tuple[tuple[int, int, str], Cause]:
    import hashlib  # It brings OpenSSL along, which no first frame needs.

    ordered = sorted(
        held, key=lambda finding: (-risk_rank(finding.risk), str(finding.unit), str(finding.ref), finding.id)
    )
    times = [at for at in map(_written, held) if at is not None]
    first = f"{min(times):.0f}" if times and trace.by == "writer" else ""
    key = hashlib.sha256("\x00".join((*trace[:3], *trace.fields, first)).encode("utf-8", "replace")).hexdigest()[:12]
    units = len({finding.unit for finding in held})
    cause = Cause(key, _words(trace, held, units, times), tuple(finding.id for finding in ordered), units)
    return (-risk_rank(ordered[0].risk), -len(held), key), cause


def _words(trace: _Trace, held: Sequence[Finding], units: int, times: Sequence[float]) -> str:
    count = f"{len(held)} findings" if len(held) > 1 else "1 finding"
    where = f"{count} in {units} units" if units > 1 else count
    fields = ", ".join(field.rstrip("*/").rsplit("/", 1)[-1] or field for field in trace.fields[:_FIELDS_NAMED])
    if len(trace.fields) > _FIELDS_NAMED:
        fields += f" and {len(trace.fields) - _FIELDS_NAMED} more"
    about = f"{fields or 'nothing'} of {trace.kind.rpartition('/')[2]}"
    match trace.by:
        case "merge":
            why = f"revision {trace.what[:12]} is merged and not everywhere yet"
        case "writer":
            apart = max(times) - min(times) if len(times) > 1 else -1.0
            when = f" within {span(apart)}" if apart >= 1 else " at one time" if apart >= 0 else ""
            why = f"{about}, written by {trace.what}{when}"
        case "rule":
            why = f"{about}, {trace.what.split(' ')[0]} by the rule {trace.what.partition(' ')[2]}"
        case _:
            why = about
    return inert(f"{where}: {why}", 200)
