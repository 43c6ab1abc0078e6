"""A link stands, has ended, or nobody knows; and the rules are told of those that cover a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drifttui.core.acts import NOTHING, Acts, LinkRecord
from drifttui.core.ages import Times
from drifttui.core.case import ChangeLink
from drifttui.core.link_refs import read_ref
from drifttui.core.link_standing import (
    LinkStanding,
    change_links,
    incident_words,
    link_by_ref,
    standing,
    standing_words,
    units_judged_anew,
)

NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)
WEB, API = "argocd/a/argocd/web", "argocd/a/argocd/api"


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def link(ref: str = "INC-9127", **more: Any) -> LinkRecord:
    found = read_ref(ref)
    return LinkRecord(found.id, found.text, more.pop("kind", found.kind), ago(hours=3), "ada@laptop", **more)


def acts(*links: LinkRecord) -> Acts:
    return replace(NOTHING, links={one.id: one for one in links})


STANDS: list[tuple[dict[str, Any], LinkStanding, str]] = [
    ({"closed": ago(hours=2)}, LinkStanding.CLOSED, "INC-9127 closed 2h ago"),
    ({"closed": ago(hours=2), "expires": ago(hours=3)}, LinkStanding.CLOSED, "INC-9127 closed 2h ago"),
    ({"expires": ago(minutes=3)}, LinkStanding.EXPIRED, "INC-9127 expired 3m ago"),
    ({"expires": NOW + timedelta(minutes=80)}, LinkStanding.OPEN, "INC-9127 open, ends in 1h20m"),
    ({"checked_at": ago(minutes=5), "state": "triggered"}, LinkStanding.OPEN, "INC-9127 open"),
    ({"checked_at": ago(hours=3)}, LinkStanding.UNKNOWN, "INC-9127 open 3h ago, not read since"),
    ({"opened": NOW + timedelta(hours=1), "expires": NOW + timedelta(hours=2)}, LinkStanding.UNKNOWN,
     "INC-9127 begins in 1h0m"),
    ({}, LinkStanding.UNKNOWN, "INC-9127, state not known"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "expected", "words"), STANDS)
def test_how_a_link_stands_and_how_it_is_said(fields: dict[str, Any], expected: LinkStanding, words: str) -> None:
    one = link(**fields)
    assert standing(one, NOW) is expected
    assert standing_words(one, Times(NOW)) == words


def test_hostile_titles_and_refs_stay_inert() -> None:
    evil = replace(link(), ref="\x1b]0;x\x07[bold]", title="\x1b[2J\u202eevil\n" + "x" * 10_000)
    words = incident_words(evil.ref, acts(replace(evil, id=read_ref(evil.ref).id)), Times(NOW))
    assert words.isprintable()
    assert len(words) < 300


def test_the_words_of_the_session_s_incident() -> None:
    assert incident_words("INC-9127", NOTHING, Times(NOW)) == "INC-9127"
    known = link(title="Checkout fails", state="Investigating", checked_at=NOW)
    assert incident_words("INC-9127", acts(known), Times(NOW)) == "INC-9127 Checkout fails (Investigating)"
    closed = replace(known, closed=ago(hours=2))
    assert incident_words("INC-9127", acts(closed), Times(NOW)) == "INC-9127 Checkout fails · closed 2h ago"


def test_an_id_and_the_address_of_the_same_record_are_one_link() -> None:
    bare, address = link("PAY-1"), link("https://acme.atlassian.net/browse/PAY-1")
    assert link_by_ref("https://acme.atlassian.net/browse/PAY-1", acts(bare)) == bare
    assert link_by_ref("PAY-1", acts(address)) == address
    other = link("https://jira.other.example/browse/PAY-1")
    assert link_by_ref("PAY-1", acts(address, other)) is None, "two records fit: nobody guesses"
    assert link_by_ref(other.ref, acts(address)) is None


def test_what_the_rules_are_told() -> None:
    covering = link("CHG-1", units=frozenset({WEB}), approver="grace", opened=ago(hours=1))
    of_finding = link("CHG-2", findings=frozenset({"f00000000001"}))
    held = acts(covering, of_finding, link("CHG-3", units=frozenset({API})))
    assert change_links(None, WEB) is None
    assert change_links(NOTHING, WEB) == ()
    expected = ChangeLink("CHG-1", "change", ago(hours=1), None, None, "grace", (WEB,))
    assert change_links(held, WEB) == (expected,)
    assert {one.ref for one in change_links(held, WEB, "f00000000001") or ()} == {"CHG-1", "CHG-2"}


def test_the_session_s_incident_is_limited_to_no_unit() -> None:
    assert change_links(NOTHING, WEB, incident="INC-9127") == (ChangeLink("INC-9127", "incident"),)
    held = acts(link(units=frozenset({API}), opened=ago(hours=1)))
    (told,) = change_links(held, WEB, incident="INC-9127") or ()
    assert (told.opened, told.units) == (ago(hours=1), None)
    assert change_links(held, WEB) == ()


def test_units_whose_links_changed_are_judged_anew() -> None:
    first = link("CHG-1", units=frozenset({WEB}))
    before = acts(first)
    assert units_judged_anew(before, before, {}) == frozenset()
    titled = acts(replace(first, title="New title", state="x", checked_at=NOW))
    assert units_judged_anew(before, titled, {}) == frozenset(), "a title changes no verdict"
    assert units_judged_anew(before, acts(replace(first, closed=NOW)), {}) == frozenset({WEB})
    moved = acts(replace(first, units=frozenset(), findings=frozenset({"f1"})))
    assert units_judged_anew(before, moved, {"f1": API}) == frozenset({WEB, API})
    assert units_judged_anew(before, NOTHING, {}) == frozenset({WEB})
    assert units_judged_anew(before, acts(replace(first, closed=NOW)), {}, "CHG-1") is None
