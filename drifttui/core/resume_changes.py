"""How a pause left a field, and what differs from that now, in words."""

from __future__ import annotations

from .pause_argocd import AUTOMATED, NONE_WORDS, said
from .pause_flux import SUSPEND
from .pause_owners import RECONCILE
from .planes import ABSENT, Json, Mark


def expected(pointer: str, before: Json | Mark, removed: bool | None) -> tuple[Json | Mark, ...]:
    """What a pause made of a captured value; several where nobody wrote down which way it went."""
    if pointer == SUSPEND:
        return (True,)
    if pointer == RECONCILE:
        return ("disabled",)
    if pointer == AUTOMATED and isinstance(before, dict):
        switched: Json = {**before, "enabled": False}
        if removed is None:
            return (switched, ABSENT)
        return (ABSENT,) if removed else (switched,)
    return (before,)


def difference(pointer: str, one: Json | Mark, other: Json | Mark) -> list[str]:
    """`spec.syncPolicy.automated.prune  true → false`, a line for each field."""
    field = pointer[1:].replace("~1", "/").replace("~0", "~").replace("/", ".")
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [*one, *(key for key in other if key not in one)]
        return [
            line
            for key in keys
            if one.get(key, ABSENT) != other.get(key, ABSENT)
            for line in difference(f"{pointer}/{key}", one.get(key, ABSENT), other.get(key, ABSENT))
        ]
    return [f"{field}  {_said(one)} → {_said(other)}"]


def _said(value: Json | Mark) -> str:
    return NONE_WORDS if value is ABSENT else said(value)
