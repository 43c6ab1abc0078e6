"""What an operator can set about OpenTofu and Terraform. Not beside the source, so that `store` can read it."""

from __future__ import annotations

from typing import Annotated

import msgspec

Positive = msgspec.Meta(gt=0)
_USUAL = ("plan", "tfplan", "state", "terraform", "show")


class StackSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[stack]]`: one stack, from exactly one of `dir`, `plan` and `state`. Seconds."""

    name: str = ""
    """How it is called. Unset: the last part of where it is that is not what such files are always called."""
    dir: str = ""
    """Folder of the configuration: drifttui plans it, without lock and without writing state."""
    plan: str = ""
    """What somebody else planned, as `show -json` prints it: a file, an http(s):// or s3:// address."""
    state: str = ""
    """A state, likewise. It is the recorded plane alone: whether anything drifted stays unknown."""
    binary: str = ""
    """`tofu`, `terraform` or a path. Unset: whichever is on PATH, `tofu` first."""
    workspace: str = ""
    """Unset: $TF_WORKSPACE, else the one that is selected in the folder."""
    environment: str = ""
    """`prod`, `staging`, `dev`. Unset: from words in the names."""
    cluster: str = ""
    """What it makes things in, as a name to read and filter by."""
    account: str = ""
    """Name of the `[[aws]]` table whose credentials read s3:// addresses and locks. Unset: the first."""
    lock_table: str = ""
    """DynamoDB table with the locks of a `state` in S3 (`dynamodb_table`). Of `dir` the backend itself says it."""
    interval: Annotated[float, msgspec.Meta(ge=60)] | None = None
    """Between two plans. Unset: one at the start, and then whenever the operator asks."""
    timeout: Annotated[float, Positive] = 1800.0
    """Of one plan."""
    refresh_only: bool = False
    """Drift alone: what the configuration would change is not asked."""
    refreshed: bool = False
    """Of `plan`: it was not made with -refresh=false, which a plan does not record."""
    var_file: tuple[str, ...] = ()
    backend_config: tuple[str, ...] = ()
    """As for `init -backend-config=`."""

    def __post_init__(self) -> None:
        if sum(map(bool, (self.dir, self.plan, self.state))) != 1:
            raise ValueError("Give one of `dir`, `plan` and `state`")

    @property
    def place(self) -> str:
        return self.dir or self.plan or self.state

    @property
    def shown_name(self) -> str:
        """Unique only as far as the operator made it so."""
        if self.name:
            return self.name.replace("/", "_")
        parts = [part for part in self.place.split("?")[0].rstrip("/").split("/") if part not in ("", ".", "..")]
        if len(parts) > 1 and not self.dir and parts[-1].split(".")[0] in _USUAL:
            parts.pop()
        return parts[-1] if parts else "stack"
