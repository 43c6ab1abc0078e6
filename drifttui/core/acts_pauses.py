"""Acts and pauses in the fold: intents, what became of their writes, and what they came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from .acts import ActRecord, Acts, HistoryEntry, PauseRecord, PauseState, StepRecord
from .errors import inert
from .ledger import Event
from .pause import Purpose

_STATES: Final = {
    "written": PauseState.WRITTEN,
    "holding": PauseState.HOLDING,
    "undone": PauseState.UNDONE,
    "failed": PauseState.FAILED,
    "cancelled": PauseState.FAILED,
    "rolled-back": PauseState.FAILED,
    "resumed": PauseState.RESUMED,
}
"""What an outcome of a pause makes of it."""

_ENDED: Final = (PauseState.UNDONE, PauseState.FAILED, PauseState.RESUMED)


class Acting:
    """Acts and pauses while events are folded: own copies, changed in place."""

    def __init__(self, acts: Acts) -> None:
        self.open = {act.id: act for act in acts.open}
        self.done = dict(acts.done)
        self.pauses = dict(acts.pauses)

    def intent(self, event: Event) -> list[HistoryEntry]:
        text = texts_of(event.body, "act", "purpose", "unit")
        plan = event.body["plan"]
        if not text["act"] or not isinstance(plan, Mapping):
            raise ValueError("an intent has an id and a plan")
        if text["act"] in self.open or text["act"] in self.done:
            raise ValueError("its act is there already")
        reason = texts_of(plan, "reason")["reason"]
        words = f"{text['purpose']} intended"
        if text["purpose"] == Purpose.PAUSE:
            pause = _pause(event, text["act"], text["unit"], plan)
            words = f"pause intended until {_until(pause.until, event.at)}"
            self.pauses[pause.id] = pause
        self.open[text["act"]] = ActRecord(text["act"], text["purpose"], text["unit"], event.at, event.actor, plan)
        return [entry(event, _said(words, reason), unit=text["unit"], act=text["act"])]

    def step(self, event: Event) -> list[HistoryEntry]:
        text = texts_of(event.body, "act", "result", "message", "audit_id")
        act = self._act(text["act"])
        number = event.body["number"]
        if not isinstance(number, int) or isinstance(number, bool):
            raise ValueError("a step has a number")
        step = StepRecord(number, text["result"], event.at, text["message"], text["audit_id"])
        act = replace(act, steps=(*(held for held in act.steps if held.number != number), step))
        self._keep(act)
        writes = _writes(act.plan)
        pause = self.pauses.get(act.id)
        if pause is not None and pause.state is PauseState.INTENDED and _all_written(act, writes):
            self.pauses[act.id] = replace(pause, state=PauseState.WRITTEN)
        about = next((str(write.get("words") or "") for write in writes if write.get("number") == number), "")
        words = f"step {number} of {max(len(writes), number)} {step.result}"
        return [entry(event, _said(words, step.message or about), unit=act.unit, act=act.id)]

    def outcome(self, event: Event) -> list[HistoryEntry]:
        text = texts_of(event.body, "act", "result", "message", "by")
        act = self._act(text["act"])
        checks = event.body.get("checks") or 0
        if not text["result"] or not isinstance(checks, int):
            raise ValueError("an outcome has a result")
        self.open.pop(act.id, None)
        act = replace(act, result=text["result"], message=text["message"], finished_at=event.at)
        self.done[act.id] = replace(act, plan=_rest(act.plan)) if text["result"] == "resumed" else act
        pause = self.pauses.get(act.id)
        if pause is not None:
            self.pauses[act.id] = _after(pause, event, text, checks)
        if act.purpose == Purpose.RESUME and text["result"] == "resumed":
            ended = self.pauses.get(str(act.plan.get("pause") or ""))
            if ended is not None:
                self.pauses[ended.id] = _ended(ended, PauseState.RESUMED, event, text["message"], event.actor)
        return [entry(event, _outcome_words(act, pause, text, checks, event), unit=act.unit, act=act.id)]

    def linked(self, pause: str, ref: str, *, remove: bool) -> str:
        """Puts a pause under a link, or takes it out; gives its unit."""
        held = self.pauses.get(pause)
        if held is None:
            return ""
        if remove and held.link == ref:
            self.pauses[pause] = replace(held, link="")
        elif not remove:
            self.pauses[pause] = replace(held, link=ref)
        return held.unit

    def _act(self, name: str) -> ActRecord:
        found = self.open.get(name) or self.done.get(name)
        if found is None:
            raise ValueError("no intent has its act")
        return found

    def _keep(self, act: ActRecord) -> None:
        (self.open if act.id in self.open else self.done)[act.id] = act


def target_key(target: Mapping[str, Any]) -> str:
    """One object that a plan writes, as a text: `kubernetes prod-eu applications.argoproj.io argocd/payments`."""
    text = texts_of(target, "door", "server", "group", "plural", "namespace", "name")
    kind = f"{text['plural']}.{text['group']}" if text["group"] else text["plural"]
    return f"{text['door']} {text['server']} {kind} {text['namespace']}/{text['name']}"


def texts_of(body: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Each of `names`, empty where it is missing or null. Raises `ValueError` for what is no text."""
    found = {}
    for name in names:
        value = body.get(name)
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{name} is no text")
        found[name] = value or ""
    return found


