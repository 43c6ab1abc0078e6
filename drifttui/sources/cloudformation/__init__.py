"""CloudFormation stacks of AWS accounts, with what drift detection says about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.ports import Clock, Source


class CloudFormationFactory:
    """One source for each account whose `[[aws]]` table has an `[aws.cloudformation]`. Opens nothing."""

    system = "CloudFormation"
    option_help = "CloudFormation stacks ([aws.cloudformation] in the settings file)"

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        """Reads `settings.aws`, `.aws_client`, `.access` and `.redaction_key`."""
        chosen = [entry for entry in getattr(settings, "aws", ()) if entry.cloudformation is not None]
        if not chosen:
            return []
        from .source import CloudFormationSource

        return [
            CloudFormationSource(settings.aws_client(entry), clock, entry.cloudformation, key=settings.redaction_key)
            for entry in chosen
        ]


SOURCE = CloudFormationFactory()
