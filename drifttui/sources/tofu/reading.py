"""Reads one stack: makes a plan of it, or takes what somebody else made, and says what that tells."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from ...clients.access import Access
from ...clients.http_errors import Clean
from ...clients.tofu import Planned, Steps, Tofu
from ...clients.tofu_programs import Program, find
from ...clients.tofu_settings import StackSettings
from ...core.direct import DirectAnswer
from ...core.errors import BadAnswer, DriftError, InputError, Missing, SourceError, inert
from ...core.identity import Engine
from ...core.ports import Clock
from ...core.terraform_cases import moment
from ...core.terraform_load import is_event_stream, load
from ...core.terraform_lock import Lock, Locking
from ...core.terraform_plan import parse_plan
from ...core.terraform_review import review
from ...core.terraform_stack import StackAnswer, Stamp, of_review, of_state
from ...core.terraform_state import RecordedResource, parse_state
from ...core.unit import Condition
from .direct import Held, read_direct
from .files import Fetched, bucket_and_key, fetch, shown_place
from .locks import Place, place_of, remote_lock


class Read(NamedTuple):
    """What one reading said. `answer` is None where it failed with `error`."""

    at: datetime
    """When it ended."""
    true_at: datetime | None
    """When what it says was true."""
    method: str
    answer: StackAnswer | None = None
    error: SourceError | None = None
    lock: Lock | None = None
    revision: str = ""
    engine: Engine | None = None
    """As the plan itself shows; None where it does not."""


class Reader:
    """One stack. `read` raises nothing but what is a bug."""

    def __init__(
        self,
        settings: StackSettings,
        clock: Clock,
        *,
        key: bytes,
        access: Access,
        clean: Clean,
        cache: Path,
        aws: Callable[[str], Any],
        direct: Callable[[str], Any],
    ) -> None:
        """`aws` gives the client that reads s3:// addresses, None where no account is configured; `direct` the one that
        reads single resources, for which the default chain of credentials will do."""
        self.settings, self.name = settings, inert(settings.shown_name, 120)
        self._clock, self._key, self._access, self._clean, self._cache = clock, key, access, clean, cache
        self._account, self._direct_account = aws, direct

    def _aws(self) -> Any:
        return self._account(self.settings.account)

    @property
    def planned_here(self) -> bool:
        return bool(self.settings.dir)

    @property
    def engine(self) -> Engine:
        """As far as it can be told without reading anything."""
        if "terraform" in Path(self.settings.binary).name:
            return Engine.TERRAFORM
        if self.planned_here and not self.settings.binary:
            try:
                return find("", Path(self.settings.dir).expanduser()).engine
            except SourceError:
                pass
        return Engine.OPENTOFU

    @property
    def place(self) -> str:
        return inert(shown_place(self.settings.place), 300)

    async def read_one(self, held: Held, source: str) -> DirectAnswer:
        """One resource as it is right now, without a plan. Raises `SourceError`."""
        aws = self._direct_account(self.settings.account)
        if aws is None:
            raise BadAnswer(
                f"There is no AWS account {inert(self.settings.account, 60)}", self.name, "Correct `account`."
            )
        return await read_direct(aws, held, key=self._key, source=source, clock=self._clock)

    async def recorded(self) -> StackAnswer:
        """What is recorded, without a plan: of a folder its state, else what somebody else made. Raises `SourceError`,
        and `ReadOnly` where no engine may be run."""
        if not self.planned_here:
            read = await self._take()
            if read.answer is None:
                raise read.error or BadAnswer(f"{self.name} says nothing", self.place)
            return read.answer
        program, data = await asyncio.to_thread(self._prepared)
        tofu = self._tofu(program, data)
        held = await tofu.state()
        return await asyncio.to_thread(self._of_pulled, held, f"{program.name} state pull")

    def _of_pulled(self, held: bytes, method: str) -> StackAnswer:
        if not held.strip():
            raise Missing(f"{self.name} has no state", self.place, "Nothing was applied yet, or another workspace was.")
        try:
            state = parse_state(load(held, f"the state of {self.name}"), self._key)
        except InputError as error:
            raise BadAnswer(error.title, error.detail, error.hint) from None
        serial = "?" if state.serial is None else state.serial
        return of_state(state, Stamp(self.name, "", method, self._clock(), f"{state.lineage[:8] or '?'}/{serial}"))

    def trouble(self) -> str:
        """What stands against reading it, without reading it; empty where nothing does."""
        place = self.settings.place
        if not self.planned_here:
            missing = "://" not in place and not Path(place).expanduser().is_file()
            return f"{self.name}: there is no file {self.place}" if missing else ""
        folder = Path(place).expanduser()
        if not folder.is_dir():
            return f"{self.name}: there is no folder {self.place}"
        try:
            find(self.settings.binary, folder)
        except SourceError as error:
            return f"{self.name}: {error.title}"
        if self._access is Access.STRICT:
            return f"{self.name}: --read-only=strict makes no plans"
        return ""

    async def read(self, tell: Callable[[Steps], None]) -> Read:
        try:
            if self.planned_here:
                return await self._plan(tell)
            return await self._take()
        except SourceError as error:
            return Read(self._clock(), None, "", error=error)
        except DriftError as error:  # A file that is no plan, or what --read-only refuses.
            wrong = BadAnswer(error.title, error.detail, error.hint)
            return Read(self._clock(), None, "", error=wrong)

    # A plan made here.

    async def _plan(self, tell: Callable[[Steps], None]) -> Read:
        program, data = await asyncio.to_thread(self._prepared)
        tofu = self._tofu(program, data)
        planned = await tofu.plan(tell)
        locking = await self._locking(planned)
        revision = planned.after.revision if planned.after else ""
        method = _method(program.name, planned)
        stamp = Stamp(self.name, "", method, planned.ended, revision)
        answer, engine = await asyncio.to_thread(self._of_plan, planned.document, stamp, locking, planned)
        return Read(
            self._clock(), planned.ended, method, answer, None, locking.lock, revision, engine or program.engine
        )

    def _tofu(self, program: Program, data: Path) -> Tofu:
        return Tofu(
            self.settings,
            program,
            data,
            access=self._access,
            clean=self._clean,
            clock=self._clock,
        )

    def _prepared(self) -> tuple[Program, Path]:
        """The program, and a private folder of ours that no other stack or workspace uses."""
        folder = Path(self.settings.dir).expanduser().resolve()
        program = find(self.settings.binary, folder)
        own = hashlib.sha256(f"{program.path}\0{folder}\0{self.settings.workspace}".encode()).hexdigest()[:16]
        data = self._cache / own
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadAnswer(
                f"Cannot make {inert(str(data), 160)}", error.strerror or str(error), "Set XDG_CACHE_HOME."
            ) from None
        return program, data

    async def _locking(self, planned: Planned) -> Locking:
        if planned.lock is not None or planned.backend.type != "s3":
            return Locking(planned.lock)
        return await remote_lock(self._aws(), place_of(planned.backend.config, planned.workspace))

    # What somebody else made.

    async def _take(self) -> Read:
        settings = self.settings
        found = await fetch(settings.place, self._access, self._clean, self._aws)
        locking = Locking()
        if settings.state and settings.place.startswith("s3://"):
            place = Place(*bucket_and_key(settings.place), table=settings.lock_table)
            locking = await remote_lock(self._aws(), place)
        if settings.state:
            return await asyncio.to_thread(self._of_state, found, locking)
        return await asyncio.to_thread(self._of_made_plan, found)

    def _of_made_plan(self, found: Fetched) -> Read:
        if is_event_stream(found.data):
            raise BadAnswer(
                f"{self.name} is an event stream", "it holds no values", "Give the output of `show -json` of the plan."
            )
        method = f"plan, {found.method}"
        answer, engine = self._of_plan(found.data, Stamp(self.name, "", method, found.written), Locking(), None)
        made = next((planes.recorded.observed_at for planes in answer.resources if planes.recorded), None)
        return Read(self._clock(), made or found.written, method, answer, engine=engine)

    def _of_plan(
        self, data: bytes, stamp: Stamp, locking: Locking, planned: Planned | None
    ) -> tuple[StackAnswer, Engine | None]:
        document = load(data, f"the plan of {self.name}")
        refreshed = planned is not None or self.settings.refreshed
        plan = parse_plan(document, self._key, refreshed=refreshed)
        if planned is None and (made := moment(plan.timestamp)) is not None:
            stamp = stamp._replace(at=made)
        recorded: tuple[RecordedResource, ...] = ()
        prior = document.get("prior_state")
        if isinstance(prior, dict) and "values" in prior:
            recorded = parse_state(prior, self._key).resources
        answer = of_review(
            review(plan, self._key),
            recorded,
            stamp,
            locking=locking,
            moved=planned is not None and planned.moved,
            failed=planned.because if planned is not None else "",
        )
        if planned is not None and planned.encrypted:
            note = Condition("StateEncrypted", "The state is encrypted; it was read with the key that the engine has.")
            answer = answer._replace(conditions=(*answer.conditions, note))
        return answer, Engine(plan.engine) if plan.engine else None

    def _of_state(self, found: Fetched, locking: Locking) -> Read:
        state = parse_state(load(found.data, f"the state of {self.name}"), self._key)
        method = f"state, {found.method}"
        serial = "?" if state.serial is None else state.serial
        revision = f"{state.lineage[:8] or '?'}/{serial}"
        answer = of_state(state, Stamp(self.name, "", method, found.written, revision), locking)
        return Read(self._clock(), found.written, method, answer, None, locking.lock, revision)


def _method(name: str, planned: Planned) -> str:
    """What ran, and what it ended with: 0 nothing, 2 something, which a normal and a refresh-only plan mean apart."""
    kind = "plan -refresh-only" if planned.refresh_only else "plan"
    init = f", {name} init in a folder of our own" if planned.initialised else ""
    return f"{name} {kind} without lock, exit code {planned.exit_code}{init}"
