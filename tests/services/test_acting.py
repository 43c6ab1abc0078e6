"""What the screen asks for, carried out in a thread: against a cluster on a local socket and a real ledger."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.core.acts import PauseState
from drifttui.core.asks import Answer, Choice, LinkWish, Planned
from drifttui.core.json_patch import PatchError, applied
from drifttui.core.ledger import EventKind
from drifttui.core.pause import Plan, Progress
from drifttui.core.pause_draft import stored
from drifttui.core.pause_note import NOTE
from drifttui.core.unit import Unit
from drifttui.services.acting import LiveActing
from drifttui.store.ledger import open_ledger
from tests.clients.raw_http import Reply, Request
from tests.core.pause_documents import application, unit_of
from tests.screens import boards
from tests.services.control_planes import Cluster, serving, settings

HEALS = {"automated": {"prune": True, "selfHeal": True}}
WEB, API = application("web", HEALS), application("api", HEALS)
PATH = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/web"


def clock() -> datetime:
    return datetime.now(UTC)


class Writable(Cluster):
    """Also takes JSON patches, and refuses one whose test fails, as an API server does."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        super().__init__(*objects)
        self.patched: list[str] = []

    async def _handle(self, request: Request, reply: Reply) -> None:
        if request.method != "PATCH":
            await super()._handle(request, reply)
            return
        self.patched.append(request.path)
        try:
            self.objects[request.path] = stored(applied(self.objects[request.path], json.loads(request.body)))
        except PatchError as error:
            await reply.json({"kind": "Status", "code": 422, "message": str(error)}, 422)
            return
        await reply.json(self.objects[request.path])


def unit(document: dict[str, Any]) -> Unit:
    made = unit_of(document)
    return made._replace(id=made.id._replace(source="argocd:prod"))


