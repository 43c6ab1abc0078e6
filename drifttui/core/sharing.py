"""One object, two owners: which units lay claim to the same thing, and what that does to a verdict.

What each of them changes the other puts back, so that no revert holds until one of them lets go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from .claims import ENGINES, Claim, Thing
from .identity import ResourceRef, UnitId
from .surroundings import Key
from .unit import Unit
from .verdict import Reason, Verdict, risk_rank

if TYPE_CHECKING:
    from .finding import Finding

RULE: Final = "owners.two"
_LEAST: Final = "medium"
_KEPT: Final = frozenset({"incident", "ignore"})
"""Recommendations that come before the question who owns it."""
_HOME: Final = "argocd"


class Conflict(NamedTuple):
    """One object that this unit manages and another one too."""

    ref: ResourceRef
    """As this unit calls it."""
    what: str
    """`ConfigMap default/settings`."""
    other: str
    """`str(UnitId)`; for a unit that no source lists, what the object calls it: `Application/web`."""
    words: str
    """The other owner for people: `opentofu shop`."""
    how: str
    """How it is known to be the same."""

    @property
    def sentence(self) -> str:
        return f"{self.what} is also managed by {self.words}, {self.how}: each puts back what the other changes."


def find(
    own: Iterable[Claim],
    others: Mapping[Thing, Sequence[Claim]],
    units: Mapping[UnitId, Unit],
    looked: Collection[UnitId],
) -> tuple[Conflict, ...]:
    """Who else manages what `own` claims. `looked` are units whose claims are all in `others`: where an object names
    one of those that does not claim it, the label outlived its owner."""
    found: dict[tuple[ResourceRef, str], Conflict] = {}
    for claim in own:
        for other in others.get(claim.thing, ()):
            if other.unit != claim.unit and (how := _same(claim, other, others[claim.thing])):
                conflict = Conflict(claim.ref, claim.thing.words, str(other.unit), _called(other), how)
                found.setdefault((claim.ref, conflict.other), conflict)
        for key in claim.said:
            if is_unit(claim.unit, key):
                continue
            unit = next((each for each in units.values() if is_unit(each.id, key) and _here(each, claim)), None)
            if unit is not None and unit.id in looked:
                continue
            known = str(unit.id) if unit is not None else key.short
            words = f"{unit.id.engine} {unit.id.name}" if unit is not None else f"{key.short}, which no source lists"
            how = "as its own labels and annotations say"
            found.setdefault((claim.ref, known), Conflict(claim.ref, claim.thing.words, known, words, how))
    return tuple(found.values())


def is_unit(unit: UnitId, key: Key) -> bool:
    """Whether `key` is the object of this unit. A tracking id without a namespace means the home of Argo CD."""
    if ENGINES.get((key.group, key.kind)) != unit.engine or key.name != unit.name:
        return False
    return key.namespace in (unit.namespace, "") or (unit.engine == "argocd" and key.namespace == _HOME)


def judged(finding: Finding, conflicts: Sequence[Conflict]) -> Finding:
    """The finding with a verdict that knows of its other owners. Given twice it says the same."""
    mine = [one for one in conflicts if one.ref == finding.ref]
    verdict = finding.verdict
    if not mine or verdict is None:
        return finding
    kept = tuple(reason for reason in verdict.reasons if reason.rule != RULE)
    reasons = (*kept, *(Reason(RULE, one.sentence) for one in mine))
    return finding._replace(verdict=_owned_twice(verdict)._replace(reasons=reasons))


def _owned_twice(verdict: Verdict) -> Verdict:
    """Nothing heals by itself what somebody else writes again; what is to be done is to settle on one owner."""
    risk = verdict.risk if risk_rank(verdict.risk) >= risk_rank(_LEAST) or verdict.risk == "unknown" else _LEAST
    action = verdict.action if verdict.action in _KEPT else "migrate"
    return verdict._replace(risk=risk, action=action, auto_heal=False)


def _same(claim: Claim, other: Claim, all_of: Sequence[Claim]) -> str:
    """How the two are known to be one thing; empty where they are not known to be."""
    if claim.uid and other.uid:
        return "by the same uid" if claim.uid == other.uid else ""
    if claim.places and other.places:
        same = claim.places & other.places
        return "by the same name in the same place" if same else "by the same id" if claim.unique else ""
    if claim.unique:
        return "by the same id"
    # Somebody does not say where. Of several things of that name it may be any.
    said = [each.places for each in all_of if each.places]
    if claim.thing.system == "aws" or not said or any(not each & said[0] for each in said):
        return ""
    return "by its name, and only one cluster with it is read here"


def _called(other: Claim) -> str:
    address = f" ({other.ref.address})" if other.ref.address else ""
    return f"{other.unit.engine} {other.unit.name}{address}"


def _here(unit: Unit, claim: Claim) -> bool:
    return not claim.places or not unit.cluster or unit.cluster in claim.places
