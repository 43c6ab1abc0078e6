"""What a terminal would show: the characters, from the bytes that a program writes.

Only what full-screen programs use: cursor positions, erasing, text. Every character is one cell wide, which the
benches' own names are.
"""

from __future__ import annotations

import codecs
import re

_TOKEN = re.compile(
    r"\x1b\[(?P<args>[0-9;:?<=>]*)[ -/]*(?P<end>[@-~])"
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07)"
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
    r"|(?P<control>[\r\n\x08])"
    r"|[\x00-\x07\x09\x0b\x0c\x0e-\x1a\x1c-\x1f]"
    r"|(?P<text>[^\x00-\x1f]+)",
    re.DOTALL,
)


class Screen:
    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._cells = [[" "] * columns for _ in range(rows)]
        self._x = self._y = 0

    def feed(self, data: bytes) -> None:
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                self._rest = text[at:]
                return
            self._apply(match)
            at = match.end()

    def line(self, y: int) -> str:
        return "".join(self._cells[y])

    def text(self) -> str:
        return "\n".join(self.line(y).rstrip() for y in range(self.rows))

    def __contains__(self, text: str) -> bool:
        return any(text in "".join(row) for row in self._cells)

    def _apply(self, match: re.Match[str]) -> None:
        if text := match["text"]:
            self._write(text)
        elif control := match["control"]:
            if control == "\r":
                self._x = 0
            elif control == "\n":
                self._y = min(self._y + 1, self.rows - 1)
            else:
                self._x = max(self._x - 1, 0)
        elif end := match["end"]:
            self._sequence(match["args"], end)

    def _sequence(self, args: str, end: str) -> None:
        if args[:1] in "?<=>" and args:
            return
        numbers = [int(n) if n.isdigit() else 0 for n in args.split(";")] if args else []
        if end in "Hf":
            self._y = min(max((numbers[0] if numbers else 1) - 1, 0), self.rows - 1)
            self._x = min(max((numbers[1] if len(numbers) > 1 else 1) - 1, 0), self.columns - 1)
        elif end == "J":
            for y in range(self.rows):
                self._erase(y, 0)
        elif end == "K":
            self._erase(self._y, self._x)

    def _write(self, text: str) -> None:
        text = text[: self.columns - self._x]
        end = self._x + len(text)
        self._cells[self._y][self._x : end] = text
        self._x = end

    def _erase(self, y: int, x: int) -> None:
        self._cells[y][x:] = " " * (self.columns - x)
