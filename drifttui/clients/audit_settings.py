"""What an operator can set about local audit logs. Not beside the source, so that `store` can read it from a file."""

from __future__ import annotations

from pathlib import Path

import msgspec


class AuditSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[audit]` in the configuration: audit logs on this machine, those of clusters and CloudTrail's."""

    paths: tuple[Path, ...] = ()
    """Files, or folders with rotated and compressed ones."""
    clusters: tuple[str, ...] = ()
    """Names and URLs of the clusters that they record, as units call them. Unset: any."""
    cloudtrail: tuple[Path, ...] = ()
    """Files of CloudTrail, or folders of them."""
