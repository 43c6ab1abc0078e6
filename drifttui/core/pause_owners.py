"""The way up from a unit: who would put its automation back, how soon, and which write stops them.

Walked from the unit to the top. The topmost owner is written first, so that nothing puts a later step back; an owner
that leaves the field alone anyway is told as an effect and not written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from .json_patch import Patch, add, applied, remove, test
from .pause import Door
from .pause_argocd import heals, is_on, off_pointer, switch_off
from .pause_covering import (
    IGNORED,
    entries_of,
    entry_for,
    parent_ignores,
    set_ignores,
    set_keeps_note,
    sync_options,
)
from .pause_declared import declared, holders
from .pause_draft import Draft, Steps, Threat, guarded
from .pause_flux import is_suspended
from .pause_note import Kept, Note, note_of, note_text, spelled
from .planes import ABSENT, Json
from .pointers import get, parse
from .surroundings import ARGOPROJ, HELM, KUSTOMIZE, MAX_OWNERS, OPERATOR, Held, Key, Surroundings, Unread, owners_of

ARGOCD_MANAGERS: Final = ("argocd-controller",)
FLUX_MANAGERS: Final = ("kustomize-controller",)
OPERATOR_MANAGERS: Final = ("flux-operator",)
RECONCILE: Final = "/metadata/annotations/kustomize.toolkit.fluxcd.io~1reconcile"
"""`disabled` on an object makes the Kustomization that declares it skip it, and nothing else (fluxcd/pkg, ssa)."""

_DECLARES: Final = {
    True: "its Git declares this field",
    False: "it syncs with Replace=true",
    None: "its Git may declare this field",
}
_NAMED: Final = 5


class Request(NamedTuple):
    """What the operator asks for."""

    id: str
    unit: str
    by: str
    at: datetime
    reason: str = ""
    until: datetime | None = None
    link: str = ""


class Climb:
    """One walk. Fills `steps`; `extra` are fields that the unit's own write must set, too."""

    def __init__(self, around: Surroundings, steps: Steps, request: Request, standing: Mapping[Key, Draft]) -> None:
        self.extra: dict[str, Json] = {}
        self.by_unit: list[Threat] = []
        """Threats that the unit's own write holds off, by a field of `extra`."""
        self._around, self._steps, self.request, self._standing = around, steps, request, standing

    def protect(self, held: Held, pointer: str, path: tuple[Key, ...] = ()) -> bool:
        """Hold off every owner of `held` that would put back the field. Says whether an annotation would stay there."""
        path = (*path, held.key)
        stays = True
        self._terraform(held, pointer)
        for key in owners_of(held.document, self._around.tracking):
            if key in path:
                self._steps.unknown.append(f"{key.short} is its own owner, further up: nobody can tell who wins")
                continue
            if len(path) > MAX_OWNERS:
                self._steps.unknown.append(f"there are more than {MAX_OWNERS} levels of owners above")
                continue
            owner = self._around.owner(key)
            if isinstance(owner, Unread):
                self._unread(held, owner)
                stays = False
            elif key.kind == "ApplicationSet" and key.group == ARGOPROJ:
                stays = self._by_set(held, owner, pointer, path) and stays
            elif key.kind == "Application" and key.group == ARGOPROJ:
                stays = self._by_parent(held, owner, pointer, path) and stays
            elif key.group == KUSTOMIZE:
                self._by_kustomization(held, owner, pointer, path)
            elif key.group == HELM:
                self._by_release(held, owner, pointer)
            elif key.group == OPERATOR:
                self._by_operator(held, owner, pointer)
        return stays

    def note(self, captured: Mapping[str, Json], owners: tuple[Kept, ...] = ()) -> str | None:
        """The annotation's text; None as long as there is no end to write into it."""
        request = self.request
        if request.until is None:
            return None
        note = Note(
            request.id, request.unit, request.by, request.reason, request.at, request.until, request.link, captured
        )
        return note_text(note._replace(owners=owners))

    def _unread(self, held: Held, owner: Unread) -> None:
        if owner.gone:
            self._steps.effects.append(f"{owner.key.short} is named as owner of {held.target.short}, and is not there")
            return
        self._steps.unknown.append(f"{owner.key.short} owns {held.target.short} and could not be read: {owner.problem}")
        self._threat(owner.key.short, "may put it back: it could not be read", "nobody can tell", "")

    def _terraform(self, held: Held, pointer: str) -> None:
        tokens = parse(pointer)
        places = {"/" + "/".join(tokens[:depth]) for depth in range(3, len(tokens) + 1)} | {pointer}
        managers = {manager for place in places for manager in holders(held.document, place)}
        for manager in sorted(managers):
            if "terraform" in manager.lower() or "opentofu" in manager.lower():
                how = f"declares this part of {held.target.short} (field manager {manager})"
                self._threat("Terraform", how, "at its next apply", "")

    # Argo CD

    def _by_set(self, held: Held, owner: Held, pointer: str, path: tuple[Key, ...]) -> bool:
        steps, name, short = self._steps, held.target.name, owner.target.short
        if get(owner.document, ("spec", "strategy", "type")) == "RollingSync":
            how = "rolls out by starting syncs itself, whatever automation says"
            self._threat(f"{short} (RollingSync)", how, "when its template or a revision changes", "")
        writes, why = self._set_writes(owner.document)
        if writes is False:
            steps.effects.append(f"{short} leaves its Applications as they are: {why}")
            return True
        if set_ignores(owner.document, name, pointer):
            steps.effects.append(f"{short} already ignores this field of {name} (spec.ignoreApplicationDifferences)")
            return set_keeps_note(owner.document, name)
        lever = f"spec.ignoreApplicationDifferences of {short}, for {name} alone"
        how = "writes its template over the Application" + (f"; {why}" if why else "")
        threat = self._threat(short, how, "at once: it watches its Applications", lever)
        if self._refused(owner, threat):
            return False
        self.protect(owner, IGNORED, path)
        threat.by = self._add(ignoring(owner, name))
        threat.by.optional = writes is None
        return True

    def _set_writes(self, document: Any) -> tuple[bool | None, str]:
        """Whether the ApplicationSet updates what it made: its own policy counts only where the controller lets it."""
        own = get(document, ("spec", "syncPolicy", "applicationsSync"))
        own = own if isinstance(own, str) else ""
        parameters = self._around.parameters
        if parameters is None:
            if own in ("create-only", "create-delete"):
                return None, f"unless its policy {own} counts, which the controller's --policy may overrule"
            return True, ""
        forced = parameters.get("applicationsetcontroller.policy", "")
        override = parameters.get("applicationsetcontroller.enable.policy.override", "") == "true" or not forced
        policy = own if own and override else forced
        if policy in ("create-only", "create-delete"):
            return False, f"policy {policy}"
        return True, ""

    def _by_parent(self, held: Held, owner: Held, pointer: str, path: tuple[Key, ...]) -> bool:
        steps, short = self._steps, owner.target.short
        options = sync_options(owner.document, held.document)
        names = declared(held.document, pointer, ARGOCD_MANAGERS)
        replaces = "Replace=true" in options
        if names is False and not replaces:
            field = ".".join(parse(pointer))
            steps.effects.append(
                f"{short} made it and leaves {field} alone: its Git does not declare it, as of its last sync"
            )
            return True
        if not is_on(owner.document):
            self._parent_off(owner)
            return True
        ignored = parent_ignores(owner.document, held.target.namespace, held.target.name, held.target.kind, pointer)
        if ignored and "RespectIgnoreDifferences=true" in options and not replaces:
            steps.effects.append(f"{short} already ignores this field (spec.ignoreDifferences, respected at sync)")
            return True
        at_once = heals(owner.document) and not ignored and names is not False
        threat = self._threat(
            f"{short} ({'self-heal' if at_once else 'app of apps'})",
            f"made {held.target.short}, and {_DECLARES[names]}",
            "at once, by self-heal" if at_once else "at its next sync, when a new revision comes",
            f"pausing {short}, too",
        )
        if self._refused(owner, threat):
            return not replaces
        known = self._around.enabled_known is True
        stays = self.protect(owner, off_pointer(owner.document, known), path)
        plain = switch_off(owner, enabled_known=known, note=None)
        draft = switch_off(owner, enabled_known=known, note=self.note(plain.captured) if stays else None)
        draft.optional = True
        threat.by = self._add(draft)
        steps.effects.append(f"while {short} is paused, nothing that it makes is synced by it{_children(owner)}")
        return not replaces

    def _parent_off(self, owner: Held) -> None:
        steps, short = self._steps, owner.target.short
        if standing := self._standing.get(owner.key):
            steps.effects.append(f"{short} is paused already; it stays so until this pause ends as well")
            self._add(standing)
            return
        steps.effects.append(f"{short} made it and is not automated: it puts it back only when somebody syncs it")
        try:
            note = note_of(owner.document)
        except ValueError:
            note = None
        if note is not None:
            steps.effects.append(
                f"that is {note.by}'s pause {note.id}, until {note.until:%Y-%m-%d %H:%M} UTC: when it ends,"
                " this one may no longer hold"
            )

    # Flux

    def _by_kustomization(self, held: Held, owner: Held, pointer: str, path: tuple[Key, ...]) -> None:
        steps, short = self._steps, owner.target.short
        if get(owner.document, ("spec", "suspend")) is True:
            steps.effects.append(
                f"{short} declares it and is suspended itself: it puts nothing back until it is resumed"
            )
            return
        names = declared(held.document, pointer, FLUX_MANAGERS)
        if names is False:
            steps.effects.append(
                f"{short} made it and leaves {'.'.join(parse(pointer))} alone: Git does not declare it, as of its last"
                " apply"
            )
            return
        lever = f"the annotation kustomize.toolkit.fluxcd.io/reconcile: disabled on {held.target.short}"
        interval = get(owner.document, ("spec", "interval"))
        every = f", every {interval}" if isinstance(interval, str) else ""
        how = "declares this field" if names else "may declare this field"
        threat = self._threat(short, f"{how} of {held.target.short}", f"at its next reconcile{every}", lever)
        if len(path) == 1:
            self.extra[RECONCILE] = "disabled"
            self.by_unit.append(threat)
            steps.effects.append(
                f"{short} applies no change to {held.target.short} itself while that annotation stands"
            )
        else:
            threat.lever = ""

    def _by_release(self, held: Held, owner: Held, pointer: str) -> None:
        if get(owner.document, ("spec", "suspend")) is True:
            return
        mode = get(owner.document, ("spec", "driftDetection", "mode"))
        when = "at its next reconcile" if mode == "enabled" else "at its next upgrade"
        self._threat(owner.target.short, f"its chart made {held.target.short}", when, "")

    def _by_operator(self, held: Held, owner: Held, pointer: str) -> None:
        """A ResourceSet or a FluxInstance, which knows no annotation that would spare one object."""
        steps, short = self._steps, owner.target.short
        if is_suspended(owner.document):
            steps.effects.append(f"{short} declares it and is disabled itself: it puts nothing back until that ends")
            return
        names = declared(held.document, pointer, OPERATOR_MANAGERS)
        if names is False:
            steps.effects.append(f"{short} made it and leaves {'.'.join(parse(pointer))} alone: it does not declare it")
            return
        how = "declares this field" if names else "may declare this field"
        self._threat(short, f"{how} of {held.target.short}", "at its next reconcile", "")

    # Parts

    def _threat(self, who: str, how: str, when: str, lever: str) -> Threat:
        threat = Threat(who, how, when, lever)
        self._steps.threats.append(threat)
        return threat

    def _refused(self, owner: Held, threat: Threat) -> bool:
        """Whether the lever is out of reach; then it says why."""
        if owner.target.door is Door.ARGOCD and owner.target.kind != "Application":
            threat.lever += " (only through the cluster that Argo CD runs in: --argocd-cluster)"
            return True
        if owner.may is False:
            threat.lever += f" (missing permission: {owner.needs})"
            return True
        if owner.may is None:
            self._steps.unknown.append(f"permission unknown: {owner.needs}")
        return False

    def _add(self, draft: Draft) -> Draft:
        """Two ways up may meet in one owner: it is written once."""
        for each in self._steps.drafts:
            if each.target == draft.target and each.kind is draft.kind:
                return each
        self._steps.drafts.append(draft)
        return draft


