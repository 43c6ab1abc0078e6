"""Lines out of chunks, with a bound on how long one may grow, and with a pause in which chunks gather."""

from __future__ import annotations

import asyncio
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


class Gathering:
    """Lets the pieces of a busy stream gather: a read costs the same for one event as for twenty.

    A piece that had to be waited for is followed by a short pause before the next read; one that was there already,
    or a stream that fills every read, by none.
    """

    PAUSE = 0.02
    """Seconds; nobody sees an event so much later."""

    FULL = 60 * 1024
    """Bytes of one read from which on there is more to come than to wait for."""

    def __init__(self) -> None:
        self._waited = False
        self._turn: asyncio.Handle | None = None
        self._read = 0

    def asked(self) -> None:
        """The next piece is about to be asked for."""
        self._waited = False
        self._turn = asyncio.get_running_loop().call_soon(self._note)

    async def got(self, size: int) -> None:
        """It is there. Whoever had to wait for it let the loop turn."""
        if self._turn is not None:
            self._turn.cancel()
        if self._waited:
            full, self._read = self._read >= self.FULL, 0
            if not full:
                await asyncio.sleep(self.PAUSE)
        self._read += size

    def _note(self) -> None:
        self._waited = True
