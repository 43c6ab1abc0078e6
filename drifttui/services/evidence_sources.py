"""Where an export's material comes from: the sessions and the ledger of this user, the demo, or another bundle."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drifttui.clients.access import Access
from drifttui.core.acts import NOTHING, Acts
from drifttui.core.acts_fold import fold
from drifttui.core.audit import moment
from drifttui.core.errors import InputError
from drifttui.core.ledger import Event
from drifttui.core.ports import Batch
from drifttui.core.scope import Scope
from drifttui.core.tool import TOOL
from drifttui.store.journal import Kept, read_sessions

from .evidence import About, Material, from_sessions
from .export import scope_of
from .opened import Opened, open_demo
from .relook import as_records

if TYPE_CHECKING:
    from drifttui.clients.aws import Aws
    from drifttui.clients.aws_settings import AwsSettings

UPLOAD = 900.0
"""Seconds that one upload may take."""


def own_material(
    options: argparse.Namespace, since: datetime | None, until: datetime | None
) -> tuple[Scope, Material, Sequence[Event]]:
    """Raises `InputError` where nothing was ever recorded, `LedgerError` for a ledger that cannot be read."""
    from drifttui.store.ledger import open_ledger
    from drifttui.store.settings import load_settings

    from .session import ledger_from

    target = ledger_from(options, load_settings(options.config))
    sessions = read_sessions()
    ledger = open_ledger(target, clock=lambda: datetime.now(UTC), create=False)
    try:
        events, acts = list(ledger.events()), ledger.acts()
    finally:
        ledger.close()
    if not sessions and not events:
        raise InputError(
            "Nothing was recorded yet",
            "no session and no ledger in the data folder",
            "Sessions of `drifttui` are recorded; `drifttui export --demo -o FILE` shows how it looks.",
        )
    scope = scope_of(acts, sessions, options.incident, options.unit, since=since, until=until)
    return scope, from_sessions(sessions), events


def demo_material(since: datetime | None, until: datetime | None) -> tuple[Scope, Material, Sequence[Event]]:
    """The incident of `drifttui demo`, judged by the rules of this drifttui."""
    with open_demo() as opened:
        scope, material, events = material_of(opened)
    return scope._replace(since=since, until=until), material, events


def material_of(opened: Opened) -> tuple[Scope, Material, Sequence[Event]]:
    """A bundle of everything under an incident as material for another one, which outlives `opened`: findings keep
    their ids, who did it is told as it was, and the rules judge again by what the ledger said then."""
    batches, events = list(opened.batches()), tuple(opened.events())
    lines = list(opened.lines("findings.jsonl"))
    began = moment(opened.record["sessions"][0]["started"])
    assert began is not None
    incident = opened.manifest.incident

    def records(_: Callable[[str], None]) -> Iterator[tuple[datetime, Kept]]:
        from drifttui.core.link_standing import change_links

        from .judge import Judgement
        from .replay import Remembered

        acts: list[Acts] = [NOTHING]

        def told() -> Iterator[tuple[datetime, Batch]]:
            held = deque(events)
            for at, batch in batches:
                while held and held[0].at <= at:
                    acts[0] = fold(acts[0], [held.popleft()])
                yield at, batch

        judgement = Judgement(
            store=Remembered(lines),  # type: ignore[arg-type]
            links=(lambda finding: change_links(acts[0], str(finding.unit), finding.id, incident)) if events else None,
        )
        return as_records(told(), judgement)

    return Scope(incident, None), Material((About("demo", began, TOOL),), records), events


def aws_of(options: argparse.Namespace) -> Aws:
    """The account that flags name, else the first of the settings file, else the default chain."""
    from drifttui.store.settings import load_settings

    return aws_for(load_settings(options.config).aws, options.aws_profile, options.aws_region)


def aws_for(
    known: Sequence[AwsSettings], profile: str = "", region: str = "", access: Access = Access.FULL
) -> Aws:  # fmt: skip
    """For uploads, which take longer than a question does."""
    import msgspec

    from drifttui.clients.aws import Aws
    from drifttui.clients.aws_settings import AwsSettings

    wanted = next((one for one in known if one.profile == profile), None) if profile else None
    settings = wanted or (AwsSettings(profile=profile) if profile or not known else known[0])
    if region:
        settings = msgspec.structs.replace(settings, region=region)
    return Aws(msgspec.structs.replace(settings, timeout=UPLOAD, read_timeout=UPLOAD), access=access)
