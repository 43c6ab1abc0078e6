"""No application is lost or doubled, in whatever order lists and streams arrive."""

from __future__ import annotations

import itertools

from drifttui.core.identity import UnitId
from drifttui.core.unit import Auto, Unit
from drifttui.sources.argocd.fleet import Fleet


def unit(name: str, version: int, sync: str = "Synced", namespace: str = "argocd") -> Unit:
    return Unit(
        UnitId("argocd", "argocd:eu", namespace, name), sync, "Healthy", Auto.ON, "in-cluster", version=str(version)
    )


def names(fleet: Fleet) -> set[str]:
    return {key.name for key in fleet.units}


def test_a_later_answer_wins_whichever_comes_first() -> None:
    for order in itertools.permutations([unit("web", 1), unit("web", 2, "OutOfSync"), unit("web", 3)]):
        fleet = Fleet()
        for one in order:
            fleet.told(one)
        assert [held.version for held in fleet.units.values()] == ["3"]


def test_an_application_that_appeared_while_a_list_was_made_stays() -> None:
    fleet = Fleet()
    fleet.listing()
    fleet.told(unit("new", 12))
    fleet.listed([unit("web", 10)], "13")
    assert names(fleet) == {"web", "new"}
    fleet.listing()
    fleet.listed([unit("web", 10)], "13")
    assert names(fleet) == {"web"}, "the next list has had its chance"


def test_a_deleted_application_does_not_come_back_by_an_older_answer() -> None:
    fleet = Fleet()
    fleet.told(unit("web", 5))
    fleet.listing()
    assert fleet.gone(unit("web", 0).id, "7")
    fleet.listed([unit("web", 5)], "6")
    assert names(fleet) == set()
    assert not fleet.told(unit("web", 6))
    assert fleet.told(unit("web", 8)), "made anew under the same name"


def test_a_late_deletion_does_not_remove_what_was_made_anew() -> None:
    fleet = Fleet()
    fleet.told(unit("web", 9))
    assert not fleet.gone(unit("web", 0).id, "7")
    assert names(fleet) == {"web"}


def test_same_names_in_two_namespaces_are_never_conflated() -> None:
    fleet = Fleet()
    fleet.listed([unit("reports", 5), unit("reports", 6, "OutOfSync", "team-blue")], "6")
    assert len(fleet.units) == 2
    fleet.gone(unit("reports", 0).id, "8")
    assert [key.namespace for key in fleet.units] == ["team-blue"]


def test_only_what_differs_is_told_after_a_list() -> None:
    fleet = Fleet()
    fleet.listed([unit("web", 5), unit("api", 6), unit("old", 7)], "7")
    fleet.listing()
    found = fleet.listed([unit("web", 5), unit("api", 8, "OutOfSync")], "8")
    assert [one.id.name for one in found.units] == ["api"]
    assert [gone.name for gone in found.removed] == ["old"]


def test_a_server_restored_from_a_backup_is_believed() -> None:
    """Its versions are lower than those that were seen before."""
    fleet = Fleet()
    fleet.listed([unit("web", 500, "OutOfSync")], "500")
    fleet.forget()
    fleet.listed([unit("web", 90)], "90")
    assert [held.sync for held in fleet.units.values()] == ["Synced"]


def test_a_replica_that_lags_behind_neither_removes_nor_revives() -> None:
    fleet = Fleet()
    fleet.listed([unit("web", 10), unit("old", 11)], "11")
    fleet.told(unit("new", 20))
    fleet.gone(unit("old", 0).id, "21")
    fleet.listing()
    found = fleet.listed([unit("web", 10), unit("old", 11)], "15")
    assert names(fleet) == {"web", "new"}
    assert not found
