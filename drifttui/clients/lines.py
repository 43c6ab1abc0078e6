"""Lines out of chunks, with a bound on how long one may grow."""

from __future__ import annotations

from collections.abc import Iterator


class Lines:
    """Splits a byte stream at newlines. A line longer than `limit` bytes is dropped and told as None."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = bytearray()
        self._dropping = False

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        """Every line that `chunk` completes, without its newline."""
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            if self._dropping:
                self._dropping = False
                yield None
            elif len(self._held) + end - start > self._limit:
                self._held.clear()
                yield None
            elif self._held:
                self._held += chunk[start:end]
                line = bytes(self._held)
                self._held.clear()
                yield line
            else:
                yield chunk[start:end]
            start = end + 1
        if self._dropping:
            return
        self._held += chunk[start:]
        if len(self._held) > self._limit:
            self._held.clear()
            self._dropping = True

    def rest(self) -> bytes:
        """What came after the last newline; empty where nothing did or it was too long."""
        return bytes(self._held)