def ignoring(owner: Held, name: str) -> Draft:
    """An entry of our own in `spec.ignoreApplicationDifferences`, behind those that are there: the list is replaced
    wholesale by whoever declares it, so it is only ever added to and taken from."""
    document, entry = owner.document, entry_for(name)
    before = get(document, parse(IGNORED))
    change: Patch
    undo: Patch
    if isinstance(before, list):
        place = f"{IGNORED}/{len(before)}"
        change = (test(IGNORED, before), add(f"{IGNORED}/-", entry))
        undo = (test(place, entry), remove(place))
    else:
        change = (test(IGNORED, before), add(IGNORED, [entry]))
        undo = (test(IGNORED, [entry]), remove(IGNORED))
    patch = guarded(owner, [change])
    applied(document, patch)
    many = len(entries_of(document))
    return Draft(
        target=owner.target,
        words=f"spec.ignoreApplicationDifferences  {many} → {many + 1} entries: automation of {name} is left alone",
        patch=patch,
        undo=guarded(owner, [undo]),
        uid=owner.uid,
        captured={IGNORED: spelled(ABSENT if not isinstance(before, list) else before)},
        needs=owner.needs,
    )


def _children(owner: Held) -> str:
    resources = get(owner.document, ("status", "resources"))
    names = [
        str(each.get("name"))
        for each in (resources if isinstance(resources, list) else ())
        if isinstance(each, dict) and each.get("kind") in ("Application", "ApplicationSet")
    ]
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f": {', '.join(names[:_NAMED])}{more}"
