"""The key that reads one AWS resource of a stack right now, where a plan would take minutes. It writes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType

from drifttui.core.board import Mode
from drifttui.core.identity import STACKS, ResourceRef
from drifttui.core.rows import FindingRow, UnitRow
from drifttui.core.words import clean

from .act_keys import ActKeys

_MOST = 8
"""Marked findings that one key reads: each is a question to AWS."""


class DirectKeys(ActKeys):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "D", "direct", "Direct", id="direct", tooltip="Read this one AWS resource of a stack now, without a plan."
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._can_direct = False
        self._waiting: tuple[str, datetime] | None = None
        """The address that was asked for last, and when: the line that said so goes with the answer."""

    @property
    def idle_keys(self) -> frozenset[str]:
        return super().idle_keys if self._can_direct else super().idle_keys | {"direct"}

    def follow_direct(self, row: UnitRow | None, finding: FindingRow | None) -> None:
        """The key is on the line while it can do something about what the cursor is on."""
        can = row is not None and not self.no_direct(row, finding.finding.ref if finding is not None else None)
        if can != self._can_direct:
            self._can_direct = can
            self.show_keys()
        if self._waiting is not None and row is not None:
            self._answered(row, *self._waiting)

    def _answered(self, row: UnitRow, address: str, since: datetime) -> None:
        read = next((one for one in row.look.direct if one.address == address and one.asked_at >= since), None)
        if read is None or read.running:
            return
        self._waiting = None
        name = clean(address, 60)
        if read.answer is None:
            self.tell(f"{name} was not read: {clean(read.error, 300)}", "bad")
            return
        from drifttui.core.direct import summary

        self.tell(f"{name} was read: {summary(read.answer)}", "warn" if read.answer.drifted else "ok")

    def no_direct(self, row: UnitRow, ref: ResourceRef | None) -> str:
        """Why it cannot be read directly, in one line; empty: it can."""
        if self.board.mode is not Mode.LIVE:
            return f"a {self.board.mode.value} reads nothing"
        if row.unit.id.engine not in STACKS:
            return "only resources of OpenTofu and Terraform stacks are read directly"
        from drifttui.core.direct import engine_refusal, refusal

        return refusal(row.unit.id, ref) if ref is not None else engine_refusal(row.unit.id)

    async def action_direct(self) -> None:
        findings = self.finding_rows()
        if not findings:
            await self._direct_by_address()
            return
        told = ""
        for row in findings[:_MOST]:
            told = self._read(row)
        if len(findings) == 1:
            return
        if told:
            more = f", the first {_MOST} of {len(findings)}" if len(findings) > _MOST else ""
            self.tell(f"reading {min(len(findings), _MOST)} resources directly{more}", "muted")
        self.acted()

    def _read(self, row: FindingRow) -> str:
        """The address that is being read; empty where it is not."""
        ref, unit = row.finding.ref, row.of.unit.id
        if why := self.no_direct(row.of, ref):
            self.tell(f"Cannot read it directly: {why}.", "bad")
            return ""
        if any(read.running and read.address == ref.address for read in row.of.look.direct):
            self._waiting = None
            self.host.feed.read_directly(unit, ref.address, stop=True)
            self.tell(f"no longer waiting for {clean(ref.address, 60)}", "muted")
            return ""
        self._waiting = (ref.address, self.times.now)
        self.host.feed.read_directly(unit, ref.address)
        self.tell(f"reading {clean(ref.address, 60)} directly, D again stops waiting", "muted")
        return ref.address

    async def _direct_by_address(self) -> None:
        rows = self.unit_rows()
        if not rows:
            self.tell("nothing here to read directly")
            return
        if why := self.no_direct(rows[0], None):
            self.tell(f"Cannot read anything directly: {why}.", "bad")
            return
        await self.open_command("direct ")
