"""Argo CD: how automation of one Application stands, how it is switched off, and how exactly it comes back.

Where the server knows `automated.enabled` (since v3.1) only that is set, so that prune and selfHeal stay where a reader
looks for them. An older one drops the field without a word and goes on syncing, so `automated` itself is taken out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .errors import inert
from .json_patch import Patch, add, applied, put, remove, replace, test
from .pause import Door, WriteKind
from .pause_draft import Draft, combined, guarded, stored
from .pause_note import NOTE_POINTER, spelled, unspelled
from .planes import ABSENT, Document, Json, Mark
from .pointers import get, parse
from .surroundings import Held

AUTOMATED: Final = "/spec/syncPolicy/automated"
ENABLED: Final = "/spec/syncPolicy/automated/enabled"
PHASE: Final = "/status/operationState/phase"
STARTED: Final = "/status/operationState/startedAt"

NONE_WORDS: Final = "not set"
NOTHING_MORE: Final[Mapping[str, Json]] = {}

SKIP_RECONCILE: Final = "argocd.argoproj.io/skip-reconcile"


def value_at(document: Any, pointer: str) -> Json | Mark:
    return get(document, parse(pointer))


def automated_of(document: Any) -> Mapping[str, Json] | None:
    """The policy; None where nothing is automated."""
    found = value_at(document, AUTOMATED)
    return found if isinstance(found, dict) else None


def is_on(document: Any) -> bool:
    """Whether Argo CD syncs this Application by itself."""
    policy = automated_of(document)
    return policy is not None and policy.get("enabled") is not False


def heals(document: Any) -> bool:
    policy = automated_of(document)
    return is_on(document) and policy is not None and policy.get("selfHeal") is True


def stands(document: Any) -> list[str]:
    """How automation stands now, a line each."""
    policy = automated_of(document)
    if policy is None:
        return ["automated sync is off: spec.syncPolicy.automated is not set"]
    words = [f"{name} {said(policy.get(name))}" for name in ("prune", "selfHeal", "allowEmpty") if name in policy]
    rest = f" ({', '.join(words)})" if words else ""
    return [f"automated sync is {'on' if is_on(document) else 'off: enabled is false'}{rest}"]


def off_pointer(document: Any, enabled_known: bool) -> str:
    """The field that switching off writes."""
    return ENABLED if enabled_known else AUTOMATED


def switched_off(document: Any, enabled_known: bool) -> Patch:
    """The change alone, with a test that the policy is as it was read."""
    policy = automated_of(document)
    if policy is None:
        return ()
    if not enabled_known:
        return (test(AUTOMATED, policy), remove(AUTOMATED))
    change = replace if "enabled" in policy else add
    return (test(AUTOMATED, policy), change(ENABLED, False))


def switch_off(held: Held, *, enabled_known: bool, note: str | None, extra: Mapping[str, Json] = NOTHING_MORE) -> Draft:
    """The write that pauses one Application, with the annotation and the fields of `extra` in the same patch."""
    policy = automated_of(held.document)
    fields: dict[str, Json] = {AUTOMATED: None, **extra} | ({} if note is None else {NOTE_POINTER: note})

    def change(document: Document, pointer: str, value: Json | Mark) -> Patch:
        return switched_off(document, enabled_known) if pointer == AUTOMATED else put(document, pointer, value)

    captured = {pointer: spelled(value_at(held.document, pointer)) for pointer in fields}
    patch = combined(held, held.document, fields, change)
    after = applied(held.document, patch)
    if enabled_known:
        words = f"spec.syncPolicy.automated.enabled  {said((policy or {}).get('enabled'))} → false"
    else:
        words = f"spec.syncPolicy.automated  {said_policy(policy)} → removed"
    words += "".join(f", {parse(pointer)[-1]}: {said(value)}" for pointer, value in extra.items())
    return Draft(
        target=held.target,
        words=words,
        patch=patch,
        undo=back(held, after, captured),
        uid=held.uid,
        captured=captured,
        needs=held.needs,
    )


def back(held: Held, document: Any, captured: Mapping[str, Json]) -> Patch:
    """What restores the captured values in an object that is now as `document`, exactly, and nothing else."""
    wanted = {pointer: unspelled(value) for pointer, value in captured.items()}
    return combined(held, stored(document), wanted, _restored)


def _restored(document: Any, pointer: str, wanted: Json | Mark) -> Patch:
    """As narrow as it goes: where only `enabled` differs from the captured policy, only that is written."""
    now = value_at(document, pointer)
    if pointer == AUTOMATED and isinstance(now, dict) and isinstance(wanted, dict):
        others = {key: value for key, value in now.items() if key != "enabled"}
        if others == {key: value for key, value in wanted.items() if key != "enabled"}:
            change = put(document, ENABLED, wanted.get("enabled", ABSENT))
            return (test(AUTOMATED, now), *(each for each in change if each["op"] != "test")) if change else ()
    return put(document, pointer, wanted)


def operation_phase(document: Any) -> str:
    """`Running`, `Terminating`, `queued`, or empty where nothing goes on."""
    phase = value_at(document, PHASE)
    if phase in ("Running", "Terminating"):
        return str(phase)
    return "queued" if isinstance(value_at(document, "/operation"), dict) else ""


def stop(held: Held, needs: str) -> Draft | None:
    """Ends the running sync as Argo CD's own server does: phase Terminating, which the controller acts on.

    None where there is none, or where it cannot be stopped safely: one that is queued has no state to write to yet.
    """
    document = held.document
    if operation_phase(document) != "Running" or not isinstance(value_at(document, "/operation"), dict):
        return None
    patch: Patch = ()
    if held.target.door is Door.KUBERNETES:
        tests = [test(PHASE, "Running")]
        started = value_at(document, STARTED)
        tests += [test(STARTED, started)] if isinstance(started, str) else []
        patch = guarded(held, [(*tests, replace(PHASE, "Terminating"))])
    return Draft(
        target=held.target,
        words="status.operationState.phase  Running → Terminating",
        patch=patch,
        undo=(),
        uid=held.uid,
        captured={PHASE: "Running"},
        needs=needs,
        kind=WriteKind.STOP_OPERATION,
        optional=True,
    )


def said_policy(policy: Mapping[str, Json] | None) -> str:
    """`{prune: true, selfHeal: true}`."""
    return NONE_WORDS if policy is None else said(dict(policy))


def said(value: Json) -> str:
    """A value on one line, as YAML would say it, cut at 200 characters: it may be anybody's."""
    match value:
        case None:
            return NONE_WORDS
        case True | False:
            return str(value).lower()
        case dict():
            return inert("{" + ", ".join(f"{name}: {said(each)}" for name, each in value.items()) + "}", 200)
        case _:
            return inert(str(value), 200)
