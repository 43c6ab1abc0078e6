"""jq paths of ignore rules, by the reference implementation."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from drifttui.core.errors import InputError, inert
from drifttui.core.planes import Document

EXPRESSION_LIMIT = 2_000
"""Characters. Argo CD's own rules are a line; a longer one is not evaluated."""

_REFUSED = re.compile(
    r"(?<![\w.])(?:import|include|input|inputs|input_filename|debug|stderr|env|halt|halt_error|repeat|until|while|range|limit|"
    r"recurse_down|def|reduce|foreach|label|input_line_number|now|localtime|mktime|\$__prog_args)(?!\w)|\$ENV|\*\s*[0-9.eE]{4,}"
)
"""What loops, defines, or reaches beyond the document. jq runs inside this process without a way to stop it after a
second, as Argo CD does, so what could run on is refused by name."""


def delete(document: Document, expression: str) -> Document:
    """A copy of `document` without what `expression` selects, as `del(expression)`. Raises `InputError`."""
    program = _compiled(expression)
    try:
        found: Any = program.input_value(document).first()
    except (ValueError, StopIteration) as error:
        raise InputError("jq failed", str(error), inert(expression, 100)) from None
    if not isinstance(found, dict):
        raise InputError("jq left no object", inert(expression, 100))
    return found


@lru_cache(maxsize=256)
def _compiled(expression: str) -> Any:
    if len(expression) > EXPRESSION_LIMIT:
        raise InputError("A jq path is too long", f"{len(expression)} characters, at most {EXPRESSION_LIMIT}")
    refused = _REFUSED.search(_without_texts(expression))
    if refused:
        raise InputError("A jq path is refused", f"it uses {refused[0]}", "It is not evaluated; paths alone are.")
    import jq

    try:
        return jq.compile(f"del({expression})")
    except ValueError as error:
        raise InputError("A jq path is broken", str(error), inert(expression, 100)) from None


def _without_texts(expression: str) -> str:
    """String literals may name anything; interpolation inside them is code and stays."""
    return re.sub(r'"(?:[^"\\]|\\[^(])*"', '""', expression)
