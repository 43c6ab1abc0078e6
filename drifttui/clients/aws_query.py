"""A query that runs at AWS: ended there too when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from ..core.errors import DriftError

_GRACE: Final = 5.0
"""Seconds for which a start that was given up is awaited, because only its answer names what to stop."""


@asynccontextmanager
async def running(
    start: Callable[[], Coroutine[Any, Any, str]], stop: Callable[[str], Awaitable[None]]
) -> AsyncIterator[str]:
    """The id of the query. Left by an error or by being cancelled, it is stopped; `stop` must not raise."""
    starting = asyncio.ensure_future(start())
    try:
        query = await asyncio.shield(starting)
    except asyncio.CancelledError:
        try:
            query = await asyncio.wait_for(starting, _GRACE)
        except (TimeoutError, asyncio.CancelledError, DriftError):
            raise asyncio.CancelledError from None
        await stop(query)
        raise
    try:
        yield query
    except BaseException:
        await asyncio.shield(stop(query))
        raise