def entry(event: Event, words: str, *, unit: str = "", finding: str = "", act: str = "") -> HistoryEntry:
    return HistoryEntry(event.at, event.actor, words, str(event.kind), unit, finding, act)


def _said(words: str, more: str) -> str:
    return inert(f"{words}: {more}" if more else words, 200)


def _pause(event: Event, act: str, unit: str, plan: Mapping[str, Any]) -> PauseRecord:
    text = texts_of(plan, "reason", "link", "until")
    captured: dict[str, Any] = {}
    for write in _writes(plan):
        held = write.get("captured")
        if isinstance(held, Mapping) and isinstance(write.get("target"), Mapping):
            captured.setdefault(target_key(write["target"]), {}).update(held)
    until = datetime.fromisoformat(text["until"]) if text["until"] else event.at
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return PauseRecord(
        id=act,
        unit=unit,
        engine=unit.partition("/")[0],
        reason=text["reason"],
        # A pause without an end is overdue from the start: nobody may overlook it.
        until=until,
        actor=event.actor,
        at=event.at,
        state=PauseState.INTENDED,
        link=text["link"],
        captured=captured,
        plan=plan,
    )


def _after(pause: PauseRecord, event: Event, text: Mapping[str, str], checks: int) -> PauseRecord:
    state = _STATES.get(text["result"])
    if state is None or pause.state is PauseState.RESUMED:
        # Resumed is the end: whoever still watches the pause elsewhere does not bring it back.
        return pause
    if state in _ENDED:
        ended = _ended(pause, state, event, text["message"], text["by"] or event.actor)
        return replace(ended, checks=checks or pause.checks)
    return replace(
        pause,
        state=state,
        message=text["message"],
        verified_at=event.at if state is PauseState.HOLDING else pause.verified_at,
        checks=checks or pause.checks,
        ended_at=None,
        ended_by="",
    )


def _ended(pause: PauseRecord, state: PauseState, event: Event, message: str, by: str) -> PauseRecord:
    ended = replace(pause, state=state, message=message, ended_at=event.at, ended_by=by)
    # Years of plans would fill the memory. Whoever wants one again finds it in the events.
    return replace(ended, captured={}, plan=_rest(pause.plan)) if state is PauseState.RESUMED else ended


def _rest(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: plan[name] for name in ("id", "pause") if name in plan}


def _outcome_words(
    act: ActRecord, pause: PauseRecord | None, text: Mapping[str, str], checks: int, event: Event
) -> str:  # fmt: skip
    result = text["result"]
    if pause is not None and result == "written":
        return _said(f"paused until {_until(pause.until, event.at)}", pause.reason)
    if result == "holding":
        proof = text["message"] or (f"checked {checks} times" if checks > 1 else "")
        return _said(f"pause holds, {proof}" if proof else "pause holds", "")
    if result == "undone":
        return _said(f"{act.purpose} undone" + (f" by {text['by']}" if text["by"] else ""), text["message"])
    if result in ("resumed", "written"):
        return _said("resumed" if result == "resumed" else f"{act.purpose} written", text["message"])
    return _said(f"{act.purpose} {result.replace('-', ' ')}", text["message"])


def _writes(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    held = plan.get("writes")
    return [write for write in held if isinstance(write, Mapping)] if isinstance(held, (list, tuple)) else []


def _all_written(act: ActRecord, writes: list[Mapping[str, Any]]) -> bool:
    written = {step.number for step in act.steps if step.result == "written"}
    wanted = {write.get("number") for write in writes if write.get("skipped") is not True}
    return bool(wanted) and wanted <= written


def _until(until: datetime, at: datetime) -> str:
    """`05:10Z` on the same day, else with its date."""
    until = until.astimezone(UTC)
    return f"{until:%H:%MZ}" if until.date() == at.astimezone(UTC).date() else f"{until:%Y-%m-%d %H:%MZ}"
