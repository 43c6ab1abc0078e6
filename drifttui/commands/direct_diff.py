"""`drifttui diff ADDRESS --direct`: one AWS resource of a stack, read from AWS right now and without a plan."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import UTC
from typing import TYPE_CHECKING, Any

from drifttui.core.direct import DirectAnswer, as_json, provenance, unread_words
from drifttui.core.errors import InputError, SourceError, Unreachable, inert
from drifttui.core.planes import Observation, Plane
from drifttui.services.answers import DIFF
from drifttui.services.direct import Target, find
from drifttui.services.session import build_sources, settings_from, utc_now

from .diff import CLEAN, DRIFT, UNKNOWN, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drifttui.core.ports import Source


def run_direct(options: argparse.Namespace) -> int:
    """Exits as `diff` does; 3 also where AWS gave no answer. Raises `InputError` for what cannot be asked."""
    if not options.unit:
        raise InputError(
            "Which resource?", "", "Give its address: `drifttui diff aws_instance.web --direct --stack .`."
        )
    if options.resource or options.desired or options.recorded or options.actual:
        raise InputError("--direct stands alone", "files and --resource are other questions", "Leave them out.")
    sources = build_sources(settings_from(options), utc_now)
    try:
        target, found = asyncio.run(_read(sources, options.unit, options.timeout))
    except SourceError as error:
        if options.json:
            said = {"kind": error.kind, "line": error.one_line()}
            _print({"schema": DIFF, "drifted": None, "changes": [], "hidden": [], "error": said})
        print(f"drifttui: {error.one_line()}", file=sys.stderr)
        return UNKNOWN
    if options.json:
        _print({**answer([found.comparison]), **as_json(target.unit, found), "drifted": found.drifted})
    else:
        _show(found)
    for gap in found.gaps:
        print(f"drifttui: {gap}", file=sys.stderr)
    return {True: DRIFT, False: CLEAN, None: UNKNOWN}[found.drifted]


async def _read(sources: Sequence[Source], address: str, timeout: float) -> tuple[Target, DirectAnswer]:
    try:
        async with asyncio.timeout(timeout):
            target = await find(sources, address)
            return target, await target.reader.read_one(target.unit, target.ref.address)
    except TimeoutError:
        raise Unreachable(
            f"{inert(address, 120)} was not read", f"no answer in {timeout:g} s", "See --timeout."
        ) from None
    finally:
        await asyncio.gather(*(source.close() for source in sources), return_exceptions=True)


def _show(found: DirectAnswer) -> None:
    from .show_diff import show

    show([found.comparison], list(Plane))
    print(f"{provenance(found)[:1].upper()}{provenance(found)[1:]}.")
    print(f"  recorded  {_stamp(found.recorded)}")
    print(f"  desired   {_stamp(found.desired)}")
    if said := unread_words(found, 40):
        print(f"  {said}")


def _stamp(seen: Observation | None) -> str:
    if seen is None:
        return "unknown: no plan tells it"
    at = f", {seen.observed_at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if seen.observed_at else ", at an unknown time"
    revision = f", {inert(seen.revision, 60)}" if seen.revision else ""
    return f"{inert(seen.method, 120)}{at}{revision}"


def _print(document: dict[str, Any]) -> None:
    json.dump(document, sys.stdout, indent=2)
    print()
