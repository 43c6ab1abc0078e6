"""The operator's verdict on a finding: what is recorded, how long it stands, and what changed where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .acts import Acts, OperatorVerdict
from .errors import InputError, inert
from .finding import Change, Finding
from .planes import ABSENT, UNKNOWN, Json, Mark
from .verdict import ACTIONS, DRIFT_CLASSES

if TYPE_CHECKING:
    from .episodes import OpenFinding

NOTE: Final = 2000
FIELDS: Final = 20
"""Fields of a drift that a verdict remembers, for the day on which it is another drift."""
LABEL: Final = 160
VALUE: Final = 60


class Subject(NamedTuple):
    """One finding as a verdict on it is recorded."""

    finding: str
    unit: str
    resource: str
    fingerprint: str
    rules: Mapping[str, Any]
    """What the rules said: drift_class, domain, risk, action; and under `fields` what differed, by label."""

    @classmethod
    def of(cls, finding: Finding) -> Subject:
        verdict = finding.verdict
        rules: dict[str, Any] = {"fields": fields_of(finding.changes)}
        if verdict is not None:
            rules |= {
                "drift_class": verdict.drift_class,
                "domain": verdict.domain,
                "risk": verdict.risk,
                "action": verdict.action,
            }
        return cls(finding.id, str(finding.unit), str(finding.ref), finding.fingerprint, rules)

    @classmethod
    def of_open(cls, finding: OpenFinding) -> Subject:
        """Of a finding that only the store remembers: nobody knows what the rules said or what differed."""
        return cls(finding.id, str(finding.unit), str(finding.ref), finding.fingerprint, {})


class Standing(NamedTuple):
    """The operator's verdict on a finding as it is now."""

    verdict: OperatorVerdict
    reopened: bool
    """The drift is another one since: the verdict was about something else and does not count any more."""
    changed: tuple[str, ...] = ()
    """Then and now, a line per field: `/spec/replicas: then 3 → 7, now 3 → 9`. Empty where nobody remembers."""


def standing_verdict(acts: Acts, finding: Finding) -> Standing | None:
    """Carried forward while the drift is the same; reopened when its fingerprint is another one."""
    verdict = acts.verdicts.get(finding.id)
    if verdict is None:
        return None
    if verdict.fingerprint == finding.fingerprint:
        return Standing(verdict, False)
    return Standing(verdict, True, changed_since(verdict, finding))


def changed_since(verdict: OperatorVerdict, finding: Finding) -> tuple[str, ...]:
    held = verdict.rules.get("fields")
    if not isinstance(held, Mapping):
        return ()
    then = {str(label): str(value) for label, value in held.items()}
    now = fields_of(finding.changes)
    lines = []
    for label in dict.fromkeys((*then, *now)):
        before, after = then.get(label), now.get(label)
        if before == after:
            continue
        if before is None:
            lines.append(f"{label}: new, {after}" if len(then) < FIELDS else f"{label}: now {after}")
        elif after is None:
            lines.append(f"{label}: then {before}, now it agrees")
        else:
            lines.append(f"{label}: then {before}, now {after}")
    return tuple(inert(line) for line in lines)


def fields_of(changes: Iterable[Change]) -> dict[str, str]:
    """What differs, short enough to be kept: label → `declared → running`. Secrets are digests already, and show as
    `a value`, with enough of the digest to see that it is another one."""
    found: dict[str, str] = {}
    for change in sorted(changes, key=lambda change: (change.label, change.path))[:FIELDS]:
        declared = change.recorded if change.desired is UNKNOWN else change.desired
        found[inert(change.label or "the whole object", LABEL)] = f"{_short(declared)} → {_short(change.actual)}"
    return found


def _short(value: Json | Mark) -> str:
    if value is ABSENT:
        return "–"
    if value is UNKNOWN:
        return "?"
    if isinstance(value, dict):
        digest = value.get("digest")
        return f"a value ({inert(digest, 13)})" if isinstance(digest, str) else f"an object of {len(value)} keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return inert(str(value)[: VALUE * 4], VALUE) or '""'


def checked(drift_class: str, action: str, note: str) -> tuple[str, str, str]:
    """The three, fit to be recorded. Raises `InputError` with the words that would do."""
    for name, given, known in (("class", drift_class, DRIFT_CLASSES), ("action", action, ACTIONS)):
        if given not in known:
            raise InputError(f"{inert(given, 40) or 'Nothing'} is no {name}", "", f"One of {', '.join(known)}.")
    if len(note) > NOTE:
        raise InputError("The note is too long", f"{len(note)} characters", f"At most {NOTE}.")
    return drift_class, action, inert(note, NOTE)
