"""The words of rows and panes: every state in its own short word, so that nothing depends on colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from .ages import Times
from .board import Look
from .errors import inert
from .finding import Finding, Owner
from .health import SourceHealth, Standing
from .planes import ABSENT, UNKNOWN, Json, Mark, Plane
from .unit import APPLIED, Auto, Unit

RISK_WORDS: Final[Mapping[str, str]] = {
    "critical": "CRIT",
    "high": "HIGH",
    "unknown": "?",
    "medium": "med",
    "low": "low",
    "info": "info",
    "": "",
}
"""From the first to the last in a worklist. What nobody could judge stands right behind what is known to be bad."""

RISK_ORDER: Final[Mapping[str, int]] = {risk: place for place, risk in enumerate(RISK_WORDS)}

SYNC_WORDS: Final = {"OutOfSync": "Out", "Synced": "Synced", APPLIED: APPLIED, "Unknown": "?"}
SYNC_ORDER: Final = {"OutOfSync": 0, "Unknown": 1, APPLIED: 2, "Synced": 3}
HEALTH_ORDER: Final = {"Degraded": 0, "Missing": 1, "Unknown": 2, "Progressing": 3, "Suspended": 4, "Healthy": 5}
AUTO_WORDS: Final = {
    Auto.HEALS: "heals",
    Auto.ON: "on",
    Auto.BY_HAND: "by hand",
    Auto.PAUSED: "PAUSED",
    Auto.UNKNOWN: "?",
}

_BY_HAND: Final = ("kubectl", "k9s", "lens", "openlens", "freelens", "oc", "helm", "rancher", "headlamp", "octant")
_ENGINES: Final = ("argocd", "argocd-controller", "argocd-application-controller", "kustomize-controller")
_ENGINES_TOO: Final = ("helm-controller", "flux", "terraform", "tofu", "hashicorp")


def clean(text: str, limit: int = 4000) -> str:
    """`text` without anything a terminal would act on. The common case is one C call.

    `str.isprintable` is false for every control, format (bidi, zero-width) and separator character but the space.
    """
    if len(text) <= limit and text.isprintable():
        return text
    return inert(text, limit)


def health_word(health: str) -> str:
    return "?" if health in ("Unknown", "") else clean(health, 40)


def auto_word(unit: Unit, times: Times) -> str:
    """What the engine will do by itself: `heals`, `PAUSED`, `by hand`, or when it puts a change back: `in 4m12s`."""
    if unit.auto in (Auto.HEALS, Auto.ON) and isinstance(unit.reverts, datetime):
        return times.until(unit.reverts)
    return AUTO_WORDS.get(unit.auto, "?")


def reverts_sentence(unit: Unit, times: Times) -> str:
    """The clock that decides what is done first. Empty where the engine leaves a live change alone."""
    if unit.auto is Auto.PAUSED:
        return "Automation is paused: a live change stays until somebody resumes it."
    if unit.auto is Auto.BY_HAND:
        return "Applied by hand: a live change stays until the next apply."
    if unit.auto is Auto.ON:
        return "New revisions are applied; a live change stays until then."
    if unit.auto is Auto.UNKNOWN:
        return "Nobody could read whether a live change is undone."
    if unit.reverts is None:
        return "A live change is undone by the engine."
    if isinstance(unit.reverts, datetime):
        return f"A live change is undone {times.until(unit.reverts)}."
    return f"A live change is undone within {int(unit.reverts.total_seconds())}s."


def refusal(health: SourceHealth | None) -> str:
    """Why a source cannot be believed, in a few words: `403: list applications`."""
    if health is None:
        return "no source reads it"
    denied = next((p.name for p in health.permissions if p.allowed is False), "")
    code = next((word for word in ("401", "403", "404", "429") if word in health.error), "")
    if code and denied:
        return f"{code}: {clean(denied, 60)}"
    if health.error:
        return clean(health.error, 120)
    return "not answered yet" if health.standing is Standing.STARTING else health.standing.value


def drift_count(unit: Unit, look: Look) -> str:
    """How many resources differ: `3` when looked into, `~2` by the engine's own word, `?` when nobody knows."""
    if look.findings or look.inspection is not None or look.at is not None:
        return str(len(look.findings)) if look.findings or not look.vouches(unit) else ""
    if unit.out_of_sync:
        return f"~{len(unit.out_of_sync)}"
    return "" if unit.sync == "Synced" else "?"


