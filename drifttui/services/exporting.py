"""Exports, close-outs and drafts for the screen, in a thread of their own.

Made before it is needed and without anything heavy: everything is imported by the first ask.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from drifttui.core.asks import Answer
from drifttui.core.draft_asks import Ahead, Drafts, OpenedAll
from drifttui.core.errors import InputError, ReadOnly, inert
from drifttui.core.evidence_asks import Decision, FileShown, HitShown, Order, Previewed, Reviewed, Subject, Written

from .answering import Answering

if TYPE_CHECKING:
    from drifttui.core.closeout import Closeout
    from drifttui.store.journal import Session
    from drifttui.store.ledger import Ledger

    from .draft_desk import DraftDesk
    from .evidence import Material
    from .export import Export, Exported, Preview
    from .session import Settings

_NOT_RECORDED = "this session: nothing of it is recorded (--no-record, or record = 0)"
_NOT_FLUSHED = "the last seconds of this session: the disk does not take its record"


class LiveEvidence(Answering):
    """Implements `Evidence` and `Drafting` of `screens.evidence` on the record of this machine. `flush` brings the
    record of the running session to the disk; `changed` is called, in the thread, after every one in the ledger."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime],
        flush: Callable[[], bool] = lambda: True,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__("drifttui-evidence")
        self._settings, self._clock, self._flush, self._changed = settings, clock, flush, changed
        self._export: Export | None = None
        self._preview: Preview | None = None
        self._desk: DraftDesk | None = None

    # From the screen's thread.

    def preview(self, subject: Subject, then: Callable[[Previewed], None]) -> None:
        self.cancel()
        self.ask(lambda now: self._previewed(subject, now), then, lambda words: Previewed(problem=words))

    def export(self, order: Order, then: Callable[[Written], None]) -> None:
        self.ask(lambda now: self._written(order), then, lambda words: Written(problem=words))

    def review(self, incident: str, then: Callable[[Reviewed], None]) -> None:
        self.ask(lambda now: Reviewed(self._reviewed(incident)), then, lambda words: Reviewed(problem=words))

    def settle(self, incident: str, decision: Decision, then: Callable[[Answer], None]) -> None:
        self.ask(lambda now: self._settled(incident, decision), then, lambda words: Answer(words, True))

    def close_out(self, incident: str, then: Callable[[Answer], None]) -> None:
        self.ask(lambda now: self._closed_out(incident), then, lambda words: Answer(words, True))

    def drafts(self, incident: str, clone: str, then: Callable[[Drafts], None]) -> None:
        self.ask(lambda now: self._drafted(incident, clone), then, lambda words: Drafts(clone=clone, problem=words))

    def write_drafts(self, findings: Sequence[str], folder: str, then: Callable[[Answer], None]) -> None:
        self.ask(lambda now: Answer(self._drafts.write(findings, folder)), then, lambda words: Answer(words, True))

    def look_ahead(
        self, incident: str, findings: Sequence[str], repo: str, target: str, then: Callable[[Ahead], None]
    ) -> None:
        self.ask(
            lambda now: self._drafts.ahead(incident, findings, repo, target), then, lambda words: Ahead(problem=words)
        )

    def open_requests(self, incident: str, then: Callable[[OpenedAll], None]) -> None:
        again = "Look at the host before doing it again."
        self.ask(lambda now: self._requested(incident), then, lambda words: OpenedAll(problem=words), again)

    # The thread.

    def dropped(self) -> None:
        if self._export is not None:
            self._export.__exit__()
        self._export = self._preview = None

    def _previewed(self, subject: Subject, now: threading.Event) -> Previewed:
        from drifttui.store.policy_files import policy_folder

        from .export import Export, Wish, scope_of
        from .redacting import team_rules

        self.dropped()
        self.tell("reading", 0)
        flushed = self._flush()
        with _opened(self._settings, create=False) as ledger:
            events, acts = list(ledger.events()), ledger.acts()
        sessions, material = _record()
        scope = scope_of(acts, sessions, subject.incident, subject.units)
        rules = team_rules(policy_folder(self._settings.policy))
        wish = Wish(scope, self._settings.redaction_key, rules)
        self._export = Export(wish, progress=self.tell, cancelled=now.is_set)
        try:
            self._preview = found = self._export.gather(material, events)
        except BaseException:
            self.dropped()
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
        self.tell("signing" if order.key else "packing", 0)
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
            raise InputError(
                f"{path.name} is there already", f"in {path.parent}", "Give another name. Nothing was written."
            )
        done = export.write(preview, path, signer)
        if not remote:
            return Written(place=str(done.path.absolute()), size=done.size, keyid=done.keyid)
        return self._sent(done, order)

    def _sent(self, done: Exported, order: Order) -> Written:
        import asyncio

        from .evidence_sources import aws_for
        from .upload import upload

        self.tell("sending", done.size)

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

        self.tell("reading", 0)
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

    @property
    def _drafts(self) -> DraftDesk:
        from .draft_desk import DraftDesk

        self._desk = self._desk or DraftDesk(self._settings)
        return self._desk

    def _drafted(self, incident: str, clone: str) -> Drafts:
        from .export import scope_of

        self.tell("reading", 0)
        self._flush()
        with _opened(self._settings, create=False) as ledger:
            events, acts = list(ledger.events()), ledger.acts()
        sessions, material = _record()
        scope = scope_of(acts, sessions, incident)
        self.tell("drafting", 0)
        return self._drafts.drafts(incident, clone, material, scope, acts, events)

    def _requested(self, incident: str) -> OpenedAll:
        self.tell("opening", 0)
        with _opened(self._settings, create=True) as ledger:
            done = self._drafts.open(incident, ledger)
        self._changed()
        return OpenedAll(done)

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
    from drifttui.core.audit import moment

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
