"""OpenTofu and Terraform: stacks that are planned here, and plans and states that somebody else made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...clients.tofu_settings import StackSettings
from ...core.ports import Clock, Source


class TofuFactory:
    """One source for each stack, so that a slow one makes no other stale. Starts no process and opens no file."""

    system = "OpenTofu and Terraform"
    option_help = "OpenTofu and Terraform stacks (--stack, [[stack]] in the settings file)"

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        """Reads `settings.stacks`, `.aws`, `.aws_client`, `.access` and `.redaction_key`."""
        stacks: Sequence[StackSettings] = getattr(settings, "stacks", ())
        if not stacks:
            return []
        import asyncio

        from ...core.errors import inert
        from ...core.redact import redact_text
        from ...store.paths import cache_directory
        from .reading import Reader
        from .source import AT_ONCE, TofuSource

        key: bytes = settings.redaction_key

        def clean(text: str) -> str:
            return inert(redact_text(text, key), 600)

        def aws(name: str) -> Any:
            chosen = [entry for entry in settings.aws if not name or name == entry.shown_name]
            return settings.aws_client(chosen[0]) if chosen else None

        def direct(name: str) -> Any:
            if settings.aws or name:
                return aws(name)
            from ...clients.aws_settings import AwsSettings

            return settings.aws_client(AwsSettings())

        cache = cache_directory() / "stacks"
        readers = [
            Reader(one, clock, key=key, access=settings.access, clean=clean, cache=cache, aws=aws, direct=direct)
            for one in stacks
        ]
        room = asyncio.Semaphore(AT_ONCE)
        return [TofuSource(f"stack:{one.name}", [one], clock, room) for one in readers]


SOURCE = TofuFactory()
