"""Links in a real ledger: made, changed, read again at their trackers, and what becomes of them when nobody answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from drifttui.core.errors import InputError, Unreachable
from drifttui.core.ledger import EventKind
from drifttui.core.link_refs import LinkRef, Tracker
from drifttui.core.link_standing import LinkStanding, standing
from drifttui.core.tracker import Resolved
from drifttui.services.linking import Rereading, link_to_incident, make_link, take_out
from drifttui.store.ledger import Ledger, open_ledger

from .fakes import NOW, HandClock

WEB, API = "argocd/a/argocd/web", "argocd/a/argocd/api"
OPEN = Resolved("Checkout fails", "Investigating", True, opened=NOW - timedelta(hours=1), kind="incident")


class Asked:
    """A tracker that says what it is told to say."""

    def __init__(self, answer: Resolved = OPEN) -> None:
        self.answer: Resolved | Exception = answer
        self.refs: list[LinkRef] = []

    async def resolve(self, ref: LinkRef) -> Resolved:
        self.refs.append(ref)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def close(self) -> None:
        raise AssertionError("whoever opened it closes it")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: HandClock) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.db", clock=clock, actor="ada@laptop")
    yield opened
    opened.close()


async def test_a_link_without_any_tracker_works(ledger: Ledger, clock: HandClock) -> None:
    made = await make_link(
        ledger,
        "INC-9127",
        clock=clock,
        expires=NOW + timedelta(hours=2),
        approver="grace",
        units=[WEB],
        findings=["f1"],
    )
    assert (made.ref, made.kind, made.approver, made.actor) == ("INC-9127", "incident", "grace", "ada@laptop")
    assert (*made.units, *made.findings) == (WEB, "f1")
    assert made.problem.startswith("No JIRA_TOKEN")
    assert standing(made, clock()) is LinkStanding.OPEN
    assert [event.kind for event in ledger.events()] == [EventKind.LINK, EventKind.COVER]


async def test_the_same_reference_is_the_same_link(ledger: Ledger, clock: HandClock) -> None:
    first = await make_link(ledger, "INC-9127", clock=clock, units=[WEB], note="seen by ada")
    head = ledger.head()
    again = await make_link(ledger, "inc-9127", clock=clock, units=[WEB])
    assert again == first
    assert ledger.head() == head, "nothing new, nothing recorded"
    address = "https://acme.atlassian.net/browse/INC-9127"
    moved = await make_link(ledger, address, clock=clock, units=[API])
    assert moved.id == first.id
    assert (moved.ref, moved.note) == (address, "seen by ada")
    assert moved.units == {WEB, API}
    bare = await make_link(ledger, "INC-9127", clock=clock)
    assert bare.ref == address, "an address says more than the bare id"


async def test_secrets_reach_no_event(ledger: Ledger, clock: HandClock) -> None:
    await make_link(
        ledger,
        "https://oncall:hunter2secret@jira.acme.example/browse/PAY-12?token=hunter2secret",
        clock=clock,
        note="password=hunter2secret",
        approver="token=hunter2secret",
    )
    assert "hunter2secret" not in "".join(str(event.body) for event in ledger.events())


async def test_a_tracker_s_word_is_taken_in(ledger: Ledger, clock: HandClock) -> None:
    change = Resolved(
        "Raise the pool",
        "Implement",
        True,
        NOW - timedelta(minutes=30),
        None,
        NOW + timedelta(hours=3),
        "Grace Hopper",
        "https://acme.service-now.com/x",
        "change",
    )
    tracker = Asked(change)
    made = await make_link(
        ledger,
        "CHG0030001",
        clock=clock,
        expires=NOW + timedelta(hours=1),
        approver="ada",
        opened=NOW - timedelta(days=1),
        resolvers={Tracker.SERVICENOW: tracker},
    )
    assert (made.title, made.state, made.kind, made.checked_at) == ("Raise the pool", "Implement", "change", NOW)
    assert made.expires == NOW + timedelta(hours=1), "the earlier end counts"
    assert made.approver == "Grace Hopper", "nobody types an approval that the tracker knows better"
    assert made.opened == change.opened
    assert made.problem == ""


async def test_a_tracker_that_does_not_answer_takes_nothing_away(ledger: Ledger, clock: HandClock) -> None:
    tracker = Asked()
    resolvers = {Tracker.JIRA: tracker}
    await make_link(ledger, "INC-9127", clock=clock, units=[WEB], resolvers=resolvers)
    tracker.answer = Unreachable("Jira: no connection", "https://acme.atlassian.net: timed out", "Check the network.")
    clock.forward(minutes=5)
    again = await make_link(ledger, "INC-9127", clock=clock, resolvers=resolvers)
    assert (again.title, again.state, again.checked_at) == ("Checkout fails", "Investigating", NOW)
    assert again.problem.startswith("Jira: no connection")


async def test_an_end_that_passed_does_not_stay_when_it_is_linked_again(ledger: Ledger, clock: HandClock) -> None:
    await make_link(ledger, "CHG-1", clock=clock, expires=NOW + timedelta(hours=1))
    clock.forward(hours=2)
    assert (await make_link(ledger, "CHG-1", clock=clock, units=[WEB])).expires is None
    longer = NOW + timedelta(hours=5)
    assert (await make_link(ledger, "CHG-1", clock=clock, expires=longer)).expires == longer


async def test_what_is_taken_out(ledger: Ledger, clock: HandClock) -> None:
    await make_link(ledger, "INC-9127", clock=clock, units=[WEB, API], findings=["f1"], pauses=["p1"])
    left = await take_out(ledger, "INC-9127", units=[WEB, "argocd/a/argocd/never"])
    assert (*left.units, *left.findings) == (API, "f1")
    left = await take_out(ledger, "INC-9127")
    assert not (left.units or left.findings or left.pauses)
    head = ledger.head()
    await take_out(ledger, "INC-9127")
    assert ledger.head() == head
    with pytest.raises(InputError, match="No link INC-1"):
        await take_out(ledger, "INC-1")


async def test_everything_done_is_under_the_session_s_incident(ledger: Ledger, clock: HandClock) -> None:
    assert await link_to_incident(ledger, "", clock=clock, units=[WEB]) is None
    tracker = Asked()
    for unit in (WEB, API, API):
        made = await link_to_incident(ledger, "INC-9127", clock=clock, units=[unit], resolvers={Tracker.JIRA: tracker})
    assert made is not None
    assert (set(made.units), made.title) == ({WEB, API}, "Checkout fails")
    assert len(tracker.refs) == 1, "asked once, when the ledger did not know it"


async def test_links_that_stand_are_read_again_and_only_news_is_recorded(ledger: Ledger, clock: HandClock) -> None:
    tracker = Asked()
    resolvers = {Tracker.JIRA: tracker}
    made = await make_link(ledger, "INC-9127", clock=clock, units=[WEB], resolvers=resolvers)
    await make_link(ledger, "INC-1", clock=clock, resolvers=resolvers)  # Covers nothing.
    await make_link(ledger, "INC-2", clock=clock, units=[WEB], expires=NOW - timedelta(hours=1), resolvers=resolvers)
    reread = Rereading(ledger, resolvers, clock)
    tracker.refs.clear()
    head = ledger.head()
    assert await reread() == ()
    assert not tracker.refs, "just read"
    clock.forward(minutes=4)
    assert await reread() == ()
    assert [ref.key for ref in tracker.refs] == ["INC-9127"]
    assert ledger.head() == head, "nothing changed"
    assert await reread() == ()
    assert len(tracker.refs) == 1, "not more often than every few minutes"
    tracker.answer = OPEN._replace(state="Resolved", open=False, closed=clock())
    assert await reread(now=True) == (made.id,)
    closed = ledger.acts().links[made.id]
    assert standing(closed, clock()) is LinkStanding.CLOSED
    assert closed.units == {WEB}, "what it covers stays"
    clock.forward(minutes=10)
    tracker.refs.clear()
    assert await reread() == ()
    assert not tracker.refs, "what is over is not asked again"


async def test_a_tracker_that_fails_is_recorded_once_and_belief_runs_out(ledger: Ledger, clock: HandClock) -> None:
    tracker = Asked()
    resolvers = {Tracker.JIRA: tracker}
    made = await make_link(ledger, "INC-9127", clock=clock, units=[WEB], resolvers=resolvers)
    reread = Rereading(ledger, resolvers, clock)
    for minutes in range(5):
        clock.forward(minutes=20)
        tracker.answer = Unreachable("Jira: no connection", f"try {minutes}")
        news = await reread()
        assert news == ((made.id,) if minutes == 0 else ())
    assert standing(ledger.acts().links[made.id], clock()) is LinkStanding.UNKNOWN
    tracker.answer = OPEN
    clock.forward(minutes=5)
    assert await reread() == (made.id,)
    assert standing(ledger.acts().links[made.id], clock()) is LinkStanding.OPEN
    for _ in range(12):
        clock.forward(minutes=10)
        await reread()
        assert standing(ledger.acts().links[made.id], clock()) is LinkStanding.OPEN, "kept believable while it answers"


async def test_what_is_refused_changes_nothing(ledger: Ledger, clock: HandClock) -> None:
    with pytest.raises(InputError):
        await make_link(ledger, "javascript:alert(1)", clock=clock)
    with pytest.raises(InputError, match="no kind"):
        await make_link(ledger, "INC-1", "ticket", clock=clock)
    assert ledger.head().seq == 0
