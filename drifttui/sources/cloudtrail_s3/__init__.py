"""CloudTrail's log files in S3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.ports import Clock, Source


class CloudTrailFilesFactory:
    """One source for each account with a bucket."""

    system = "CloudTrail files"
    option_help = "CloudTrail's log files ([aws.trail] in the settings file)"

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        """Reads `settings.aws`, `.aws_client` and `.redaction_key`."""
        if not getattr(settings, "aws", ()):
            return []
        from .source import CloudTrailFiles

        return [
            CloudTrailFiles(settings.aws_client(entry), entry.trail, clock, key=settings.redaction_key)
            for entry in settings.aws
            if entry.trail is not None
        ]


SOURCE = CloudTrailFilesFactory()
