"""After a crash the next start says what is true and finishes or undoes it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from drifttui.core.acts import PauseState
from drifttui.core.ledger import EventKind
from drifttui.core.pause import Plan
from drifttui.core.pause_json import plan_json
from drifttui.services import stepping
from drifttui.services.recovery import Choice, Recovered, by_purpose, recover, unverified
from drifttui.services.writing import carry_out
from drifttui.store.ledger import Ledger, open_ledger
from drifttui.store.processes import is_alive, this_process
from tests.services.fake_kube import FakeKube, application, now, ways_to
from tests.services.pause_plans import pause, resume, step

ROOT, WEB = application("root"), application("web")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(tmp_path / "ledger.db", clock=now, actor="alice@laptop")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "REREADS", (0.0, 0.01))


@pytest.fixture(scope="module")
def dead() -> dict[str, object]:
    """A process of this machine that is no more."""
    code = "import json; from drifttui.store.processes import this_process as t; print(json.dumps(t()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    import json

    found: dict[str, object] = json.loads(done.stdout)
    return found


def chain() -> Plan:
    return pause("web", step(ROOT, 1), step(WEB, 2))


def intend(ledger: Ledger, plan: Plan, process: dict[str, object]) -> None:
    body = {"act": plan.id, "purpose": str(plan.purpose), "unit": str(plan.unit), "plan": plan_json(plan)}
    ledger.append(EventKind.INTENT, {**body, "process": process})


async def recovered(
    fake: FakeKube, ledger: Ledger, choose: Choice | None = None, later: timedelta = timedelta()
) -> list[Recovered]:
    async with ways_to(fake) as ways:
        chosen = (lambda plan: choose) if choose else by_purpose
        return list(await recover(ways, ledger, clock=lambda: now() + later, choose=chosen))


def written(fake: FakeKube, plan: Plan, *numbers: int) -> None:
    """As if the process had written these steps before it died."""
    from drifttui.core.json_patch import applied

    for write in plan.writes:
        if write.number in numbers:
            made = applied(fake.objects[write.target.name], write.patch)
            assert isinstance(made, dict)
            fake.objects[write.target.name] = made


async def test_killed_before_the_first_write(ledger: Ledger, dead: dict[str, object]) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    intend(ledger, plan, dead)
    (one,) = await recovered(fake, ledger)
    assert one.result == "cancelled"
    assert fake.patches == []
    assert ledger.acts().pauses[plan.id].state is PauseState.FAILED
    assert not ledger.acts().open


async def test_killed_after_the_last_write(ledger: Ledger, dead: dict[str, object]) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    intend(ledger, plan, dead)
    written(fake, plan, 1, 2)
    (one,) = await recovered(fake, ledger)
    assert one.result == "written"
    assert fake.patches == []
    assert [pause.id for pause in unverified(list(ledger.acts().pauses.values()))] == [plan.id]


async def test_half_a_pause_is_taken_back(ledger: Ledger, dead: dict[str, object]) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    intend(ledger, plan, dead)
    written(fake, plan, 1)
    (one,) = await recovered(fake, ledger)
    assert one.result == "rolled-back"
    assert fake.objects["root"]["spec"] == ROOT["spec"]
    assert fake.objects["web"]["spec"] == WEB["spec"]


async def test_half_a_pause_is_finished_where_that_is_chosen(ledger: Ledger, dead: dict[str, object]) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    intend(ledger, plan, dead)
    written(fake, plan, 1)
    (one,) = await recovered(fake, ledger, Choice.FINISH)
    assert one.result == "written"
    assert [name for name, _ in fake.patches] == ["web"]
    assert fake.objects["web"]["spec"]["syncPolicy"]["automated"]["enabled"] is False


async def test_half_a_resume_is_finished(ledger: Ledger, dead: dict[str, object]) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    async with ways_to(fake) as ways:
        await carry_out([plan], ways, ledger, clock=now)
    back = resume(plan, fake.objects["root"], fake.objects["web"])
    intend(ledger, back, dead)
    written(fake, back, 1)
    (one,) = await recovered(fake, ledger)
    assert one.result == "resumed"
    assert (fake.objects["web"]["spec"], fake.objects["root"]["spec"]) == (WEB["spec"], ROOT["spec"])
    assert ledger.acts().pauses[plan.id].state is PauseState.RESUMED


async def test_what_somebody_changed_since_is_not_written_over(ledger: Ledger, dead: dict[str, object]) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    intend(ledger, plan, dead)
    written(fake, plan, 1)
    fake.touch("web", lambda one: one["spec"]["syncPolicy"]["automated"].update(prune=False))
    (one,) = await recovered(fake, ledger)
    assert one.result == "rolled-back"
    assert "somebody changed it since" in one.words
    assert [name for name, _ in fake.patches] == ["root"]
    assert fake.objects["web"]["spec"]["syncPolicy"]["automated"] == {"prune": False, "selfHeal": True}


async def test_an_annotation_that_was_stripped_since_does_not_make_it_unwritten(
    ledger: Ledger, dead: dict[str, object]
) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    intend(ledger, plan, dead)
    written(fake, plan, 1, 2)
    fake.touch("web", lambda one: one["metadata"].pop("annotations"))
    (one,) = await recovered(fake, ledger)
    assert one.result == "written"


async def test_what_cannot_be_read_stays_open(ledger: Ledger, dead: dict[str, object]) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    fake.blind = True
    intend(ledger, plan, dead)
    (one,) = await recovered(fake, ledger)
    assert one.open
    assert ledger.acts().open
    fake.blind = False
    (one,) = await recovered(fake, ledger)
    assert one.result == "cancelled"


async def test_a_process_that_still_runs_is_left_alone(ledger: Ledger) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    intend(ledger, plan, this_process())
    (one,) = await recovered(fake, ledger)
    assert one.result == "at work"
    assert ledger.acts().open


async def test_another_machine_is_left_alone_for_a_while(ledger: Ledger) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    intend(ledger, plan, {"host": "desk", "pid": 1, "started": ""})
    assert [one.result for one in await recovered(fake, ledger)] == ["at work"]
    assert [one.result for one in await recovered(fake, ledger, later=timedelta(minutes=11))] == ["cancelled"]


async def test_an_object_that_is_gone_was_never_paused(ledger: Ledger, dead: dict[str, object]) -> None:
    fake, plan = FakeKube(ROOT), chain()
    intend(ledger, plan, dead)
    written(fake, plan, 1)
    (one,) = await recovered(fake, ledger)
    assert one.result == "rolled-back"
    assert fake.objects["root"]["spec"] == ROOT["spec"]


def test_a_process_is_told_from_a_later_one_of_its_number(dead: dict[str, object]) -> None:
    assert is_alive(this_process()) is True
    assert is_alive(dead) is False
    assert is_alive({**this_process(), "host": "desk"}) is None
    assert is_alive({"host": os.uname().nodename, "pid": os.getpid(), "started": "another boot:1"}) is False
    assert is_alive({}) is None
