"""A pause counts as holding when it was seen to hold, and whoever undid it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from drifttui.core.acts import PauseState
from drifttui.core.pause import Plan, Progress
from drifttui.services.holding import Held, check, hold
from drifttui.services.writing import carry_out
from drifttui.store.ledger import Ledger, open_ledger
from tests.services.fake_kube import FakeKube, FakeWays, application, now, ways_to
from tests.services.pause_plans import pause, resume, step

ROOT, WEB = application("root"), application("web")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(tmp_path / "ledger.db", clock=now, actor="alice@laptop")
    yield made
    made.close()


class Time:
    """A clock that only sleeping moves. `happens` is what others do while we sleep, by the number of the sleep."""

    def __init__(self) -> None:
        self.at = now()
        self.slept = 0
        self.happens: dict[int, object] = {}

    def __call__(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept += 1
        self.at += timedelta(seconds=seconds)
        deed = self.happens.get(self.slept)
        if callable(deed):
            deed()


async def held(plan: Plan, ways: FakeWays, ledger: Ledger, time: Time, told: list[Progress] | None = None) -> Held:
    heard: list[Progress] = [] if told is None else told
    await carry_out([plan], ways, ledger, clock=now)
    (one,) = await hold([plan], ways, ledger, clock=time, progress=heard.append, sleep=time.sleep)
    return one


def chain(watch: float = 60.0) -> Plan:
    return pause("web", step(ROOT, 1), step(WEB, 2), watch=watch)


def reconciled(fake: FakeKube, name: str, minute: int) -> None:
    fake.objects[name]["status"]["reconciledAt"] = f"2026-11-21T03:{minute:02}:00Z"


async def test_it_holds_after_the_time_to_watch(ledger: Ledger) -> None:
    fake, time, told = FakeKube(ROOT, WEB), Time(), list[Progress]()
    async with ways_to(fake) as ways:
        one = await held(chain(watch=20.0), ways, ledger, time, told)
    assert (one.result, one.checks) == ("holding", 5)
    assert time.slept == 4
    assert told[-1].done
    assert told[-1].phase == "holding"
    record = ledger.acts().pauses[one.plan.id]
    assert (record.state, record.checks) == (PauseState.HOLDING, 5)


async def test_three_reconciliations_of_every_owner_are_enough(ledger: Ledger) -> None:
    fake, time = FakeKube(ROOT, WEB), Time()

    def both(minute: int) -> Callable[[], None]:
        def deed() -> None:
            reconciled(fake, "root", minute)
            reconciled(fake, "web", minute)

        return deed

    time.happens = {number: both(number) for number in range(1, 9)}
    async with ways_to(fake) as ways:
        one = await held(chain(watch=600.0), ways, ledger, time)
    assert one.result == "holding"
    assert time.slept == 3
    assert "3 reconciliations seen" in one.message


async def test_reconciliations_of_one_owner_alone_are_not_enough(ledger: Ledger) -> None:
    fake, time = FakeKube(ROOT, WEB), Time()
    time.happens = {number: lambda n=number: reconciled(fake, "web", n) for number in range(1, 30)}
    async with ways_to(fake) as ways:
        await held(chain(watch=60.0), ways, ledger, time)
    assert time.slept == 12


async def test_who_undoes_it_is_named(ledger: Ledger) -> None:
    fake, time = FakeKube(ROOT, WEB), Time()
    time.happens[2] = lambda: fake.touch(
        "web", lambda one: one["spec"]["syncPolicy"]["automated"].pop("enabled"), "argocd-applicationset-controller"
    )
    async with ways_to(fake) as ways:
        one = await held(chain(), ways, ledger, time)
    assert (one.result, one.by) == ("undone", "argocd-applicationset-controller")
    assert "spec.syncPolicy.automated" in one.message
    assert "by argocd-applicationset-controller" in one.message
    record = ledger.acts().pauses[one.plan.id]
    assert (record.state, record.ended_by) == (PauseState.UNDONE, "argocd-applicationset-controller")


async def test_a_stripped_annotation_does_not_undo_it(ledger: Ledger) -> None:
    fake, time = FakeKube(ROOT, WEB), Time()
    time.happens[1] = lambda: fake.touch("web", lambda one: one["metadata"].pop("annotations"))
    async with ways_to(fake) as ways:
        one = await held(chain(watch=20.0), ways, ledger, time)
    assert one.result == "holding"
    assert "drifttui.dev/pause" in one.message


async def test_a_policy_edited_while_off_still_holds_and_is_told(ledger: Ledger) -> None:
    fake, time = FakeKube(ROOT, WEB), Time()
    time.happens[1] = lambda: fake.touch("web", lambda one: one["spec"]["syncPolicy"]["automated"].update(prune=False))
    async with ways_to(fake) as ways:
        one = await held(chain(watch=20.0), ways, ledger, time)
    assert one.result == "holding"
    assert "automated is" in one.message


async def test_an_object_made_anew_is_not_paused(ledger: Ledger) -> None:
    fake, time = FakeKube(ROOT, WEB), Time()
    time.happens[1] = lambda: fake.objects.update(web=application("web", uid="another"))
    async with ways_to(fake) as ways:
        one = await held(chain(), ways, ledger, time)
    assert one.result == "undone"
    assert "made anew" in one.message


async def test_what_cannot_be_read_is_not_called_holding(ledger: Ledger) -> None:
    fake, time = FakeKube(ROOT, WEB), Time()
    time.happens[1] = lambda: setattr(fake, "blind", True)
    async with ways_to(fake) as ways:
        one = await held(chain(watch=20.0), ways, ledger, time)
    assert one.result == "unknown"
    assert ledger.acts().pauses[one.plan.id].state is PauseState.WRITTEN


async def test_who_stops_watching_claims_nothing(ledger: Ledger) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain()
    async with ways_to(fake) as ways:
        await carry_out([plan], ways, ledger, clock=now)
        (one,) = await hold([plan], ways, ledger, clock=now, cancelled=lambda: True)
    assert one.result == "unknown"
    assert ledger.acts().pauses[plan.id].state is PauseState.WRITTEN


async def test_later_checks_find_what_was_undone_since(ledger: Ledger) -> None:
    fake, time = FakeKube(ROOT, WEB), Time()
    async with ways_to(fake) as ways:
        one = await held(chain(watch=20.0), ways, ledger, time)
        assert one.result == "holding"
        (seen,) = await check(list(ledger.acts().pauses.values()), ways, ledger, clock=now)
        assert seen.look.holds
        assert ledger.acts().pauses[one.plan.id].state is PauseState.HOLDING
        fake.touch("web", lambda held: held["spec"]["syncPolicy"]["automated"].update(enabled=True), "argocd-server")
        (seen,) = await check(list(ledger.acts().pauses.values()), ways, ledger, clock=now)
    assert seen.look.holds is False
    record = ledger.acts().pauses[one.plan.id]
    assert (record.state, record.ended_by) == (PauseState.UNDONE, "argocd-server")


async def test_a_later_check_proves_what_nobody_watched(ledger: Ledger) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain(watch=60.0)
    async with ways_to(fake) as ways:
        await carry_out([plan], ways, ledger, clock=now)
        await check(list(ledger.acts().pauses.values()), ways, ledger, clock=now)
        assert ledger.acts().pauses[plan.id].state is PauseState.WRITTEN, "it has stood for a moment only"
        later = now() + timedelta(minutes=2)
        await check(list(ledger.acts().pauses.values()), ways, ledger, clock=lambda: later)
    assert ledger.acts().pauses[plan.id].state is PauseState.HOLDING


async def test_a_check_that_reads_nothing_claims_nothing(ledger: Ledger) -> None:
    fake, plan = FakeKube(ROOT, WEB), chain(watch=60.0)
    async with ways_to(fake) as ways:
        await carry_out([plan], ways, ledger, clock=now)
        fake.blind = True
        (seen,) = await check(list(ledger.acts().pauses.values()), ways, ledger, clock=now)
    assert seen.look.holds is None
    assert ledger.acts().pauses[plan.id].state is PauseState.WRITTEN


async def test_resumed_by_a_colleague_is_not_undone(ledger: Ledger, tmp_path: Path) -> None:
    other = open_ledger(tmp_path / "other.db", clock=now, actor="bob@desk")
    fake, plan = FakeKube(ROOT, WEB), chain()
    async with ways_to(fake) as ways:
        await carry_out([plan], ways, ledger, clock=now)
        back = resume(plan, fake.objects["root"], fake.objects["web"])
        (one,) = await carry_out([back], ways, other, clock=now)
        assert one.result == "resumed"
        (seen,) = await check(list(ledger.acts().pauses.values()), ways, ledger, clock=now)
    other.close()
    assert seen.look.resumed
    assert ledger.acts().pauses[plan.id].state is PauseState.RESUMED