class Session:
    def __init__(self, acting: LiveActing, folder: Path, cluster: Writable) -> None:
        self.acting, self.cluster = acting, cluster
        self.ledger = folder / "ledger.db"
        self.told: list[Progress] = []

    async def until(self, holds: Callable[[], object], seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                self.acting.drain()
                await asyncio.sleep(0.02)

    async def answer(self, ask: Callable[[Callable[[Any], None]], object]) -> Any:
        got: list[Any] = []
        ask(got.append)
        await self.until(lambda: got)
        return got[0]

    async def pause_plans(self, *documents: dict[str, Any]) -> tuple[Plan, ...]:
        planned: Planned = await self.answer(lambda then: self.acting.plan_pause([unit(d) for d in documents], then))
        assert not planned.problem
        return planned.plans

    async def carried(self, plans: list[Plan], phase: str) -> None:
        self.acting.carry_out(plans, self.told.append)
        await self.until(lambda: any(progress.phase == phase for progress in self.told))


@asynccontextmanager
async def session(folder: Path, *objects: dict[str, Any], **more: Any) -> AsyncIterator[Session]:
    cluster = Writable(*(objects or (WEB, API)))
    async with serving(cluster):
        made = replace(settings(folder, cluster=cluster, crd=True, **more), ledger=str(folder / "ledger.db"))
        acting = LiveActing(made, clock)
        try:
            yield Session(acting, folder, cluster)
        finally:
            await asyncio.to_thread(acting.stop)


def told(plan: Plan, **more: Any) -> Plan:
    said: dict[str, Any] = {"reason": "pool leak", "until": clock() + timedelta(hours=2), "link": "INC-9127", **more}
    return plan._replace(**said)


async def test_a_plan_is_shown_whole_before_anybody_said_why_and_until_when(tmp_path: Path) -> None:
    async with session(tmp_path) as s:
        (plan,) = await s.pause_plans(WEB)
        assert plan.blocked == () and plan.holds
        assert (plan.reason, plan.until) == ("", None)
        assert "it does not end by itself: after its end it counts as overdue" in plan.effects
        assert s.cluster.patched == [] and not s.ledger.exists()


async def test_what_was_confirmed_is_written_with_the_operators_words_and_linked(tmp_path: Path) -> None:
    news: list[int] = []
    async with session(tmp_path) as s:
        s.acting._changed = lambda: news.append(1)
        (plan,) = await s.pause_plans(WEB)
        await s.carried([told(plan)], "verifying")
        document = s.cluster.objects[PATH]
        assert document["spec"]["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True, "enabled": False}
        note = json.loads(document["metadata"]["annotations"][NOTE])
        assert note["reason"] == "pool leak" and note["link"] == "INC-9127"
        assert {progress.plan for progress in s.told} == {plan.id}, "told by the id of the plan that was shown"
        assert [p.phase for p in s.told[:2]] == ["journalled", "writing"]
        assert s.acting.acts is not None and news
        await s.until(lambda: any(link.pauses for link in s.acting.acts.links.values()))  # type: ignore[union-attr]
        (pause,) = s.acting.acts.pauses.values()
        assert (pause.reason, pause.link, pause.state) == ("pool leak", "INC-9127", PauseState.WRITTEN)
        assert pause.id != plan.id
        (link,) = s.acting.acts.links.values()
        assert link.pauses == {pause.id}
    ledger = open_ledger(s.ledger, clock=clock)
    assert [event.kind for event in ledger.events()][:3] == [EventKind.INTENT, EventKind.STEP, EventKind.OUTCOME]
    ledger.close()


async def test_a_plan_that_is_another_one_by_now_writes_nothing(tmp_path: Path) -> None:
    async with session(tmp_path) as s:
        (plan,) = await s.pause_plans(WEB)
        s.cluster.objects[PATH]["spec"]["syncPolicy"]["automated"]["enabled"] = True
        await s.carried([told(plan)], "failed")
        assert s.cluster.patched == [] and not s.ledger.exists()
        assert "nothing was written" in s.told[-1].words and s.told[-1].done and s.told[-1].failed


async def test_a_missing_right_blocks_the_plan_by_its_name(tmp_path: Path) -> None:
    async with session(tmp_path) as s:
        s.cluster.denied.add("patch applications")
        (plan,) = await s.pause_plans(WEB)
        assert any("patch applications.argoproj.io" in why for why in plan.blocked)


async def test_one_unit_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    async with session(tmp_path) as s:
        gone = application("gone", HEALS)
        first, second = await s.pause_plans(gone, WEB)
        assert first.unit.name == "gone" and first.blocked and second.blocked == ()
        planned = await s.answer(lambda then: s.acting.plan_pause([unit(gone)], then))
        assert planned.plans == () and planned.problem


async def test_resuming_gives_back_what_was_taken(tmp_path: Path) -> None:
    async with session(tmp_path) as s:
        before = json.dumps(s.cluster.objects[PATH]["spec"], sort_keys=True)
        (plan,) = await s.pause_plans(WEB)
        await s.carried([told(plan)], "verifying")
        planned = await s.answer(lambda then: s.acting.plan_resume([unit(s.cluster.objects[PATH])], {}, then))
        (resume,) = planned.plans
        assert resume.blocked == ()
        await s.carried([resume], "resumed")
        assert json.dumps(s.cluster.objects[PATH]["spec"], sort_keys=True) == before
        assert s.acting.acts is not None and not any(p.standing for p in s.acting.acts.pauses.values())


async def test_verdicts_links_and_the_incident_are_recorded_and_told(tmp_path: Path) -> None:
    found = boards.payments()[1].findings[0]
    async with session(tmp_path) as s:
        answer: Answer = await s.answer(lambda then: s.acting.set_incident("INC-9127", then))
        assert not answer.failed and s.acting.incident == "INC-9127" and "INC-9127" in answer.words
        choice = Choice("emergency", "incident", "clear")
        answer = await s.answer(lambda then: s.acting.classify([found], choice, then))
        assert answer == Answer("Role/pay-admin classified emergency, incident")
        assert s.acting.acts is not None and s.acting.acts.verdicts[found.id].note == "clear"
        (link,) = s.acting.acts.links.values()
        assert found.id in link.findings, "what is done under an incident is linked to it"
        wish = LinkWish("CHG0031", "change", clock() + timedelta(hours=1), "carol", "", (str(unit(WEB).id),))
        assert not (await s.answer(lambda then: s.acting.link(wish, then))).failed
        covering = [one for one in s.acting.acts.links.values() if one.units]
        assert [(one.ref, one.approver) for one in covering] == [("CHG0031", "carol")]
        assert (await s.answer(lambda then: s.acting.link(LinkWish("ftp://x", "change"), then))).failed
        assert (await s.answer(lambda then: s.acting.link(LinkWish("", "change"), then))).failed
        answer = await s.answer(lambda then: s.acting.set_incident("", then))
        assert s.acting.incident == "" and not answer.failed


async def test_what_the_ledger_cannot_hold_is_not_written(tmp_path: Path) -> None:
    async with session(tmp_path) as s:
        (plan,) = await s.pause_plans(WEB)
        s.ledger.mkdir()
        await s.carried([told(plan)], "failed")
        assert s.cluster.patched == [] and "ledger" in s.told[-1].words.lower()


async def test_an_answer_that_nobody_waits_for_does_not_come(tmp_path: Path) -> None:
    async with session(tmp_path) as s:
        got: list[Planned] = []
        s.acting.cancel(s.acting.plan_pause([unit(WEB)], got.append))
        await s.pause_plans(API)
        assert got == []


async def test_annotations_tell_of_pauses_on_other_ledgers(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    async with session(tmp_path) as s:
        (plan,) = await s.pause_plans(WEB)
        await s.carried([told(plan)], "verifying")
        paused = s.cluster.objects[PATH]
    async with session(tmp_path / "there", paused, API) as s:
        s.acting.look_for([unit(paused), unit(API)])
        await s.until(lambda: s.acting.seen)
        (seen,) = s.acting.seen.values()
        assert (seen.unit, seen.reason) == (str(unit(WEB).id), "pool leak")


async def test_what_a_crash_left_open_is_told_at_the_start(tmp_path: Path) -> None:
    async with session(tmp_path) as s:
        (plan,) = await s.pause_plans(WEB)
        await s.carried([told(plan)], "verifying")
        act = next(iter(s.acting.acts.pauses))  # type: ignore[union-attr]
    ledger = open_ledger(tmp_path / "ledger.db", clock=clock)
    first = next(iter(ledger.events()))
    ledger.append(EventKind.INTENT, {**first.body, "act": "0123456789ab", "process": "another machine/1/1"})
    ledger.close()
    async with session(tmp_path, s.cluster.objects[PATH], API) as s:
        s.acting.start()
        await s.until(lambda: s.acting.acts is not None)
        found: list[Answer] = []
        while not found:
            await asyncio.sleep(0.05)
            found += s.acting.recovered()
        assert any("pause of web, left open" in answer.words for answer in found)
        assert act in s.acting.acts.pauses  # type: ignore[union-attr]


async def test_under_read_only_it_says_why_and_starts_nothing(tmp_path: Path) -> None:
    async with session(tmp_path, access=Access.READ_ONLY) as s:
        assert s.acting.unavailable == "Refused by --read-only"
        s.acting.start()
        await asyncio.sleep(0.2)
        assert s.cluster.patched == [] and not s.ledger.exists()


def test_stopping_what_never_began_costs_nothing(tmp_path: Path) -> None:
    LiveActing(settings(tmp_path), clock).stop()


@pytest.mark.parametrize("module", ["httpx", "sqlite3", "kubernetes"])
def test_nothing_heavy_is_imported_before_the_first_ask(module: str) -> None:
    import subprocess
    import sys

    asked = f"import drifttui.services.acting, drifttui.screens.desk, sys; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], timeout=60, check=False).returncode == 0
