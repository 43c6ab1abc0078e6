"""Keeps who claims what over a session: conflicts of units that manage one thing, and owners across engines.

Belongs to one thread. A look into one unit may say something new about others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from drifttui.core.identity import UnitId
from drifttui.core.unit import Unit

if TYPE_CHECKING:
    from drifttui.core.board import Look
    from drifttui.core.claims import Claim, Thing
    from drifttui.core.inspection import Inspection
    from drifttui.core.sharing import Conflict

OF = " of "
"""Between an owner and its own owner in `Unit.owner`."""
ITSELF = ("in-cluster", "https://kubernetes.default.svc")
"""What every Argo CD calls the cluster that it runs in: the name of no cluster."""
_LEVELS = 4
_KINDS = {
    "argocd": "Application", "flux-kustomization": "Kustomization", "flux-helmrelease": "HelmRelease",
    "flux-resourceset": "ResourceSet", "flux-instance": "FluxInstance",
}  # fmt: skip


class Claims:
    def __init__(self) -> None:
        self._by_unit: dict[UnitId, tuple[Claim, ...]] = {}
        self._by_thing: dict[Thing, tuple[Claim, ...]] = {}
        self._own: dict[UnitId, tuple[Conflict, ...]] = {}
        """As the claims of a unit itself show them."""
        self._conflicts: dict[UnitId, tuple[Conflict, ...]] = {}
        self._children: dict[tuple[str, str, str], UnitId] = {}
        """Units that another unit declares, by engine, namespace and name."""

    def seen(
        self, unit: Unit, inspection: Inspection | None, places: frozenset[str], units: Mapping[UnitId, Unit]
    ) -> set[UnitId]:
        """A look into `unit`, whose cluster has these names. Gives the other units of which something
        else is true now."""
        if inspection is None:
            return set()
        from drifttui.core.claims import claims_of

        named = places - {"", *ITSELF} or {f"{unit.id.source}: {place}" for place in places if place}
        return self._claim(unit.id, claims_of(unit, inspection, frozenset(named)), units)

    def forget(self, unit: UnitId, units: Mapping[UnitId, Unit]) -> set[UnitId]:
        """The unit is gone; gives the others of whom something else is true now."""
        return self._claim(unit, (), units) if unit in self._by_unit else set()

    def told(self, unit: UnitId, look: Look) -> Look:
        """The look with what is known of other owners, in its conflicts and in the verdicts of its findings."""
        conflicts = self._conflicts.get(unit, ())
        if not conflicts and not look.conflicts:
            return look
        from drifttui.core.sharing import judged

        findings = tuple(judged(finding, conflicts) for finding in look.findings)
        return replace(look, conflicts=conflicts, findings=findings)

    def owned(self, unit: Unit) -> Unit:
        """The unit with its owners of other engines: `Kustomization/apps of opentofu/shop`."""
        if not self._children:
            return unit
        chain = [unit.owner.partition(OF)[0]] if unit.owner else []
        at = self._children.get((unit.id.engine, unit.id.namespace, unit.id.name))
        if at is None and chain:
            kind, _, name = chain[0].partition("/")
            above = (key for key in self._children if _KINDS.get(key[0]) == kind and key[2] == name)
            key = next(above, None)
            at = self._children[key] if key is not None else None
        while at is not None and at != unit.id and len(chain) < _LEVELS:
            if (word := f"{_KINDS.get(at.engine, at.engine)}/{at.name}") in chain:
                # Its source has said so already; what stands above it may be news.
                chain = chain[: chain.index(word)]
            chain.append(word)
            at = self._children.get((at.engine, at.namespace, at.name))
        owner = OF.join(chain)
        return unit if owner == unit.owner else unit._replace(owner=owner)

    def _claim(self, unit: UnitId, claims: tuple[Claim, ...], units: Mapping[UnitId, Unit]) -> set[UnitId]:
        before = self._by_unit.get(unit, ())
        if claims == before and unit in self._by_unit:
            return set()
        things = {claim.thing for claim in (*before, *claims)}
        sharing = {each.unit for thing in things for each in self._by_thing.get(thing, ())}
        naming = {key for key, held in self._own.items() if any(one.other == str(unit) for one in held)}
        for thing in things:
            left = tuple(each for each in self._by_thing.pop(thing, ()) if each.unit != unit)
            now = (*left, *(claim for claim in claims if claim.thing == thing))
            if now:
                self._by_thing[thing] = now
        self._by_unit.pop(unit, None)
        if claims:
            self._by_unit[unit] = claims
        changed = self._compare({unit} | sharing | naming, units) | self._adopted(unit, claims, units)
        return changed - {unit}

    def _compare(self, wanted: set[UnitId], units: Mapping[UnitId, Unit]) -> set[UnitId]:
        """Finds the conflicts of these anew; gives the units with others than before."""
        from drifttui.core.sharing import find

        affected = set(wanted)
        for key in wanted:
            affected.update(self._named(key, units))
            found = find(self._by_unit.get(key, ()), self._by_thing, units, self._by_unit.keys())
            self._own.pop(key, None)
            if found:
                self._own[key] = found
            affected.update(self._named(key, units))
        changed = set()
        for key in affected:
            held = self._conflicts.pop(key, ())
            now = self._own.get(key, ())
            if key not in self._by_unit:
                now = tuple(self._as_said_of(key))
            if now:
                self._conflicts[key] = now
            if now != held:
                changed.add(key)
        return changed

    def _named(self, unit: UnitId, units: Mapping[UnitId, Unit]) -> Iterator[UnitId]:
        for one in self._own.get(unit, ()):
            if one.other.count("/") >= 3 and (key := UnitId.parse(one.other)) in units:
                yield key

    def _as_said_of(self, unit: UnitId) -> Iterator[Conflict]:
        """Of a unit that nobody looked into: what objects of others say of it is true of it as well."""
        for key, conflicts in self._own.items():
            for one in conflicts:
                if one.other == str(unit):
                    address = f" ({one.ref.address})" if one.ref.address else ""
                    yield one._replace(other=str(key), words=f"{key.engine} {key.name}{address}")

    def _adopted(self, unit: UnitId, claims: tuple[Claim, ...], units: Mapping[UnitId, Unit]) -> set[UnitId]:
        """Units that `unit` declares, or did until now, and all below them."""
        from drifttui.core.claims import key_of

        before = {key for key, parent in self._children.items() if parent == unit}
        now = {(key[0].value, key[1], key[2]) for claim in claims if (key := key_of(claim.thing)) is not None}
        for gone in before - now:
            del self._children[gone]
        for child in now:
            self._children.setdefault(child, unit)
        if before == now:
            return set()
        return {key for key, each in units.items() if self.owned(each) is not each}
