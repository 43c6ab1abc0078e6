"""jq paths of ignore rules, by the reference implementation, each with a limit on its time."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, Final

from drifttui.clients.jq_process import Ended, JqProcess, TookTooLong
from drifttui.core.errors import InputError, inert
from drifttui.core.planes import Document

EXPRESSION_LIMIT = 2_000
"""Characters. Argo CD's own rules are a line; a longer one is not evaluated."""

_REFUSED = re.compile(
    r"(?<![\w.])(?:import|include|input|inputs|input_filename|debug|stderr|env|halt|halt_error|repeat|until|while|range|limit|"
    r"recurse_down|def|reduce|foreach|label|input_line_number|now|localtime|mktime|\$__prog_args)(?!\w)|\$ENV|\*\s*[0-9.eE]{4,}"
)
"""What loops, defines, or reaches beyond the document is refused by name. What takes long all the same, as a regular
expression may, is killed with the process that evaluates it."""

_PROCESS: Final = JqProcess()
"""Of the whole program. It starts with the first path."""


def delete(document: Document, expression: str) -> Document:
    """A copy of `document` without what `expression` selects, as `del(expression)`. Raises `InputError`."""
    _check(expression)
    try:
        answer = _PROCESS.delete(json.dumps(document), expression)
    except TookTooLong as error:
        raise InputError(f"Unknown: the ignore rule took longer than {error.limit:g} s") from None
    except Ended as error:
        raise InputError("Unknown: jq ended", str(error), inert(expression, 100)) from None
    if answer.kind != "left":
        title = "A jq path is broken" if answer.kind == "broken" else "jq failed"
        raise InputError(title, answer.text, inert(expression, 100))
    try:
        found: Any = json.loads(answer.text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InputError("jq left no object", inert(expression, 100))
    return found


@lru_cache(maxsize=256)
def _check(expression: str) -> None:
    if len(expression) > EXPRESSION_LIMIT:
        raise InputError("A jq path is too long", f"{len(expression)} characters, at most {EXPRESSION_LIMIT}")
    refused = _REFUSED.search(_without_texts(expression))
    if refused:
        raise InputError("A jq path is refused", f"it uses {refused[0]}", "It is not evaluated; paths alone are.")


def _without_texts(expression: str) -> str:
    """String literals may name anything; interpolation inside them is code and stays."""
    return re.sub(r'"(?:[^"\\]|\\[^(])*"', '""', expression)
