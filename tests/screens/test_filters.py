"""The filter language: what it lets through, and what it says about a term that it cannot read."""

from __future__ import annotations

import pytest

from drifttui.core.errors import InputError
from drifttui.core.filters import parse
from drifttui.core.rows import FindingRow, unit_rows

from .boards import NOW, incident


def shown(text: str) -> set[str]:
    test = parse(text).unit(NOW)
    return {row.unit.id.name for _, row in unit_rows(incident(), NOW, {}) if test(row)}


def found(text: str) -> set[str]:
    test = parse(text).finding(NOW)
    rows = [FindingRow(row, finding) for _, row in unit_rows(incident(), NOW, {}) for finding in row.look.findings]
    return {row.finding.ref.short for row in rows if test(row)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("payments", {"payments"}),
        ("PayMents", {"payments"}),
        ("sync:out risk:>=high", {"payments", "checkout", "prod/net"}),
        ("sync:outofsync risk:critical", {"payments"}),
        ("risk:critical,low", {"payments", "docs"}),
        ("risk:<high sync:out", {"docs"}),
        ("auto:paused", {"checkout"}),
        ("auto:by-hand env:prod sync:out", {"prod/net"}),
        ("is:paused", {"checkout"}),
        ("is:stale", {"search", "catalogue-recommendations-experimental-v2"}),
        ("is:blind -sync:out", {"search"}),
        ("is:unknown", {"search", "loyalty"}),
        ("is:failed", {"ledger"}),
        ("is:reading", {"basket"}),
        ("health:degraded", {"payments"}),
        ("health:d", {"payments"}),
        ("age:>3h sync:out", {"docs"}),
        ("age:<15m risk:>=high", {"payments", "prod/net"}),
        ("age:1h30m risk:high", {"checkout"}),
        ("who:human", {"payments", "checkout"}),
        ("who:kubectl-edit", {"payments"}),
        ("who:controller", {"payments"}),
        ("class:emergency -engine:opentofu", {"payments", "checkout"}),
        ("kind:role", {"payments"}),
        ("cluster:ap-* sync:out", {"catalogue-recommendations-experimental-v2"}),
        ("engine:tofu", {"prod/net"}),
        ("source:us-east health:missing", {"ledger"}),
        ("owner:team-payments", {"payments"}),
        ("unit:*check*", {"checkout"}),
        ("ns:payments", {"payments"}),
        ('"prod/net"', {"prod/net"}),
        ("-is:clean -is:stale -is:drift", {"loyalty"}),
    ],
)
def test_a_filter_shows_the_units_it_names(text: str, names: set[str]) -> None:
    assert shown(text) == names


def test_no_terms_show_everything() -> None:
    assert len(shown("  ")) == len(incident().units)


def test_findings_are_filtered_by_their_own_risk_and_age_and_by_their_unit() -> None:
    assert found("unit:payments risk:>=high") == {"Role/pay-admin", "Deployment/api"}
    assert found("unit:payments age:>2h") == {"ConfigMap/limits", "ServiceAccount/reader"}
    assert found("unit:payments risk:unknown") == {"ServiceAccount/reader"}
    assert found("unit:payments who:kubectl-edit") == {"Role/pay-admin"}


def test_unknown_risk_is_neither_above_nor_below_anything() -> None:
    assert "search" not in shown("risk:>=info") | shown("risk:<=critical")
    assert "search" in shown("risk:unknown")


def test_a_term_that_matches_nothing_can_be_left_out_to_see_what_hid_the_rows() -> None:
    filter_ = parse("risk:critical env:dev")
    rows = [row for _, row in unit_rows(incident(), NOW, {})]
    left = {term.text: sum(map(filter_.without(term).unit(NOW), rows)) for term in filter_.terms}
    assert left == {"risk:critical": 0, "env:dev": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("risk:hgih", "critical"),
        ("risk:>=unknown", "no rank"),
        ("age:>soon", "age:>1h"),
        ("age:99999999999999y", "no span"),
        ("colour:red", "Keys:"),
        ("sync:", "out, synced"),
        ("is:fine", "clean"),
    ],
)
def test_a_term_that_cannot_be_read_says_what_may_stand_there(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert said in caught.value.one_line()
    assert "\n" not in caught.value.one_line()


def test_what_is_shared_reads_back_the_same() -> None:
    text = 'payments sync:out -cluster:us-* "two words"'
    assert parse(parse(text).text).text == text
