"""What the events of a ledger come to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drifttui.core.acts import NOTHING, Acts, PauseState
from drifttui.core.acts_fold import HISTORY_KEPT, fold
from drifttui.core.ledger import EMPTY, Event, EventKind, Head, chained, stamp
from tests.store.ledgers import NOW, UNIT, cover, intent, link, outcome, step, verdict

Entry = tuple[EventKind, dict[str, Any]]


def events(*entries: Entry, after: Head = EMPTY, actor: str = "alice@laptop", minutes: int = 0) -> list[Event]:
    """One a minute."""
    made = []
    for number, (kind, body) in enumerate(entries):
        event = chained(after, NOW + timedelta(minutes=minutes + number), kind, actor, body)
        after = Head(event.seq, event.hash)
        made.append(event)
    return made


def folded(*entries: Entry) -> Acts:
    return fold(NOTHING, events(*entries))


def words(acts: Acts) -> list[str]:
    """Oldest first."""
    return [line.words for line in reversed(acts.history)]


STORY = (
    verdict(note="tested by hand"),
    link(state="triggered"),
    intent(writes=2),
    step(number=1),
    step(number=2, message="HTTP 200"),
    outcome(result="written"),
    outcome(result="holding", checks=3),
    cover(units=[UNIT], findings=["f-1"], pauses=["a1"]),
    intent("a2", "resume", pause="a1"),
    outcome("a2", "resumed"),
)


def test_the_history_reads_like_what_happened() -> None:
    assert words(folded(*STORY)) == [
        "verdict emergency, revert-runtime: tested by hand",
        "linked INC-9127 (triggered): Payments fail",
        "pause intended until 05:00Z: INC-9127 hotfix",
        "step 1 of 2 written: spec.syncPolicy.automated.enabled true → false",
        "step 2 of 2 written: HTTP 200",
        "paused until 05:00Z: INC-9127 hotfix",
        "pause holds, checked 3 times",
        "put under INC-9127",
        "put under INC-9127",
        "put under INC-9127",
        "resume intended: INC-9127 hotfix",
        "resumed",
    ]


def test_it_does_not_matter_in_how_many_pieces_it_is_folded() -> None:
    whole = folded(*STORY)
    acts = NOTHING
    for event in events(*STORY):
        acts = fold(acts, [event])
    assert acts == whole
    assert fold(whole, []) is whole


def test_an_earlier_state_is_not_changed_by_a_later_one() -> None:
    made = events(*STORY)
    before = fold(NOTHING, made[:4])
    held = (dict(before.pauses), before.open, before.history, dict(before.verdicts))
    fold(before, made[4:])
    assert held == (before.pauses, before.open, before.history, before.verdicts)


@pytest.mark.parametrize(
    ("entries", "state"),
    [
        ((), PauseState.INTENDED),
        ((step(number=1),), PauseState.INTENDED),
        ((step(number=1), step(number=2, result="unknown")), PauseState.INTENDED),
        ((step(number=1), step(number=2)), PauseState.WRITTEN),
        ((outcome(result="written"),), PauseState.WRITTEN),
        ((outcome(result="written"), outcome(result="holding")), PauseState.HOLDING),
        ((outcome(result="holding"), outcome(result="undone")), PauseState.UNDONE),
        ((outcome(result="undone"), outcome(result="holding")), PauseState.HOLDING),
        ((outcome(result="failed"),), PauseState.FAILED),
        ((outcome(result="cancelled"),), PauseState.FAILED),
        ((outcome(result="rolled-back"),), PauseState.FAILED),
        ((outcome(result="holding"), outcome(result="resumed")), PauseState.RESUMED),
        ((outcome(result="resumed"), outcome(result="holding")), PauseState.RESUMED),
        ((outcome(result="holding"), intent("a2", "resume", pause="a1")), PauseState.HOLDING),
        ((intent("a2", "resume", pause="a1"), outcome("a2", "failed")), PauseState.INTENDED),
        ((intent("a2", "resume", pause="a1"), outcome("a2", "resumed")), PauseState.RESUMED),
        ((intent("a2", "resume", pause="b9"), outcome("a2", "resumed")), PauseState.INTENDED),
    ],
)
def test_what_becomes_of_a_pause(entries: tuple[Entry, ...], state: PauseState) -> None:
    acts = folded(intent(writes=2), *entries)
    pause = acts.pauses["a1"]
    assert pause.state is state
    assert (acts.pause_of(UNIT) is pause) is pause.standing
    assert bool(pause.ended_at) is not pause.standing


def test_a_skipped_write_is_not_waited_for() -> None:
    entry = intent(writes=2)
    entry[1]["plan"]["writes"][1]["skipped"] = True
    assert folded(entry, step(number=1)).pauses["a1"].state is PauseState.WRITTEN


def test_a_pause_knows_its_reason_end_and_what_to_restore() -> None:
    pause = folded(intent(writes=2)).pauses["a1"]
    assert (pause.reason, pause.engine, pause.link, pause.actor) == (
        "INC-9127 hotfix",
        "argocd",
        "INC-9127",
        "alice@laptop",
    )
    assert pause.until == NOW + timedelta(hours=2)
    assert pause.captured == {
        f"kubernetes eu applications.argoproj.io argocd/payments-{number}": {"/spec/syncPolicy/automated/enabled": True}
        for number in (1, 2)
    }
    assert not pause.overdue(NOW)
    assert pause.overdue(pause.until)


def test_only_what_may_be_needed_again_is_held_in_memory() -> None:
    undone = folded(intent(), outcome(result="undone")).pauses["a1"]
    assert undone.plan["writes"]
    assert undone.captured
    resumed = folded(intent(), outcome(), intent("a2", "resume", pause="a1"), outcome("a2", "resumed"))
    assert (resumed.pauses["a1"].captured, resumed.pauses["a1"].plan) == ({}, {"id": "a1", "pause": ""})
    assert resumed.done["a2"].plan == {"id": "a2", "pause": "a1"}


def test_a_pause_without_an_end_is_overdue_at_once() -> None:
    pause = folded(intent(until=None)).pauses["a1"]
    assert pause.overdue(NOW)


def test_who_proved_it_and_who_undid_it_is_kept() -> None:
    pause = folded(intent(), outcome(checks=3), outcome(result="undone", by="Application/root", message="self-heal"))
    record = pause.pauses["a1"]
    assert (record.checks, record.verified_at) == (3, NOW + timedelta(minutes=1))
    assert (record.ended_by, record.message, record.ended_at) == (
        "Application/root",
        "self-heal",
        NOW + timedelta(minutes=2),
    )
    assert pause.history[0].words == "pause undone by Application/root: self-heal"


def test_intents_are_open_until_their_outcome() -> None:
    begun = folded(intent(), step(), intent("a2", "resume"))
    assert [act.id for act in begun.open] == ["a1", "a2"]
    assert [(s.number, s.result, s.audit_id) for s in begun.open[0].steps] == [(1, "written", "x")]
    ended = folded(intent(), step(result="unknown"), step(), outcome(result="written", message="ok"), outcome())
    assert ended.open == ()
    assert ended.done["a1"].result == "holding"
    assert [s.result for s in ended.done["a1"].steps] == ["written"], "the last answer about a step counts"


def test_a_verdict_stands_until_another_or_until_it_is_taken_back() -> None:
    both = verdict()[1]["findings"] + verdict("f-2")[1]["findings"]
    acts = folded(verdict(findings=both, cause="c"), verdict("f-2", drift_class="intended"))
    assert {key: held.drift_class for key, held in acts.verdicts.items()} == {"f-1": "emergency", "f-2": "intended"}
    assert acts.verdicts["f-1"].cause == "c"
    taken = folded(verdict(), verdict(drift_class="", action=""))
    assert taken.verdicts == {}
    assert words(taken)[-1] == "verdict taken back"


def test_a_link_that_is_read_again_keeps_its_covers_and_its_maker() -> None:
    acts = folded(
        link(state="triggered"),
        cover(units=[UNIT], findings=["f-1"], pauses=["a1"]),
        link(state="triggered", checked_at=stamp(NOW)),
        link(state="resolved", closed=stamp(NOW), expires=stamp(NOW)),
    )
    held = acts.links["l1"]
    assert [set(each) for each in (held.units, held.findings, held.pauses)] == [{UNIT}, {"f-1"}, {"a1"}]
    assert (held.at, held.state, held.closed) == (NOW, "resolved", NOW)
    assert acts.links_of(UNIT) == acts.links_of("", "f-1") == (held,)
    assert [line for line in words(acts) if "now" in line] == ["INC-9127 is now resolved: Payments fail"]


def test_what_is_taken_out_of_a_link_is_no_longer_under_it() -> None:
    acts = folded(
        link(),
        intent(link=""),
        cover(units=[UNIT, "u2"], pauses=["a1"]),
        cover(units=[UNIT], pauses=["a1"], remove=True),
    )
    assert acts.links["l1"].units == {"u2"}
    assert acts.pauses["a1"].link == ""
    assert folded(link(), intent(link=""), cover(pauses=["a1"])).pauses["a1"].link == "INC-9127"


MALFORMED: list[Entry] = [
    (EventKind.VERDICT, {}),
    (EventKind.VERDICT, {"findings": 7}),
    (EventKind.VERDICT, {"findings": [None]}),
    (EventKind.VERDICT, {"findings": [{"finding": ["x"]}]}),
    (EventKind.VERDICT, {"findings": [{"finding": "f-9"}], "note": {}}),
    (EventKind.LINK, {}),
    link(expires="tomorrow"),
    link(expires="2026-11-21T03:00:00"),
    link(expires=7),
    cover("nobody"),
    cover("l1", units="abc"),
    cover("l1", units=[1]),
    (EventKind.INTENT, {"act": "a9"}),
    (EventKind.INTENT, {"act": "a9", "purpose": "pause", "unit": UNIT, "plan": []}),
    (EventKind.INTENT, {"act": "a9", "purpose": "pause", "unit": UNIT, "plan": {"until": "soon"}}),
    (EventKind.INTENT, {"act": "a9", "purpose": "pause", "unit": 7, "plan": {}}),
    (EventKind.INTENT, {"act": "a9", "purpose": "pause", "unit": UNIT, "plan": {"reason": 7}}),
    intent("a1"),
    step("nobody"),
    step(number="one"),  # type: ignore[arg-type]
    step(number=True),
    outcome("nobody"),
    outcome(result=""),
    outcome(checks="many"),
    (EventKind.NOTE, {"text": 7}),
    ("teleport", {"to": "mars"}),  # type: ignore[list-item]
]


@pytest.mark.parametrize("entry", MALFORMED, ids=lambda entry: f"{entry[0]}")
def test_what_is_not_understood_changes_nothing_and_says_so(entry: Entry) -> None:
    before = folded(verdict(), link(), intent())
    after = fold(before, events(entry, after=before.head))
    assert (after.verdicts, after.links, after.pauses, after.open) == (
        before.verdicts,
        before.links,
        before.pauses,
        before.open,
    )
    assert (after.skipped, after.head.seq) == (1, 4)
    assert after.history[0].words.startswith(f"event 4 ({entry[0]}) is not understood")


def test_odd_parts_of_a_plan_do_not_hide_the_pause() -> None:
    odd: list[Any] = [None, 7, {"target": None, "captured": []}, {"captured": {"/a": 1}}]
    entry = intent()
    entry[1]["plan"]["writes"] = odd
    assert folded(entry, step()).pauses["a1"].standing
    entry[1]["plan"]["writes"] = "none"
    assert folded(entry, outcome()).pauses["a1"].captured == {}


def test_a_history_that_grows_too_long_says_how_much_older_there_is() -> None:
    many = [verdict()[1]["findings"][0] | {"finding": f"f-{number}"} for number in range(HISTORY_KEPT)]
    acts = folded(link(), verdict(findings=many), verdict(note="last"))
    assert len(acts.history) == HISTORY_KEPT
    assert acts.older == 2
    assert acts.history[0].words.endswith("last")
    assert len(acts.verdicts) == HISTORY_KEPT


def test_long_or_hostile_words_are_one_short_line() -> None:
    acts = folded(verdict(note="x" * 5000), intent(reason="\x1b[2J\nno"), (EventKind.CLOSEOUT, {"note": "\u202e"}))
    assert all(len(line) <= 200 and line.isprintable() for line in words(acts))
