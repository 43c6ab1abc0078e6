"""Which key of a file of Helm values gave a field its value: by the value itself and by the words of their names.

Nothing is rendered here, so this is a conclusion and is told as one. A key counts whose value the field holds, or holds
a part of (`image.tag` in `shop/api:1.4`), and that shares a word with the field's path (`replicaCount` and
`/spec/replicas`). Where two keys fit equally well it is not known which.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from .git import Field
from .pointers import escape

MOST: Final = 20_000
"""Values of one file that are looked at."""
_DEEP: Final = 40
_SHORTEST: Final = 2
"""Characters of a value that is only a part of what the field holds."""
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_IDLE: Final = frozenset({"spec", "template", "metadata", "data", "name", "value", "global", "config"})


class Keys(NamedTuple):
    pointers: tuple[str, ...] = ()
    """One where it is clear; none where none fits."""
    together: bool = False
    """Each of several gave a part of its own (repository and tag of an image); otherwise they fit alike."""


class Fit(NamedTuple):
    pointer: str
    """Of the key, in the file of values."""
    text: str
    words: int
    exact: bool


def keys_of(values: Any, field: Field) -> Keys:
    """The keys that may have given `field` what it holds. A field of no known value, or of no scalar one, has none."""
    if not field.holds:
        return Keys()
    wanted = json.loads(field.holds)
    names = _words(f"{field.label or field.path}/{field.path}")
    fits = [
        Fit(pointer, _text(held), kin, exact)
        for pointer, held in _leaves(values)
        if (exact := _equal(held, wanted)) or _part(held, wanted)
        if (kin := len(_words(pointer) & names))
    ]
    best = max(((fit.words, fit.exact) for fit in fits), default=None)
    kept = [fit for fit in fits if (fit.words, fit.exact) == best]
    return Keys(tuple(fit.pointer for fit in kept), len(kept) > 1 and not kept[0].exact and _apart(kept, str(wanted)))


def _apart(fits: Sequence[Fit], whole: str) -> bool:
    """Whether each is a part of its own of the whole: none is left when the longer ones are taken out."""
    for fit in sorted(fits, key=lambda fit: -len(fit.text)):
        if fit.text not in whole:
            return False
        whole = whole.replace(fit.text, "\n", 1)
    return True


def _leaves(values: Any) -> Iterator[tuple[str, Any]]:
    waiting: list[tuple[str, Any, int]] = [("", values, 0)]
    seen = 0
    while waiting and seen < MOST:
        pointer, held, depth = waiting.pop()
        seen += 1
        if isinstance(held, dict) and depth < _DEEP:
            waiting += [(f"{pointer}/{escape(str(key))}", value, depth + 1) for key, value in held.items()]
        elif isinstance(held, list) and depth < _DEEP:
            waiting += [(f"{pointer}/{place}", value, depth + 1) for place, value in enumerate(held)]
        elif isinstance(held, (str, int, float)):
            yield pointer, held


def _equal(held: Any, wanted: Any) -> bool:
    """`1` and `"1"` are the same: templates quote; `true` is no number."""
    if isinstance(held, bool) or isinstance(wanted, bool):
        return _text(held) == _text(wanted) and (held is wanted or isinstance(held, str) or isinstance(wanted, str))
    return _text(held) == _text(wanted)


def _part(held: Any, wanted: Any) -> bool:
    text = _text(held)
    if not isinstance(wanted, str) or isinstance(held, bool) or not _SHORTEST <= len(text) < len(wanted):
        return False
    place = wanted.find(text)
    while place >= 0:
        before, after = wanted[place - 1 : place], wanted[place + len(text) : place + len(text) + 1]
        if not (before.isalnum() or after.isalnum()):
            return True
        place = wanted.find(text, place + 1)
    return False


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _words(path: str) -> frozenset[str]:
    """`replicaCount` has `replica` and `count`; words that say nothing are left out."""
    found = {word.lower() for word in _WORD.findall(path)}
    return frozenset(word.removesuffix("s") for word in found if not word.isdigit()) - _IDLE
