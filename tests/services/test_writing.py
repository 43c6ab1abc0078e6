"""Plans are carried out in order, with preconditions, and end in one of few ways: each is told as what it is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.core.acts import PauseState
from drifttui.core.errors import LedgerError
from drifttui.core.ledger import EventKind
from drifttui.core.pause import Plan, Progress
from drifttui.core.pause_json import plan_json
from drifttui.services import stepping
from drifttui.services.writing import Carried, carry_out
from drifttui.store.ledger import Ledger, open_ledger
from tests.services.fake_kube import FakeKube, application, now, ways_to
from tests.services.pause_plans import pause, resume, step, stop_step, unit

ROOT, WEB = application("root"), application("web")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(tmp_path / "ledger.db", clock=now, actor="alice@laptop")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "REREADS", (0.0, 0.01, 0.02))


def chain() -> Plan:
    """A child and the parent that heals it: the parent first."""
    return pause("web", step(ROOT, 1), step(WEB, 2))


async def carried(plan: Plan, fake: FakeKube, ledger: Ledger, **more: Any) -> Carried:
    async with ways_to(fake) as ways:
        (one,) = await carry_out([plan], ways, ledger, clock=now, **more)
        return one


def results(ledger: Ledger) -> list[tuple[str, str]]:
    return [(str(event.kind), str(event.body.get("result", ""))) for event in ledger.events()]


async def test_owners_are_written_first_and_every_step_is_journalled(ledger: Ledger) -> None:
    fake, told = FakeKube(ROOT, WEB), list[Progress]()
    plan = chain()
    one = await carried(plan, fake, ledger, progress=told.append)
    assert one.result == "written"
    assert [name for name, _ in fake.patches] == ["root", "web"]
    assert fake.queries[0] == {"fieldManager": "drifttui", "fieldValidation": "Strict"}
    assert fake.objects["web"]["spec"]["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True, "enabled": False}
    assert results(ledger) == [("intent", ""), ("step", "written"), ("step", "written"), ("outcome", "written")]
    events = list(ledger.events())
    assert events[0].body["plan"] == plan_json(plan), "what a crash is recovered from is what was confirmed"
    assert [event.body["audit_id"] for event in events if event.kind == EventKind.STEP] == fake.audit_ids
    assert ledger.acts().pauses[plan.id].state is PauseState.WRITTEN
    assert [progress.phase for progress in told][0::7] == ["journalled", "written"]


async def test_a_resume_gives_back_the_very_spec(ledger: Ledger) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    async with ways_to(fake) as ways:
        await carry_out([plan], ways, ledger, clock=now)
        back = resume(plan, fake.objects["root"], fake.objects["web"])
        (one,) = await carry_out([back], ways, ledger, clock=now)
    assert one.result == "resumed"
    assert [name for name, _ in fake.patches[2:]] == ["web", "root"]
    assert (fake.objects["web"]["spec"], fake.objects["root"]["spec"]) == (WEB["spec"], ROOT["spec"])
    assert fake.objects["web"]["metadata"]["annotations"] == WEB["metadata"]["annotations"]
    assert ledger.acts().pauses[plan.id].state is PauseState.RESUMED


async def test_what_changed_since_the_plan_is_not_written_over(ledger: Ledger) -> None:
    plan, fake = chain(), FakeKube(ROOT, WEB)
    fake.touch("web", lambda one: one["spec"]["syncPolicy"]["automated"].update(prune=False))
    one = await carried(plan, fake, ledger)
    assert one.result == "refused"
    assert "spec.syncPolicy.automated is" in one.message
    assert fake.patches == []
    assert results(ledger) == [], "nothing was begun"


async def test_a_change_in_the_last_moment_refuses_the_write_and_takes_back_the_ones_before(ledger: Ledger) -> None:
    fake = FakeKube(ROOT, WEB)

    def somebody(name: str) -> None:
        if name == "root":
            fake.touch("web", lambda one: one["spec"]["syncPolicy"]["automated"].update(prune=False))

    fake.after = somebody
    one = await carried(chain(), fake, ledger)
    assert one.result == "rolled-back"
    assert "taken back" in one.message
    assert fake.objects["root"]["spec"] == ROOT["spec"]
    assert fake.objects["root"]["metadata"]["annotations"] == ROOT["metadata"]["annotations"]
    assert results(ledger)[1:] == [
        ("step", "written"),
        ("step", "refused"),
        ("step", "undone"),
        ("outcome", "rolled-back"),
    ]
    assert ledger.acts().pauses[one.plan.id].state is PauseState.FAILED


@pytest.mark.parametrize("fault", ["403", "409", "429", "dropped"])
async def test_a_refusal_in_the_middle_takes_back_what_was_written(fault: str, ledger: Ledger) -> None:
    fake = FakeKube(ROOT, WEB)
    fake.faults["web", 1] = fault
    one = await carried(chain(), fake, ledger)
    assert one.result == "rolled-back"
    assert [name for name, _ in fake.patches] == ["root", "web", "root"]
    assert fake.objects["root"]["spec"] == ROOT["spec"]
    assert fake.objects["web"]["spec"] == WEB["spec"]


@pytest.mark.parametrize("fault", ["timeout after", "cut after", "500 after"])
async def test_a_write_without_an_answer_is_read_again_and_never_sent_again(fault: str, ledger: Ledger) -> None:
    fake = FakeKube(ROOT, WEB)
    fake.faults["root", 1] = fault
    one = await carried(chain(), fake, ledger)
    assert one.result == "written"
    assert [name for name, _ in fake.patches] == ["root", "web"], "each once"
    told = [event.body["message"] for event in ledger.events() if event.kind == EventKind.STEP]
    assert "it was read again, and it is there" in told[0]


@pytest.mark.parametrize("fault", ["timeout before", "cut before"])
async def test_a_write_that_never_arrived_is_found_out_by_reading(fault: str, ledger: Ledger) -> None:
    fake = FakeKube(ROOT, WEB)
    fake.faults["web", 1] = fault
    one = await carried(chain(), fake, ledger)
    assert one.result == "rolled-back"
    assert [name for name, _ in fake.patches] == ["root", "web", "root"]
    assert fake.objects["root"]["spec"] == ROOT["spec"]


async def test_what_nobody_can_decide_stays_open(ledger: Ledger) -> None:
    fake = FakeKube(ROOT, WEB)
    fake.faults["root", 1] = "cut after"
    fake.after = lambda name: setattr(fake, "blind", True)
    one = await carried(chain(), fake, ledger)
    assert one.result == "unknown"
    assert len(fake.patches) == 1
    assert results(ledger)[-1] == ("step", "unknown")
    (act,) = ledger.acts().open
    assert act.id == one.plan.id


async def test_a_roll_back_that_fails_stays_open_and_says_what_is_left(ledger: Ledger) -> None:
    fake = FakeKube(ROOT, WEB)
    fake.faults["web", 1], fake.faults["root", 2] = "403", "403"
    one = await carried(chain(), fake, ledger)
    assert one.result == "unknown"
    assert one.message.startswith("could not be taken back: Application/root")
    assert ledger.acts().open


async def test_nothing_is_written_without_a_journal(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise LedgerError("The ledger cannot be written", "No space left on device")

    monkeypatch.setattr(ledger, "append", full)
    fake = FakeKube(ROOT, WEB)
    with pytest.raises(LedgerError, match="No space left"):
        await carried(chain(), fake, ledger)
    assert fake.patches == []


async def test_a_journal_that_fails_in_the_middle_leaves_nothing_standing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ledger.append

    def full(kind: EventKind, body: Any) -> Any:
        if kind is EventKind.STEP and body["number"] == 2:
            raise LedgerError("The ledger cannot be written", "No space left on device")
        return real(kind, body)

    monkeypatch.setattr(ledger, "append", full)
    fake = FakeKube(ROOT, WEB)
    with pytest.raises(LedgerError, match="taken back"):
        await carried(chain(), fake, ledger)
    assert (fake.objects["web"]["spec"], fake.objects["root"]["spec"]) == (WEB["spec"], ROOT["spec"])


async def test_cancelling_between_steps_takes_back(ledger: Ledger) -> None:
    fake = FakeKube(ROOT, WEB)
    one = await carried(chain(), fake, ledger, cancelled=lambda: bool(fake.patches))
    assert one.result == "rolled-back"
    assert fake.objects["root"]["spec"] == ROOT["spec"]
    assert [name for name, _ in fake.patches] == ["root", "root"]


async def test_cancelled_before_the_first_write(ledger: Ledger) -> None:
    fake = FakeKube(ROOT, WEB)
    one = await carried(chain(), fake, ledger, cancelled=lambda: True)
    assert one.result == "cancelled"
    assert fake.patches == []
    assert results(ledger) == [("intent", ""), ("outcome", "cancelled")]


async def test_a_skipped_step_is_journalled_and_not_sent(ledger: Ledger) -> None:
    fake = FakeKube(ROOT, WEB)
    plan = pause("web", step(ROOT, 1)._replace(skipped=True, optional=True), step(WEB, 2))
    assert (await carried(plan, fake, ledger)).result == "written"
    assert [name for name, _ in fake.patches] == ["web"]
    assert results(ledger)[1] == ("step", "skipped")


async def test_a_sync_that_ended_by_itself_is_no_obstacle(ledger: Ledger) -> None:
    fake = FakeKube(WEB)
    fake.objects["web"]["status"]["operationState"] = {"phase": "Succeeded"}
    plan = pause("web", step(WEB, 1), stop_step("web", 2))
    assert (await carried(plan, fake, ledger)).result == "written"
    assert ("step", "skipped") in results(ledger)


async def test_a_running_sync_is_stopped(ledger: Ledger) -> None:
    fake = FakeKube(WEB)
    fake.objects["web"]["status"]["operationState"] = {"phase": "Running"}
    plan = pause("web", step(WEB, 1), stop_step("web", 2))
    assert (await carried(plan, fake, ledger)).result == "written"
    assert fake.objects["web"]["status"]["operationState"]["phase"] == "Terminating"


async def test_a_sync_that_may_not_be_stopped_leaves_the_pause_standing(ledger: Ledger) -> None:
    fake = FakeKube(WEB)
    fake.objects["web"]["status"]["operationState"] = {"phase": "Running"}
    fake.faults["web", 2] = "403"
    assert (await carried(pause("web", step(WEB, 1), stop_step("web", 2)), fake, ledger)).result == "written"
    assert results(ledger)[2] == ("step", "refused")


async def test_another_drifttui_at_the_same_unit_goes_first(ledger: Ledger) -> None:
    body = {"act": "aaaaaaaaaaaa", "purpose": "pause", "unit": str(unit("web")), "plan": plan_json(chain())}
    process = {"host": os.uname().nodename, "pid": os.getpid(), "started": ""}
    ledger.append(EventKind.INTENT, {**body, "process": process})
    fake = FakeKube(ROOT, WEB)
    one = await carried(chain(), fake, ledger)
    assert one.result == "refused"
    assert "at work" in one.message
    assert fake.patches == []


async def test_of_two_at_the_same_moment_one_writes(ledger: Ledger, tmp_path: Path) -> None:
    other = open_ledger(tmp_path / "ledger.db", clock=now, actor="bob@desk")
    fake = FakeKube(ROOT, WEB)
    async with ways_to(fake, timeout=5.0) as ways:
        both = await asyncio.gather(
            carry_out([chain()], ways, ledger, clock=now),
            carry_out([chain()._replace(id="fedcba987654")], ways, other, clock=now),
        )
    other.close()
    ends = sorted(one.result for (one,) in both)
    assert ends.count("written") == 1, ends
    assert len(fake.patches) <= 3
    assert fake.objects["web"]["spec"]["syncPolicy"]["automated"]["enabled"] is False
    assert fake.objects["root"]["spec"]["syncPolicy"]["automated"]["enabled"] is False


async def test_a_plan_that_leans_on_a_step_of_another_is_refused_without_it(ledger: Ledger) -> None:
    other = application("api")
    fake = FakeKube(ROOT, WEB, other)
    shared = step(ROOT, 1)._replace(skipped=True)
    second = pause("api", shared, step(other, 2), act="222222222222")
    one = await carried(second, fake, ledger)
    assert one.result == "refused"
    assert "leans on" in one.message
    async with ways_to(fake) as ways:
        ends = await carry_out([chain(), second], ways, ledger, clock=now)
    assert [one.result for one in ends] == ["written", "written"]
    assert [name for name, _ in fake.patches] == ["root", "web", "api"]


@pytest.mark.parametrize("access", [Access.READ_ONLY, Access.STRICT])
async def test_read_only_sends_nothing(access: Access, ledger: Ledger) -> None:
    fake = FakeKube(ROOT, WEB)
    async with ways_to(fake, access=access) as ways:
        (one,) = await carry_out([chain()], ways, ledger, clock=now)
    assert one.result == "failed"
    assert "--read-only" in one.message
    assert fake.patches == []


async def test_an_object_that_was_made_anew_is_another_one(ledger: Ledger) -> None:
    fake = FakeKube(ROOT, application("web", uid="another"))
    one = await carried(chain(), fake, ledger)
    assert one.result == "refused"
    assert "deleted and made anew" in one.message
