"""Plans of OpenTofu and Terraform: a child without lock, without writing state, without questions.

`plan -out` and then `show -json` of what it left, because the event stream holds no values. The plan file holds
secrets in plain text: it lies in a folder of its own (0700) and is gone afterwards, also when this is cancelled. A plan
runs the code of providers and of `external` data sources, and `init` downloads them into a folder that is not the
stack's: both are reads with side effects.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..core.errors import BadAnswer, DriftError, SourceError, Unreachable, inert
from ..core.terraform_load import LIMIT_BYTES
from ..core.terraform_lock import LOCK_LIMIT, Lock, StateHead, is_encrypted, parse_lock
from . import kube_process
from .access import Access, Effect, permit
from .folder_lock import FolderLock
from .http_errors import Clean
from .plan_folder import private_folder
from .process_lines import follow
from .tofu_errors import Diagnostic, failed_run, wants_init
from .tofu_programs import Program, environment, workspace_of
from .tofu_settings import StackSettings

EVENTS_LIMIT: Final = 256 * 2**20
SHORT: Final = 120.0
"""Seconds for what only reads: a state, the list of workspaces, a plan file."""

INIT: Final = 600.0
TURN: Final = INIT + 60.0
"""Seconds to wait for another session that initialises the same folder of ours."""

CHANGED: Final = 2
"""`-detailed-exitcode`: 0 nothing to tell, 1 failed, 2 something to tell. Never folded."""


class Steps(NamedTuple):
    """How far a run is."""

    doing: str
    """`init`, `state`, `plan`, `refresh-only plan`, `show`."""
    refreshed: int = 0
    started: int = 0
    total: int = 0
    """Recorded objects; 0 where nobody knows."""

    @property
    def words(self) -> str:
        of = f" of {self.total}" if self.total else ""
        return f"{self.doing}: {self.refreshed}{of} refreshed" if self.started else self.doing


class Backend(NamedTuple):
    type: str
    config: Mapping[str, Any]


class Planned(NamedTuple):
    document: bytes
    """Of `show -json`. Holds secrets in plain text."""
    refresh_only: bool
    exit_code: int
    began: datetime
    ended: datetime
    workspace: str
    before: StateHead | None
    after: StateHead | None
    """None where there is no state."""
    lock: Lock | None
    """Held by somebody else before or after; only what lies on this machine is looked at."""
    backend: Backend
    encrypted: bool
    initialised: bool
    """`init` ran, in a folder of ours."""
    because: str = ""
    """Why a normal plan was not to be had, where the answer is a refresh-only one instead."""

    @property
    def moved(self) -> bool:
        """Somebody wrote the state meanwhile: what was planned is from before, or from in between."""
        return self.before != self.after


class Tofu:
    """One stack in one folder. Every method raises only `SourceError`, and `ReadOnly` for what `access` refuses."""

    def __init__(
        self,
        settings: StackSettings,
        program: Program,
        data: Path,
        *,
        access: Access = Access.FULL,
        clean: Clean = inert,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        base: Mapping[str, str] | None = None,
        turn: float = TURN,
    ) -> None:
        """`data` is a private folder of ours for this stack; `base` instead of this process' environment."""
        self.settings, self.program = settings, program
        self.folder = Path(settings.dir).expanduser().resolve()
        self.workspace = workspace_of(self.folder, settings.workspace, os.environ if base is None else base)
        self._data, self._access, self._clean, self._clock = data, access, clean, clock
        self._environment = environment(program, data, self.workspace, os.environ if base is None else base)
        self._stack = settings.shown_name
        self._turn = turn

    async def plan(self, tell: Callable[[Steps], None] = lambda _: None) -> Planned:
        """A normal plan, or a refresh-only one where that is set or all that can be had."""
        self._permit("plan")
        if not self.folder.is_dir():
            raise BadAnswer(f"There is no folder {inert(str(self.folder), 120)}", "", "Correct `dir` of the stack.")
        async with self._initialised(tell) as initialised:
            return await self._plan(initialised, tell)

    async def _plan(self, initialised: bool, tell: Callable[[Steps], None]) -> Planned:
        await self._in_its_workspace()
        tell(Steps("state"))
        lock = self.lock()
        before, encrypted = await self.state_head(), self._encrypted()
        began, total = self._clock(), before.objects if before else 0
        because = ""
        try:
            document, code = await self._planned(self.settings.refresh_only, total, tell)
            refresh_only = self.settings.refresh_only
        except BadAnswer as error:
            if self.settings.refresh_only:
                raise
            # What the configuration wants cannot be worked out; what drifted perhaps can.
            try:
                document, code = await self._planned(True, total, tell)
            except SourceError:
                raise error from None
            refresh_only, because = True, error.one_line()
        ended = self._clock()
        after = await self.state_head()
        return Planned(
            document, refresh_only, code, began, ended, self.workspace, before, after,
            lock or self.lock(), self.backend(), encrypted, initialised, because,
        )  # fmt: skip

    async def state(self) -> bytes:
        """The state as the backend has it, empty where there is none: neither locked, refreshed nor planned."""
        self._permit("state")
        if not self.folder.is_dir():
            raise BadAnswer(f"There is no folder {inert(str(self.folder), 120)}", "", "Correct `dir` of the stack.")
        async with self._initialised(lambda _: None):
            await self._in_its_workspace()
            return await self._read(["state", "pull"])

    async def state_head(self) -> StateHead | None:
        """Serial and lineage as the backend has them now; None where there is no state."""
        held = await self._read(["state", "pull"])
        if not held.strip():
            return None
        try:
            document = json.loads(held)
            resources = document.get("resources") or []
            objects = sum(len(one.get("instances") or ()) for one in resources if one.get("mode") == "managed")
            serial = document.get("serial")
            return StateHead(serial if isinstance(serial, int) else None, str(document.get("lineage") or ""), objects)
        except (ValueError, AttributeError, TypeError, RecursionError):
            raise BadAnswer(f"{self.program.name}: the state is no state", self._stack) from None

    def backend(self) -> Backend:
        """As `init` wrote it down; `local` where the configuration names none."""
        try:
            held = json.loads((self._data / "data" / "terraform.tfstate").read_bytes())["backend"]
            return Backend(str(held["type"]), held["config"] if isinstance(held.get("config"), dict) else {})
        except (OSError, ValueError, KeyError, TypeError):
            return Backend("local", {})

    def lock(self) -> Lock | None:
        """What somebody else holds on a state on this machine."""
        state = self._state_file()
        if state is None:
            return None
        try:
            with (state.parent / f".{state.name}.lock.info").open("rb") as file:
                return parse_lock(file.read(LOCK_LIMIT))
        except OSError:
            return None

    def _state_file(self) -> Path | None:
        backend = self.backend()
        if backend.type != "local":
            return None
        if self.workspace != "default":
            return (
                self.folder / (backend.config.get("workspace_dir") or "terraform.tfstate.d") / self.workspace
            ) / "terraform.tfstate"
        return self.folder / (backend.config.get("path") or "terraform.tfstate")

    def _encrypted(self) -> bool:
        state = self._state_file()
        try:
            return state is not None and is_encrypted(state.read_bytes())
        except OSError:
            return False

    @asynccontextmanager
    async def _initialised(self, tell: Callable[[Steps], None]) -> AsyncIterator[bool]:
        """Runs `init` where the folder's own files changed since the last one, while no other session runs there.

        Inside, runs of others share the folder, so that nobody initialises it under them. Terragrunt initialises by
        itself, whenever it likes: it is alone there.
        """

        def waits() -> None:
            tell(Steps("waiting for another session"))

        async with FolderLock(self._data, wait=self._turn) as ours:
            if self.program.terragrunt:
                await ours.alone(waits)
                yield False
                return
            wanted, initialised = self._fingerprint(), False
            await ours.shared(waits)
            if not self._stamped(wanted):
                await ours.alone(waits)
                initialised = not self._stamped(wanted)
                if initialised:
                    await self._init(tell)
                    (self._data / "initialised").write_text(wanted)
                await ours.shared(waits)
            yield initialised

    def _stamped(self, wanted: str) -> bool:
        try:
            return (self._data / "initialised").read_text() == wanted
        except OSError:
            return False

    async def _init(self, tell: Callable[[Steps], None]) -> None:
        self._permit("init")
        tell(Steps("init"))
        (self._data / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
        arguments = ["init", "-input=false", "-no-color", "-lockfile=readonly", "-reconfigure"]
        # The workspace may be missing, for which init would ask.
        rest = {name: value for name, value in self._environment.items() if name != "TF_WORKSPACE"}
        arguments += [f"-backend-config={self._own(one)}" for one in self.settings.backend_config]
        await self._run(arguments, INIT, environment=rest)

    def _own(self, value: str) -> str:
        return value if "=" in value else str(self.folder / value)

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(repr((self.program.path, self.settings.backend_config)).encode())
        try:
            for path in sorted([*self.folder.glob("*.tf"), *self.folder.glob("*.tofu"), *self.folder.glob("*.tf.json"),
                                *self.folder.glob(".terraform.lock.hcl")]):  # fmt: skip
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
        except OSError as error:
            raise Unreachable(f"{self._stack} cannot be read", error.strerror or str(error)) from None
        return digest.hexdigest()

    async def _in_its_workspace(self) -> None:
        """A plan in a workspace that is not there would make it, and call everything missing."""
        if self.workspace == "default" or self.program.terragrunt:
            return
        listed = (await self._read(["workspace", "list"])).decode(errors="replace")
        names = [line.strip(" *\t\r") for line in listed.split("\n\n")[0].splitlines()]
        if self.workspace not in names:
            known = ", ".join(name for name in names if name)
            raise BadAnswer(
                f"There is no workspace {inert(self.workspace, 80)}",
                f"{self._stack} has {inert(known, 160)}",
                "Correct `workspace` of the stack, or $TF_WORKSPACE.",
            )

    async def _planned(self, refresh_only: bool, total: int, tell: Callable[[Steps], None]) -> tuple[bytes, int]:
        doing = "refresh-only plan" if refresh_only else "plan"
        with private_folder(self._data) as folder:
            file = folder / "plan.bin"
            file.touch(mode=0o600)
            arguments = ["plan", *(["-refresh-only"] if refresh_only else []), "-lock=false", "-input=false"]
            arguments += ["-no-color", "-detailed-exitcode", "-json", f"-out={file}"]
            arguments += [f"-var-file={self.folder / one}" for one in self.settings.var_file]
            told = _Told(Steps(doing, total=total), tell)
            tell(told.steps)
            code, stderr = await self._follow(arguments, told)
            if code not in (0, CHANGED):
                raise self._failed(told.diagnostics, stderr, code)
            tell(told.steps._replace(doing="show"))
            return await self._read(
                ["show", "-json", str(file)], limit=LIMIT_BYTES, timeout=self.settings.timeout
            ), code

    async def _follow(self, arguments: Sequence[str], told: _Told) -> tuple[int, str]:
        name = self.program.name
        try:
            done = await follow(
                self.program.command(*arguments),
                environment=self._environment,
                folder=self.folder,
                timeout=self.settings.timeout,
                on_line=told,
                output_limit=EVENTS_LIMIT,
            )
        except TimeoutError:
            waiting = f", last seen: {told.last}" if told.last else ""
            raise Unreachable(
                f"{name} took too long",
                f"{self._stack}: no plan in {self.settings.timeout:g} s{waiting}",
                "It was ended. Whether anything drifted is unknown.",
            ) from None
        except kube_process.TooMuchOutput:
            raise BadAnswer(f"{name} wrote more than it may", self._stack, "It was ended.") from None
        except OSError as error:
            raise BadAnswer(f"{name} cannot be started", error.strerror or str(error), "Check `binary`.") from None
        return done.code, done.stderr.decode(errors="replace")

    async def _read(self, arguments: Sequence[str], *, limit: int = LIMIT_BYTES, timeout: float = SHORT) -> bytes:
        return (await self._run(arguments, timeout, limit=limit)).stdout

    async def _run(
        self,
        arguments: Sequence[str],
        timeout: float,
        *,
        limit: int = LIMIT_BYTES,
        environment: Mapping[str, str] | None = None,
    ) -> kube_process.Finished:
        """A short run to its end. Raises for every exit code but 0."""
        self._permit(arguments[0])
        what = f"{self.program.name} {arguments[0]}"
        try:
            done = await kube_process.run(
                self.program.command(*arguments),
                environment=self._environment if environment is None else environment,
                folder=self.folder,
                timeout=timeout,
                output_limit=limit,
            )
        except TimeoutError:
            raise Unreachable(f"{what} took too long", f"{self._stack}: no answer in {timeout:g} s") from None
        except kube_process.TooMuchOutput:
            raise BadAnswer(f"{what} wrote too much", f"{self._stack}: over {limit // 2**20} MB") from None
        except OSError as error:
            raise BadAnswer(f"{what} cannot be started", error.strerror or str(error), "Check `binary`.") from None
        if done.code:
            raise self._failed([], done.stderr.decode(errors="replace"), done.code)
        return done

    def _failed(self, found: Sequence[Diagnostic], stderr: str, code: int) -> DriftError:
        if wants_init(found, stderr):
            with suppress(OSError):
                (self._data / "initialised").unlink()
        return failed_run(self.program.name, self._stack, found, stderr, code, clean=self._clean)

    def _permit(self, what: str) -> None:
        permit(self._access, "GET", f"{self.program.name} {what}", self._stack, Effect.SIDE_EFFECT)


class _Told:
    """Reads the event stream as it comes."""

    def __init__(self, steps: Steps, tell: Callable[[Steps], None]) -> None:
        self.steps, self._tell = steps, tell
        self.diagnostics: list[Diagnostic] = []
        self.last = ""

    def __call__(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            kind = event.get("type")
        except (ValueError, AttributeError, RecursionError):
            return  # A provider that prints, or Terragrunt's own words.
        if kind in ("refresh_start", "refresh_complete"):
            ended = kind == "refresh_complete"
            self.steps = self.steps._replace(
                started=self.steps.started + (not ended), refreshed=self.steps.refreshed + ended
            )
            self.last = inert(str(event.get("@message") or ""), 120)
            self._tell(self.steps)
        elif kind == "diagnostic" and isinstance(told := event.get("diagnostic"), dict) and len(self.diagnostics) < 100:
            fields = (str(told.get(name) or "") for name in ("severity", "summary", "detail", "address"))
            self.diagnostics.append(Diagnostic(*fields))
