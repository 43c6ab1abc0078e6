"""The operator's verdict stands while the drift is the same, and says what changed when it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drifttui.core.causes import causes_of
from drifttui.core.diff import compare
from drifttui.core.episodes import OpenFinding, carry
from drifttui.core.errors import InputError
from drifttui.core.finding import Finding
from drifttui.core.operator_verdict import standing_verdict
from drifttui.core.verdict import Reason, Verdict
from drifttui.services.deciding import give_verdict, take_back
from drifttui.store.ledger import Ledger, open_ledger

from .fakes import NOW, HandClock, inspection, unit

CLOCK = HandClock()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.db", clock=CLOCK, actor="ada@laptop")
    yield opened
    opened.close()


def findings(replicas: int, name: str = "web", before: tuple[Finding, ...] = ()) -> tuple[Finding, ...]:
    """What a look finds where Git wants 3 replicas."""
    of = unit(name)
    planes = inspection(of, 3, replicas).resources
    return carry(of.id, before, map(compare, planes), {each.ref: each for each in planes}, NOW).findings


async def test_it_is_carried_forward_while_the_drift_is_the_same(ledger: Ledger) -> None:
    first = findings(7)
    ruled = Verdict("unknown", "workload", "medium", "investigate", reasons=(Reason("x", "y"),))
    (given,) = await give_verdict(
        ledger, [first[0]._replace(verdict=ruled)], "emergency", "update-git", "scaled for the sale", clock=CLOCK
    )
    assert (given.drift_class, given.action, given.note) == ("emergency", "update-git", "scaled for the sale")
    assert (given.actor, given.unit, given.resource) == ("ada@laptop", str(first[0].unit), str(first[0].ref))
    assert given.rules["drift_class"] == "unknown", "what the rules said stands beside it"
    again = findings(7, before=first)
    standing = standing_verdict(ledger.acts(), again[0])
    assert standing is not None
    assert (standing.verdict, standing.reopened, standing.changed) == (given, False, ())


async def test_it_is_reopened_when_the_drift_changes_and_says_how(ledger: Ledger) -> None:
    first = findings(7)
    await give_verdict(ledger, first, "emergency", "update-git", clock=CLOCK)
    changed = findings(9, before=first)
    assert changed[0].id == first[0].id
    standing = standing_verdict(ledger.acts(), changed[0])
    assert standing is not None
    assert standing.reopened
    assert standing.changed == ("/spec/replicas: then 3 → 7, now 3 → 9",)
    back = standing_verdict(ledger.acts(), findings(7, before=changed)[0])
    assert back is not None
    assert not back.reopened, "the drift that was judged is back"
    assert standing_verdict(ledger.acts(), findings(7, "other")[0]) is None


async def test_what_only_the_store_remembers_can_be_classified_too(ledger: Ledger) -> None:
    first = findings(7)[0]
    await give_verdict(ledger, [OpenFinding.of(first)], "unauthorized", "revert-runtime", clock=CLOCK)
    standing = standing_verdict(ledger.acts(), first)
    assert standing is not None
    assert not standing.reopened
    moved = standing_verdict(ledger.acts(), findings(9, before=(first,))[0])
    assert moved is not None
    assert (moved.reopened, moved.changed) == (True, ()), "nobody remembers what it was then"


async def test_many_of_one_cause_are_one_event(ledger: Ledger) -> None:
    held = [findings(7, f"web-{n}")[0] for n in range(100)]
    cause = causes_of(held)[0].words
    given = await give_verdict(ledger, held, "dependency", "ignore", cause=cause, clock=CLOCK, incident="INC-9127")
    assert ledger.head().seq == 3, "the verdict, the link of the session's incident and what it covers"
    assert {verdict.cause for verdict in given} == {cause}
    acts = ledger.acts()
    assert all(standing_verdict(acts, one) is not None for one in held)
    (link,) = acts.links.values()
    assert link.findings == {one.id for one in held}


async def test_it_can_be_taken_back(ledger: Ledger) -> None:
    first = findings(7)
    await give_verdict(ledger, first, "emergency", "ignore", clock=CLOCK)
    await take_back(ledger, first, "was wrong")
    assert standing_verdict(ledger.acts(), first[0]) is None
    assert ledger.head().seq == 2


@pytest.mark.parametrize(
    ("drift_class", "action", "said"), [("drift", "ignore", "no class"), ("unknown", "\x1b[31mrm", "no action")]
)
async def test_words_outside_the_vocabulary_are_refused(
    ledger: Ledger, drift_class: str, action: str, said: str
) -> None:
    with pytest.raises(InputError, match=said) as refused:
        await give_verdict(ledger, findings(7), drift_class, action, clock=CLOCK)
    assert refused.value.one_line().isprintable()
    with pytest.raises(InputError, match="No finding"):
        await give_verdict(ledger, [], "unknown", "ignore", clock=CLOCK)
    assert ledger.head().seq == 0


async def test_values_of_secrets_are_not_remembered(ledger: Ledger) -> None:
    (first,) = findings(7)
    change = first.changes[0]._replace(
        label="/data/password", desired={"digest": "hmac:aaaaaaaaaaaaaaaa"}, actual={"digest": "hmac:bbbbbbbbbbbbbbbb"},
        sensitive=True,
    )  # fmt: skip
    (given,) = await give_verdict(ledger, [first._replace(changes=(change,))], "unknown", "ignore", clock=CLOCK)
    assert "bbbbbbbbbbbbbbbb" not in str(given.rules)
    other = change._replace(actual={"digest": "hmac:cccccccccccccccc"})
    standing = standing_verdict(ledger.acts(), first._replace(changes=(other,), fingerprint="another"))
    assert standing is not None
    assert len(standing.changed) == 1, "that it is another value shows"
