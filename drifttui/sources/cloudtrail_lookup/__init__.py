"""CloudTrail's LookupEvents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.ports import Clock, Source


class CloudTrailLookupFactory:
    """One source for each account."""

    system = "CloudTrail"
    option_help = "AWS accounts (--aws-profile, [[aws]] in the settings file)"

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        """Reads `settings.aws`, `.aws_client` and `.redaction_key`."""
        if not getattr(settings, "aws", ()):
            return []
        from ...clients.aws_pace import Pace
        from ...store.paths import cache_directory
        from .source import CloudTrailLookup

        pace = Pace(cache_directory())
        return [
            CloudTrailLookup(settings.aws_client(entry), clock, key=settings.redaction_key, pace=pace)
            for entry in settings.aws
            if entry.lookup
        ]


SOURCE = CloudTrailLookupFactory()
