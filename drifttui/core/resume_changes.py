"""How a pause left a field, and what differs from that now, in words."""

from __future__ import annotations

from .pause_argocd import AUTOMATED, NONE_WORDS, said
from .pause_flux import DISABLE, SUSPEND
from .pause_owners import RECONCILE
from .planes import ABSENT, Json, Mark
from .pointers import parse


def expected(pointer: str, before: Json | Mark, removed: bool | None) -> tuple[Json | Mark, ...]:
    """What a pause made of a captured value; several where nobody wrote down which way it went."""
    if pointer == SUSPEND:
        # `flux resume` takes the field out, an editor sets it to false: resumed already, and not as it was.
        return (True, False, ABSENT)
    if pointer in (RECONCILE, DISABLE):
        return ("disabled",)
    if pointer == AUTOMATED and isinstance(before, dict):
        switched: Json = {**before, "enabled": False}
        if removed is None:
            return (switched, ABSENT)
        return (ABSENT,) if removed else (switched,)
    return (before,)


def difference(pointer: str, one: Json | Mark, other: Json | Mark) -> list[str]:
    """`spec.syncPolicy.automated.prune  true → false`, a line for each field."""
    field = dotted(pointer)
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [*one, *(key for key in other if key not in one)]
        return [
            line
            for key in keys
            if one.get(key, ABSENT) != other.get(key, ABSENT)
            for line in difference(f"{pointer}/{key}", one.get(key, ABSENT), other.get(key, ABSENT))
        ]
    return [f"{field}  {_said(one)} → {_said(other)}"]


def dotted(pointer: str) -> str:
    """`spec.suspend`; of an annotation its key alone."""
    tokens = parse(pointer)
    return tokens[-1] if tokens[:-1] == ("metadata", "annotations") else ".".join(tokens)


def _said(value: Json | Mark) -> str:
    return NONE_WORDS if value is ABSENT else said(value)
