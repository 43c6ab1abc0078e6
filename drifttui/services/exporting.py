"""Exports and close-outs for the screen, in a thread of their own: the screen neither waits for the disk nor reads it.

Made before it is needed and without anything heavy: everything is imported by the first ask.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from drifttui.core.asks import Answer
from drifttui.core.errors import DriftError, InputError, ReadOnly, inert
from drifttui.core.evidence_asks import Decision, FileShown, HitShown, Order, Previewed, Reviewed, Subject, Written

if TYPE_CHECKING:
    from drifttui.core.closeout import Closeout
    from drifttui.store.journal import Session
    from drifttui.store.ledger import Ledger

    from .evidence import Material
    from .export import Export, Exported, Preview
    from .session import Settings

STOP_WAITS = 5.0
"""Seconds that leaving waits for a half written bundle to be taken back."""

_NOT_RECORDED = "this session: nothing of it is recorded (--no-record, or record = 0)"
_NOT_FLUSHED = "the last seconds of this session: the disk does not take its record"


class LiveEvidence:
    """Implements `screens.evidence.Evidence` on the record of this machine. `flush` brings the running session's record
    to the disk; `changed` is called, in the thread, after every record in the ledger."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime],
        flush: Callable[[], bool] = lambda: True,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings, self._clock, self._flush, self._changed = settings, clock, flush, changed
        self.progress: tuple[str, int] = ("", 0)
        self._told: tuple[str, int] = ("", 0)
        self._answers: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._now = threading.Event()
        """Set: what is under way is not wanted any more."""
        self._export: Export | None = None
        self._preview: Preview | None = None
        self._lacks: tuple[str, ...] = ()
        self._thread: threading.Thread | None = None

    # From the screen's thread.

    def drain(self) -> bool:
        with suppress(queue.Empty):
            while True:
                self._answers.get_nowait()()
        moved, self._told = self.progress != self._told, self.progress
        return moved

    def preview(self, subject: Subject, then: Callable[[Previewed], None]) -> None:
        self.cancel()
        self._do(lambda now: self._previewed(subject, now), then, lambda words: Previewed(problem=words))

    def export(self, order: Order, then: Callable[[Written], None]) -> None:
        self._do(lambda now: self._written(order), then, lambda words: Written(problem=words))

    def cancel(self) -> None:
        self._now.set()
        self._now = threading.Event()
        if self._thread is not None:
            self._jobs.put(self._dropped)

    def review(self, incident: str, then: Callable[[Reviewed], None]) -> None:
        self._do(lambda now: Reviewed(self._reviewed(incident)), then, lambda words: Reviewed(problem=words))

    def settle(self, incident: str, decision: Decision, then: Callable[[Answer], None]) -> None:
        self._do(lambda now: self._settled(incident, decision), then, lambda words: Answer(words, True))

    def close_out(self, incident: str, then: Callable[[Answer], None]) -> None:
        self._do(lambda now: self._closed_out(incident), then, lambda words: Answer(words, True))

    def stop(self) -> None:
        if self._thread is not None:
            self.cancel()
            self._jobs.put(None)
            self._thread.join(STOP_WAITS)

    def _do(
        self, job: Callable[[threading.Event], Any], then: Callable[[Any], None], failed: Callable[[str], Any]
    ) -> None:
        now = self._now
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="drifttui-evidence", daemon=True)
            self._thread.start()

        def run() -> None:
            if now.is_set():
                return
            try:
                answer = job(now)
            except DriftError as error:
                answer = failed(error.one_line())
            except OSError as error:
                answer = failed(f"The disk refused: {inert(error.strerror or str(error), 200)}.")
            except Exception as error:
                from .evidence import Cancelled

                # Told where it was asked: a thread that dies in silence would leave the operator waiting.
                if isinstance(error, Cancelled):
                    return
                answer = failed(f"This went wrong inside drifttui: {type(error).__name__}. Nothing was written.")
            finally:
                self.progress = ("", 0)
            self._answers.put(lambda: None if now.is_set() else then(answer))

        self._jobs.put(run)

    # The thread.

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _dropped(self) -> None:
        if self._export is not None:
            self._export.__exit__()
        self._export = self._preview = None

    def _tell(self, phase: str, count: int) -> None:
        self.progress = (phase, count)

    def _previewed(self, subject: Subject, now: threading.Event) -> Previewed:
        from drifttui.store.policy_files import policy_folder

        from .export import Export, Wish, scope_of
        from .redacting import team_rules

        self._dropped()
        self._tell("reading", 0)
        flushed = self._flush()
        with _opened(self._settings, create=False) as ledger:
            events, acts = list(ledger.events()), ledger.acts()
        sessions, material = _record()
        scope = scope_of(acts, sessions, subject.incident, subject.units)
        rules = team_rules(policy_folder(self._settings.policy))
        wish = Wish(scope, self._settings.redaction_key, rules)
        self._export = Export(wish, progress=self._tell, cancelled=now.is_set)
        try:
            self._preview = found = self._export.gather(material, events)
        except BaseException:
            self._dropped()
            raise
        lacks = list(found.gathered.gaps)
        lacks += [_NOT_RECORDED] if not self._settings.record else [] if flushed else [_NOT_FLUSHED]
        return _shown(found, self._export.name(found), len(scope.units or ()), tuple(lacks))

    def _written(self, order: Order) -> Written:
        from pathlib import Path

        from .export import refuse_secrets

        export, preview = self._export, self._preview
        assert export is not None
        assert preview is not None
        if order.refuse_secrets:
            refuse_secrets(preview.withheld)
        self._tell("signing" if order.key else "packing", 0)
        signer = None
        if order.key:
            from drifttui.clients.signing import signer as signer_of

            signer = signer_of(order.key)
        remote = order.to.startswith("s3://")
        if remote and self._settings.read_only:
            raise ReadOnly("Refused by --read-only", f"PutObject at {inert(order.to, 120)}", "Nothing was sent.")
        target = export.folder if remote else Path(order.to).expanduser()
        path = target / export.name(preview) if target.is_dir() else target
        if path.exists():
            raise InputError(f"{path} is there already", "", "Give another name. Nothing was written.")
        done = export.write(preview, path, signer)
        if not remote:
            return Written(place=str(done.path.absolute()), size=done.size, keyid=done.keyid)
        return self._sent(done, order)

    def _sent(self, done: Exported, order: Order) -> Written:
        import asyncio

        from .evidence_sources import aws_for
        from .upload import upload

        self._tell("sending", done.size)

        async def send() -> Written:
            aws = aws_for(self._settings.aws, access=self._settings.access)
            try:
                sent = await upload(aws, done.path, order.to, now=self._clock(), retain=order.retain)
            finally:
                await aws.close()
            return Written(place=sent.url, size=done.size, keyid=done.keyid, locked_until=sent.locked_until)

        return asyncio.run(send())

    def _reviewed(self, incident: str) -> Closeout:
        from .closing import review
        from .export import scope_of

        self._tell("reading", 0)
        self._flush()
        with _opened(self._settings, create=False) as ledger:
            events, acts = list(ledger.events()), ledger.acts()
        sessions, material = _record()
        return review(incident, scope_of(acts, sessions, incident), material, events, acts, self._clock())

    def _settled(self, incident: str, decision: Decision) -> Answer:
        from .closing import seen_in, settle
        from .export import scope_of

        self._refuse("CLOSEOUT")
        self._flush()
        with _opened(self._settings, create=True) as ledger:
            sessions, material = _record()
            seen = seen_in(material, scope_of(ledger.acts(), sessions, incident))
            settle(
                ledger, incident, seen, decision.findings, decision.how,
                owner=decision.owner, now=self._clock(), expires=decision.expires, note=decision.note,
            )  # fmt: skip
        self._changed()
        return Answer(f"{decision.how.value}: {len(decision.findings)} recorded")

    def _closed_out(self, incident: str) -> Answer:
        from .closing import record_done

        self._refuse("CLOSEOUT")
        found = self._reviewed(incident)
        if found.blocking:
            return Answer(f"{len(found.blocking)} stand in the way. Nothing was recorded.", True)
        with _opened(self._settings, create=True) as ledger:
            record_done(ledger, found)
        self._changed()
        return Answer(f"{inert(incident, 120)} is closed out: {len(found.items)} recorded. `x` exports it.")

    def _refuse(self, what: str) -> None:
        if self._settings.read_only:
            raise ReadOnly("Refused by --read-only", f"{what} in the ledger", "Nothing was recorded.")


def _opened(settings: Settings, *, create: bool) -> closing[Ledger]:
    from drifttui.store.ledger import open_ledger

    from .session import utc_now

    return closing(open_ledger(settings.ledger, clock=utc_now, create=create))


def _record() -> tuple[list[Session], Material]:
    from drifttui.store.journal import read_sessions

    from .evidence import from_sessions

    sessions = read_sessions()
    return sessions, from_sessions(sessions)


def _shown(preview: Preview, name: str, units: int, lacks: tuple[str, ...]) -> Previewed:
    from .opened import moment

    gathered = preview.gathered
    return Previewed(
        name=name,
        since=moment(gathered.since),
        until=moment(gathered.until),
        units=units,
        files=tuple(
            FileShown(path, gathered.counts.get(path, 0), size) for path, (size, _) in sorted(gathered.files.items())
        ),
        size=preview.size,
        withheld=tuple(HitShown(hit.file, hit.line, hit.what, hit.digest) for hit in preview.withheld),
        lacks=lacks,
        head=gathered.head.seq,
    )