def hand_of(manager: str) -> str:
    """What kind of program calls itself `manager`: `human`, `engine`, `controller` or `unknown`.

    The name is chosen by the client: this says which tool it claims to be, never who sat in front of it.
    """
    name = manager.lower()
    if not name:
        return "unknown"
    if name.startswith(_ENGINES) or name.startswith(_ENGINES_TOO):
        return "engine"
    if name.split("-")[0].split("/")[0] in _BY_HAND or name in ("before-first-apply", "node-fetch", "mozilla"):
        return "human"
    return "controller" if "controller" in name or name.startswith("kube-") or "operator" in name else "unknown"


def holders(finding: Finding) -> list[Owner]:
    """Everyone who holds a changed field, the latest write first; engines behind all others."""
    seen = dict.fromkeys(owner for change in finding.changes for owner in change.owners)
    dated = sorted(seen, key=lambda o: o.time.timestamp() if o.time else 0.0, reverse=True)
    return sorted(dated, key=lambda o: hand_of(o.manager) == "engine")


def who_word(finding: Finding) -> str:
    """Who made the drift by the audit log, for one column; else the manager that most likely did; `?` where no field
    names one."""
    best = finding.who.best if finding.who is not None else None
    if best is not None and best.actor.name:
        from .attributed import short_name  # Only what was looked into has an answer; no first frame does.

        return clean(short_name(best), 60)
    first = next(iter(holders(finding)), None)
    return clean(first.manager, 60) if first else "?"


def value_text(value: Json | Mark, limit: int = 200) -> str:
    """One line for any value: strings bare where that is unambiguous, short lists as `get, list`, the rest as JSON."""
    if value is ABSENT:
        return "–"
    if value is UNKNOWN:
        return "?"
    import json  # Not for the first frame, which shows no value.

    if isinstance(value, str):
        if value == "" or value != value.strip() or value in ("–", "?", "true", "false", "null") or _numeric(value):
            return json.dumps(clean(value, limit), ensure_ascii=False)
        return clean(value, limit)
    if isinstance(value, dict) and set(value) == {"digest"}:
        return clean(str(value["digest"]), limit)
    if isinstance(value, list) and value and all(isinstance(item, (str, int)) for item in value):
        return clean(", ".join(_bounded(str(item) for item in value)), limit)
    if isinstance(value, (dict, list)):
        text = json.dumps(_shallow(value, 4), ensure_ascii=False, default=str)
        return clean(text, limit)
    return clean(json.dumps(value, default=str), limit)


def _numeric(text: str) -> bool:
    """Would be read as a number. Long texts are not tried: reading millions of digits takes its time."""
    if len(text) > 40:
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bounded(items: Iterable[str], most: int = 40) -> list[str]:
    taken = []
    for number, item in enumerate(items):
        if number == most:
            taken.append("…")
            break
        taken.append(item[:400])
    return taken


def _shallow(value: Json, depth: int) -> Json:
    """`value` with long or deep parts cut, so that a value of forty megabytes costs no more than a small one."""
    if isinstance(value, str):
        return value if len(value) <= 400 else value[:400] + "…"
    if isinstance(value, dict):
        if depth == 0:
            return "…"
        return {str(key)[:200]: _shallow(item, depth - 1) for key, item in list(value.items())[:40]}
    if isinstance(value, list):
        return "…" if depth == 0 else [_shallow(item, depth - 1) for item in value[:40]]
    return value


def plane_stamps(finding: Finding, times: Times) -> list[tuple[Plane, str]]:
    """Per plane its revision or age: `9fd2c1 2m`, `3s`, `gone 3s`, `?`."""
    said = []
    for plane in Plane:
        stamp = finding.planes.get(plane)
        if stamp is None:
            said.append((plane, "?"))
            continue
        words = [] if stamp.present else ["gone" if plane is Plane.ACTUAL else "absent"]
        if stamp.revision and plane is Plane.DESIRED:
            words.append(clean(stamp.revision, 60)[:7])
        words.append(times.short(stamp.observed_at))
        said.append((plane, " ".join(words)))
    return said
