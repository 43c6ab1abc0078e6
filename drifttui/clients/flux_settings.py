"""What an operator can set about Flux. Not beside the source, so that `store` can read it from a file."""

from __future__ import annotations

import msgspec


class FluxSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[flux]` in the configuration."""

    enabled: bool = True
    contexts: tuple[str, ...] = ()
    """Kubeconfig contexts whose clusters are asked for Flux. Unset: those of --context, else the current one."""
