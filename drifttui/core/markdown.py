"""Outside text in Markdown that hosts render: as code, in which no markup, link, mention or reference is made."""

from __future__ import annotations

import re

from .errors import inert


def code(text: object, limit: int = 300) -> str:
    """One line as inline code, whatever backticks it holds (CommonMark 6.1)."""
    clean = inert(str(text), limit)
    if not clean:
        return "(empty)"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", clean)), default=0))
    pad = " " if clean[0] == "`" or clean[-1] == "`" else ""
    return f"{fence}{pad}{clean}{pad}{fence}"


def block(lines: list[str], language: str = "") -> list[str]:
    """Fenced code. What stands in it is ours or quoted: control characters are out, and the fence is longer than any
    in it."""
    clean = [re.sub(r"[^\S ]|[\x00-\x1f\x7f]", " ", line) for line in lines]
    longest = max((len(run) for line in clean for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *clean, fence]


def plain_words(text: str, limit: int) -> str:
    """For titles and branch names, which are never rendered but searched for mentions, references and commands."""
    return re.sub(r"[^\w ./:()+-]", "_", inert(text, limit))
