"""What a session knows: documents are bounded, what the operator looks at is kept, and nobody's rows outlive them."""

from __future__ import annotations

from drifttui.core.board import Board, Depth, Look
from drifttui.core.health import Standing
from drifttui.services.acts_watch import Told
from drifttui.services.known import INSPECTIONS_KEPT, Known

from .fakes import HandClock, health, inspection, unit


def known(incident: str = "") -> Known:
    return Known(Board(incident=incident, read_only=True), HandClock(), Told)


def test_old_documents_are_let_go_but_not_that_of_the_opened_unit() -> None:
    held = known()
    units = [unit(f"u{number}") for number in range(INSPECTIONS_KEPT + 5)]
    held.opened = units[0].id
    for one in units:
        held.listed(one)
        held.keep(one.id, Look(Depth.READ, (), inspection(one, 3, 9)), frozenset())
    kept = [one.id.name for one in units if held.looks[one.id].inspection is not None]
    assert kept == ["u0", *(f"u{number}" for number in range(5, INSPECTIONS_KEPT + 5))]
    assert all(held.looks[one.id].depth is Depth.READ for one in units)


def test_rows_of_a_source_that_is_gone_do_not_come_back() -> None:
    held = known()
    held.remember([unit("web"), unit("api", "argocd:old")])
    assert {name: one.standing for name, one in held.health.items()} == {
        "argocd:a": Standing.STARTING,
        "argocd:old": Standing.STARTING,
    }
    held.forget_strangers(["argocd:a"])
    assert [key.name for key in held.units] == ["web"]


def test_a_unit_that_is_gone_takes_its_look_with_it() -> None:
    held = known()
    web = unit("web")
    assert held.listed(web) is None
    assert held.listed(web) == web
    held.keep(web.id, Look(Depth.READ), frozenset())
    assert held.looked_at(web.id) == (web, Look(Depth.READ))
    assert held.gone(web.id) == set()
    assert held.looked_at(web.id) is None
    assert held.gone(web.id) == set()


def test_a_board_shows_all_of_it_and_does_not_change_afterwards() -> None:
    held = known("INC-1")
    web = unit("web")
    held.listed(web)
    held.health["argocd:a"] = health("argocd:a", Standing.OK)
    held.outgoing.mark({web.id})
    held.outgoing.publish()
    board = held.outgoing.take()
    assert board is not None
    assert (dict(board.units), board.incident, board.read_only, board.at) == (
        {web.id: web},
        "INC-1",
        True,
        HandClock().at,
    )
    held.gone(web.id)
    held.under("INC-2")
    assert dict(board.units) == {web.id: web}
    held.outgoing.publish()
    after = held.outgoing.take()
    assert after is not None
    assert (dict(after.units), after.incident, after.version) == ({}, "INC-2", board.version + 1)
