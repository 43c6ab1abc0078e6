"""Deciding and acting: what is shown before anything is written, what is asked, and what is told afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drifttui.core.asks import Answer
from drifttui.core.board import Board, Mode
from drifttui.core.pause import Plan
from drifttui.core.unit import Unit
from drifttui.screens.plan import PlanScreen
from drifttui.widgets.form import Entry

from . import acts, boards
from .acts import NASTY, FakeActing, acted, blocked_plan, pause, pause_plan
from .boards import NOW, ago, changed, incident, unit
from .conftest import Open, Session


def staging(of: Unit) -> Plan:
    return pause_plan(of, environment="staging")


async def filled(session: Session, reason: str = "pool leak") -> None:
    """The plan of the unit under the cursor, with a reason typed into it."""
    await session.press("p")
    await put(session, "reason", reason)


async def put(session: Session, field: str, text: str) -> None:
    """As pasted into a field: typing costs a test its time."""
    session.app.screen.query_one(f"#entry-{field}", Entry).put(text)
    await session.settle()


# Pausing.


async def test_a_plan_says_now_owner_steps_effects_and_undo(opened: Open) -> None:
    fake = FakeActing()
    async with opened(incident(), acting=fake) as session:
        await session.press("p")
        for words in (
            "Pause payments  prod  eu-west-1, Argo CD 3.4.1",
            "auto-sync on, self-heal on, prune on",
            "ApplicationSet/team-payments would put it back at its next reconcile, within 3m",
            "step 1 holds it off",
            "ApplicationSet/team-payments: add ignoreApplicationDifferences /spec/syncPolicy",
            "Application/payments: spec.syncPolicy.automated.enabled true → false",
            "stop the sync that is running",
            "New revisions are not applied",
            "resume restores both specs exactly",
            "patch applications.argoproj.io in argocd",
            "Nothing is written yet. Wanted: reason.",
        ):
            assert words in session.screen
        assert fake.carried == []


async def test_production_is_confirmed_by_the_typed_name_and_by_nothing_else(opened: Open) -> None:
    fake = FakeActing()
    async with opened(incident(), acting=fake) as session:
        await filled(session)
        await session.press("enter", "enter")
        assert fake.carried == [] and "Wanted: the name" in session.screen
        await session.type("payment")
        await session.press("enter", "enter")
        assert fake.carried == []
        await session.type("s")
        await session.press("enter")
        (plan,) = fake.carried
        assert (plan.unit.name, plan.reason, plan.link) == ("payments", "pool leak", "INC-9127 payments latency")
        assert plan.until == NOW + timedelta(hours=2)
        assert not any(write.skipped for write in plan.writes)


async def test_y_types_in_a_field_and_does_not_confirm_production(opened: Open) -> None:
    fake = FakeActing()
    async with opened(incident(), acting=fake) as session:
        await session.press("p", "y", "space", "z", "colon", "P")
        assert "[ y z:P" in session.screen
        await session.press("shift+tab", "y")
        assert fake.carried == [] and "Wanted: the name" in session.screen


async def test_elsewhere_enter_twice_or_y_confirms(opened: Open) -> None:
    fake = FakeActing(staging)
    async with opened(incident(), acting=fake) as session:
        await filled(session)
        await session.press("enter")
        assert fake.carried == [] and "enter once more to pause it" in session.screen
        await session.press("escape")
        assert "enter once more" not in session.screen and "Reason" in session.screen
        await session.press("enter", "x", "enter")
        assert fake.carried == []
        await session.press("enter")
        assert [plan.reason for plan in fake.carried] == ["pool leakx"]
    fake = FakeActing(staging)
    async with opened(incident(), acting=fake) as session:
        await filled(session)
        await session.press("shift+tab", "y")
        assert len(fake.carried) == 1


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("45m", "in 45m0s"),
        ("06:30", "in 2h19m, 2026-05-14 06:30:00Z"),
        ("04:00", "2026-05-15 04:00:00Z"),
        ("2026-05-14T09:00+02:00", "2026-05-14 07:00:00Z"),
        ("2026-05-14T01:00", "is over already"),
        ("tomorrow", "tomorrow is no time"),
        ("3y", "more than a year away"),
        ("", "required"),
    ],
)
async def test_the_end_is_judged_while_it_is_typed(opened: Open, typed: str, answer: str) -> None:
    fake = FakeActing(staging)
    async with opened(incident(), acting=fake) as session:
        await filled(session)
        await put(session, "until", typed)
        assert answer in session.screen
        await session.press("enter", "enter")
        assert bool(fake.carried) == ("Z" in answer or "45m" in answer)


async def test_an_optional_step_can_be_left_out_and_the_plan_says_what_that_costs(opened: Open) -> None:
    fake = FakeActing()
    async with opened(incident(), acting=fake) as session:
        await filled(session)
        assert "as far as can be read" in session.screen
        await session.press("shift+tab", "space")
        assert "step 1, which would hold it off, is left out" in session.screen
        assert "not against ApplicationSet/team-payments" in session.screen
        assert "patch applicationsets" not in session.screen
        await put(session, "name", "payments")
        await session.press("tab", "enter")
        assert [write.skipped for write in fake.carried[0].writes] == [True, False, False]


async def test_a_step_that_stands_by_another_pause_is_neither_asked_for_nor_taken_in(opened: Open) -> None:
    def leaning(of: Unit) -> Plan:
        plan = pause_plan(of)
        first = plan.writes[0]._replace(optional=False, skipped=True)
        return plan._replace(writes=(first, *plan.writes[1:]))

    fake = FakeActing(leaning)
    async with opened(incident(), acting=fake) as session:
        await filled(session)
        assert "stands already" in session.screen
        await put(session, "name", "payments")
        await session.press("shift+tab", "space", "tab", "enter")
        assert [write.skipped for write in fake.carried[0].writes] == [True, False, False]


async def test_a_blocked_plan_names_the_missing_right_and_cannot_be_confirmed(opened: Open) -> None:
    fake = FakeActing(blocked_plan)
    async with opened(incident(), acting=fake) as session:
        await session.press("p")
        assert "may not patch applications.argoproj.io in argocd" in session.screen
        assert "Reason" not in session.screen and "back: nothing can be written" in session.screen
        await session.press("enter", "y", "enter")
        assert fake.carried == []
        await session.press("escape")
        assert session.app.screen is session.triage


async def test_several_units_have_one_reason_and_those_that_cannot_are_left_out(opened: Open) -> None:
    fake = FakeActing(lambda of: blocked_plan(of) if of.id.name == "checkout" else pause_plan(of))
    async with opened(incident(), acting=fake) as session:
        await session.press("space", "space", "space")
        assert "3 marked" in session.screen
        assert "payments" in session.line("*CRIT") and "checkout" in session.line("*HIGH")
        await session.press("p")
        assert "2 of 3 units can be paused; 1 left out, each says why." in session.screen
        assert "checkout  prod  eu-west-1  left out" in session.screen
        await put(session, "reason", "pool leak")
        await put(session, "name", "2 units")
        await session.press("enter")
        assert [(plan.unit.name, plan.reason) for plan in fake.carried] == [
            ("payments", "pool leak"),
            ("prod/net", "pool leak"),
        ]
        fake.progress("written", "written 3/3", 0)
        fake.progress("failed", "failed: 403, patch applications", 1, done=True, failed=True)
        await session.second()
        assert "written 3/3" in session.screen and "failed: 403" in session.screen
        assert session.triage.units.picked == set()


async def test_reading_says_for_what_and_how_long_and_can_be_cancelled(opened: Open) -> None:
    fake = FakeActing()
    fake.held = True
    async with opened(incident(), acting=fake) as session:
        await session.press("p")
        session.feed.forward(seconds=7)
        await session.second()
        assert "Reading payments and what owns it, 7s." in session.screen and "Nothing is written." in session.screen
        await session.press("escape")
        assert session.app.screen is session.triage and fake.cancelled == [1]


async def test_what_cannot_be_read_is_told_in_the_plan(opened: Open) -> None:
    fake = FakeActing()
    fake.problem = "Argo CD eu-west-1 answered 504: gateway timeout. Try again."
    async with opened(incident(), acting=fake) as session:
        await session.press("p")
        assert "answered 504: gateway timeout" in session.screen and "Reason" not in session.screen
        await session.press("enter", "y")
        assert fake.carried == []


@pytest.mark.parametrize(
    ("phase", "words", "failed"),
    [
        ("holding", "holding: checked 3 times in 2m10s", False),
        ("undone", "undone by applicationset-controller at 04:12:09Z", True),
        ("unknown", "unknown: no answer in 10 s; look before you go on", True),
        ("failed", "rolled-back: 409; what was written before was taken back", True),
    ],
)
async def test_progress_stands_in_place_and_the_end_is_told_where_nobody_looks(
    opened: Open, phase: str, words: str, failed: bool
) -> None:
    fake = FakeActing(staging)
    async with opened(incident(), acting=fake) as session:
        await filled(session)
        await session.press("enter", "enter")
        assert "Pausing payments" in session.screen
        fake.progress("journalled", "journalled")
        fake.progress("writing", "writing 1/3")
        fake.progress("writing", "written 3/3")
        fake.progress("written", "written")
        fake.progress("verifying", "as written, checked 1 times in 5s")
        await session.second()
        assert "journalled · written 3/3 · as written, checked 1 times in 5s" in session.screen
        assert "leaves, the watching goes on" in session.screen
        await session.press("escape")
        assert session.app.screen is session.triage
        await session.press("p")
        assert "written 3/3" in session.screen, "what is under way is shown, not planned again"
        await session.press("escape")
        fake.progress(phase, words, done=True, failed=failed)
        await session.second()
        assert f"pausing payments: {words}" in session.screen.splitlines()[-1]


async def test_the_screen_behind_a_plan_goes_on_living(opened: Open) -> None:
    fake = FakeActing()
    async with opened(incident(), (140, 50), acting=fake) as session:
        await session.press("p")
        worse = boards.unit("aaa-new", sync="OutOfSync", out_of_sync=())
        await session.tell(changed(incident(), worse))
        assert "25" in session.screen.splitlines()[0]
        session.feed.forward(seconds=30)
        await session.second()
        assert "live 32s" in session.screen.splitlines()[0]


# Resuming.


async def test_resume_shows_what_will_be_reverted_and_deleted(opened: Open) -> None:
    fake = FakeActing()
    async with opened(acted(), acting=fake) as session:
        await session.press("j", "r")
        assert "Resume checkout" in session.screen
        assert "is reverted at once: image 7.2.1-hotfix → 7.2.0" in session.screen
        assert "is deleted: prune is on" in session.screen
        assert "Reason" not in session.screen
        assert [key.name for key in fake.resumed_with] == ["checkout"]
        await put(session, "name", "checkout")
        await session.press("enter")
        assert [plan.pause for plan in fake.carried] == [pause().id]


async def test_a_pause_that_is_only_watched_can_be_ended(opened: Open) -> None:
    fake = FakeActing(staging)
    async with opened(acted(), acting=fake) as session:
        await session.press("j")
        await filled(session)
        await session.press("enter", "enter")
        fake.progress("written", "written 3/3")
        await session.second()
        assert "Pausing checkout" in session.screen
        await session.press("escape", "r")
        assert "Resume checkout" in session.screen and "is reverted at once" in session.screen


async def test_what_is_not_paused_cannot_be_resumed(opened: Open) -> None:
    async with opened(acted(), acting=FakeActing()) as session:
        await session.press("r")
        assert "payments is not paused" in session.screen
        assert not isinstance(session.app.screen, PlanScreen)


# Refusals.


@pytest.mark.parametrize(
    ("board", "why"),
    [
        (replace(incident(), read_only=True), "Refused by --read-only"),
        (replace(incident(), mode=Mode.DEMO), "The demo changes nothing"),
        (replace(incident(), mode=Mode.REPLAY), "A replay changes nothing"),
    ],
)
async def test_where_nothing_may_be_written_each_key_says_why(opened: Open, board: Board, why: str) -> None:
    fake = FakeActing()
    async with opened(board, acting=fake) as session:
        for key, verb in (("p", "pause"), ("r", "resume"), ("c", "classify"), ("l", "link")):
            await session.press(key)
            assert f"Cannot {verb}. {why}." in session.screen.splitlines()[-1]
        await session.press("colon")
        await session.type("incident INC-1")
        await session.press("enter")
        assert f"Cannot set an incident. {why}." in session.screen.splitlines()[-1]
        assert session.app.screen is session.triage and not fake.started


async def test_a_session_that_cannot_act_says_so(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("p")
        assert "Nothing is written in this session." in session.screen


# Verdicts.


async def test_a_verdict_is_chosen_beside_the_rules_one_and_recorded_by_the_second_enter(opened: Open) -> None:
    fake = FakeActing()
    fake.answer = Answer("Role/pay-admin classified emergency, incident")
    async with opened(incident(), acting=fake) as session:
        await session.press("c")
        assert "unauthorized  touches identity" in session.screen
        assert "A Role gained verb * on secrets" in session.screen
        assert "[unauthorized*]" in session.screen and "[revert-runtime*]" in session.screen
        await session.press("right", "tab", "i", "i", "i", "tab")
        assert "[emergency]" in session.screen and "[incident]" in session.screen
        await session.type("clear")
        await session.press("enter")
        assert fake.classified == [] and "enter once more to record emergency" in session.screen
        await session.press("enter")
        ((findings, choice),) = fake.classified
        assert [found.ref.short for found in findings] == ["Role/pay-admin"]
        assert tuple(choice) == ("emergency", "incident", "clear", "")
        assert session.app.screen is session.triage
        assert "classified emergency, incident" in session.screen.splitlines()[-1]


async def test_marked_findings_are_classified_together(opened: Open) -> None:
    fake = FakeActing()
    async with opened(incident(), acting=fake) as session:
        await session.press("tab", "space", "space", "c")
        assert "Classify 2 findings" in session.screen
        assert "Role/pay-admin" in session.screen and "Deployment/api" in session.screen
        await session.press("enter", "enter")
        ((findings, choice),) = fake.classified
        assert len(findings) == 2 and choice.cause == "marked together"


async def test_findings_of_one_cause_are_offered_and_not_taken(opened: Open) -> None:
    _, look = boards.payments()
    other = unit("refunds", sync="OutOfSync")
    role = look.findings[0]
    twin = role._replace(id="feedfeedfeed", unit=other.id)
    board = changed(incident(), other, looks={other.id: replace(look, findings=(twin,), inspection=None)})
    fake = FakeActing()
    async with opened(board, acting=fake) as session:
        await session.press("c")
        assert "more of one cause: 2 findings in 2 units" in session.screen and "[this finding]" in session.screen
        await session.press("tab", "tab", "right")
        assert "[all 2 of one cause]" in session.screen and "Classify 2 findings" in session.screen
        await session.press("enter", "enter")
        ((findings, choice),) = fake.classified
        assert {found.unit.name for found in findings} == {"payments", "refunds"}
        assert "2 findings in 2 units" in choice.cause


async def test_what_the_ledger_refuses_stays_in_the_form(opened: Open) -> None:
    fake = FakeActing()
    fake.answer = Answer("The ledger cannot be written: disk full.", failed=True)
    async with opened(incident(), acting=fake) as session:
        await session.press("c", "enter", "enter")
        assert "disk full" in session.screen and session.app.screen is not session.triage
        await session.press("enter", "enter")
        assert len(fake.classified) == 2


# Links and the incident.


async def test_a_link_covers_what_is_chosen(opened: Open) -> None:
    fake = FakeActing()
    async with opened(acted(), acting=fake) as session:
        await session.press("j", "l")
        assert "Covers   Deployment/checkout in checkout." in session.screen
        await session.press("tab", "tab", "right", "right")
        assert "the pause of checkout" in session.screen
        await put(session, "expires", "4h")
        assert "in 4h0m" in session.screen
        await put(session, "approver", "carol")
        await session.press("enter", "enter")
        (wish,) = fake.linked
        assert (wish.ref, wish.kind, wish.approver) == ("INC-9127", "incident", "carol")
        assert wish.pauses == (pause().id,) and not wish.units and not wish.findings
        assert wish.expires == NOW + timedelta(hours=4)


async def test_a_reference_that_is_none_is_not_recorded(opened: Open) -> None:
    fake = FakeActing()
    async with opened(incident(), acting=fake) as session:
        await session.press("l")
        await put(session, "ref", "ftp://x")
        await session.press("enter", "enter")
        assert fake.linked == [] and session.app.screen is not session.triage


async def test_the_incident_is_set_once_and_stands_in_the_header(opened: Open) -> None:
    fake = FakeActing()
    async with opened(incident(), acting=fake) as session:
        await session.press("colon")
        await session.type("incident INC-7")
        await session.press("enter")
        assert "INC-7" in session.screen.splitlines()[0]
        assert "incident INC-7" in session.screen.splitlines()[-1]
        fake.acts = acts.acts(links=[acts.link("INC-7", title="late orders", state="resolved", closed=ago(hours=1))])
        await session.second()
        await session.settle()
        assert "INC-7 late orders" in session.screen.splitlines()[0]
        assert "closed 1h ago" in session.screen.splitlines()[0]


# What was done is on the screen at once.


async def test_what_was_done_is_on_the_screen_before_the_next_board(opened: Open) -> None:
    fake = FakeActing()
    async with opened(incident(), (180, 50), acting=fake) as session:
        assert "PAUSED 1 " in session.screen.splitlines()[0]
        role = incident().looks[acts.PAYMENTS].findings[0]
        assert session.app.desk.acting is fake
        fake.acts = acts.acts(
            pause(acts.PAYMENTS, reason="pool leak", actor="me@here"),
            verdicts=[acts.verdict(role, actor="me@here", at=ago(seconds=1))],
            history=[acts.entry("me@here", "paused payments until 05:30Z", acts.PAYMENTS, seconds=2)],
        )
        await session.pilot.pause(0.3)
        await session.settle()
        assert "PAUSED 2 " in session.screen.splitlines()[0]
        assert "PAUSED 1h left" in session.line("▌CRIT")
        assert "✓ emergency" in session.screen
        assert "paused payments until 05:30Z (me@here)" in session.triage.who.text


async def test_a_verdict_is_reopened_when_the_drift_changes(opened: Open) -> None:
    async with opened(acted(), (180, 50)) as session:
        assert "✓ emergency" in session.line("Role/pay-admin")
        assert "reopened" in session.line("ConfigMap/limits")
        await session.press("tab", "j", "j", "j", "enter")
        assert "reopened: the drift changed since then" in session.screen.replace("│", "")


async def test_links_say_when_they_no_longer_cover(opened: Open) -> None:
    async with opened(acted(), (180, 50)) as session:
        assert "payments ⚑ " in session.line("▌CRIT")
        assert "docs ⚑ expired" in session.screen
        await session.press("tab", "j")
        assert "CHG0031 · closed 2h ago" in session.triage.who.text


async def test_the_history_of_a_finding_holds_what_was_done(opened: Open) -> None:
    async with opened(acted(), (180, 50)) as session:
        await session.press("tab", "enter")
        text = session.app.screen.query_one("#history").text  # type: ignore[attr-defined]
        assert "classified emergency, incident (bob@laptop)" in text
        assert "by the rules" in text and "unauthorized" in text


async def test_recovery_begins_after_the_first_rows_and_is_told(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drifttui.app._STARTED_AFTER", 0.1)
    fake = FakeActing()
    fake.left_open = [Answer("pause of payments, left open: rolled-back")]
    async with opened(incident(), acting=fake) as session:
        await session.pilot.pause(0.4)
        assert fake.started
        assert "pause of payments, left open: rolled-back" in session.screen.splitlines()[-1]


# Hostile text.


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (220, 60)])
async def test_hostile_text_is_inert_in_every_field(opened: Open, size: tuple[int, int]) -> None:
    board = boards.hostile()
    of = next(one for one in board.units.values() if one.id.name.startswith("\x1b"))
    role = board.looks[of.id].findings[0]
    long = NASTY * 40
    done = acts.acts(
        pause(of.id, reason=long, actor=long, link=long, message=long, captured={long: {long: long}}),
        links=[acts.link(long, title=long, state=long, approver=long, problem=long, units=frozenset({str(of.id)}))],
        verdicts=[acts.verdict(role, note=long, actor=long, drift_class=long, action=long)],
        history=[acts.entry(long, long, of.id)],
    )
    board = replace(board, units={of.id: of}, looks={of.id: board.looks[of.id]}, acts=done)

    def plan(one: Unit) -> Plan:
        made = pause_plan(one, now=(long,), effects=(long,), undo=(long,), unknown=(long,), environment=long)
        undoer = made.undoers[0]._replace(who=long, how=long, when=long, lever=long)
        write = made.writes[0]._replace(words=long, needs=long)
        return made._replace(undoers=(undoer,), writes=(write,))

    fake = FakeActing(plan, plan)
    fake.incident = long
    fake.answer = Answer(long, failed=True)
    async with opened(board, size, acting=fake) as session:
        for keys in (["p"], ["r"], ["c", "enter", "enter"], ["l"], ["P"], ["tab", "enter"]):
            await session.press(*keys)
            _inert(session.screen, size)
            await session.press("escape", "escape")
            while session.app.screen is not session.triage:
                await session.press("escape")


def _inert(screen: str, size: tuple[int, int]) -> None:
    for line in screen.splitlines():
        assert line.isprintable(), line
    assert len(screen.splitlines()) == size[1]
