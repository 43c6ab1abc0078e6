"""Where an export's material comes from: the sessions and the ledger of this user, the demo, or another bundle."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drifttui.clients.access import Access
from drifttui.core.errors import InputError
from drifttui.core.ledger import Event
from drifttui.core.scope import Scope
from drifttui.core.tool import TOOL
from drifttui.store.journal import read_sessions

from .evidence import About, Material, from_sessions
from .export import scope_of
from .opened import moment, open_demo
from .relook import as_records

if TYPE_CHECKING:
    from drifttui.clients.aws import Aws
    from drifttui.clients.aws_settings import AwsSettings

DEMO_INCIDENT = "INC-9127"
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
        batches, events = list(opened.batches()), tuple(opened.events())
        began = moment(opened.record["sessions"][0]["started"])
    assert began is not None
    material = Material((About("demo", began, TOOL),), lambda damaged: as_records(batches))
    return Scope(DEMO_INCIDENT, None, since, until), material, events


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
