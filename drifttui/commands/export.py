"""Write what was seen and done into one evidence bundle: redacted, hashed, signed where a key is given.

The scope is an incident, units or a time. First comes a preview: what goes in, what is withheld and why, the size.
Exit code: 0 written; 3 with --fail-on-secret where the last pass found something: nothing is written then; 1 on errors.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drifttui.core.errors import InputError, inert

from .options import add_ledger_argument

if TYPE_CHECKING:
    from drifttui.services.export import Exported, Preview
    from drifttui.services.upload import Uploaded

SCHEMA = "drifttui.export/1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    scope = parser.add_argument_group("scope")
    scope.add_argument("--incident", default="", metavar="REF", help="everything that the ledger ties to it")
    scope.add_argument("--unit", action="append", default=[], metavar="UNIT", help="only this unit; may be repeated")
    scope.add_argument("--since", default="", metavar="TIME", help="UTC, 2026-11-21T03:00Z, or a span back: 3h")
    scope.add_argument("--until", default="", metavar="TIME", help="the same")
    scope.add_argument("--demo", action="store_true", help="the incident of `drifttui demo`, so that anyone can try it")
    parser.add_argument("-o", "--output", required=True, metavar="FILE|DIR|s3://…", help="where the bundle goes")
    parser.add_argument("--key", metavar="KEY", help="sign with a PEM or OpenSSH key file, or awskms:KEY")
    parser.add_argument(
        "--fail-on-secret", action="store_true", help="write nothing where anything looks like a secret"
    )
    parser.add_argument("--dry-run", action="store_true", help="only the preview")
    parser.add_argument("--retain", default="", metavar="SPAN", help="S3 Object Lock: nobody can delete it for so long")
    parser.add_argument("--policy", metavar="DIR", help="policy folder with `redact:` rules of the team")
    parser.add_argument("--config", metavar="FILE", help="settings file, for the ledger and AWS")
    parser.add_argument("--aws-profile", default="", metavar="NAME", help="of the AWS configuration, for S3 and KMS")
    parser.add_argument("--aws-region", default="", metavar="REGION")
    add_ledger_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(options: argparse.Namespace) -> int:
    from drifttui.services.evidence_sources import demo_material, own_material
    from drifttui.services.export import Export, Wish
    from drifttui.services.redacting import team_rules
    from drifttui.store.policy_files import policy_folder
    from drifttui.store.redaction_key import redaction_key

    now = datetime.now(UTC)
    since, until = moment(options.since, now), moment(options.until, now)
    if options.demo:
        scope, material, events = demo_material(since, until)
    else:
        scope, material, events = own_material(options, since, until)
    rules = team_rules(policy_folder(options.policy))
    wish = Wish(scope, redaction_key(), rules, _signer(options), options.fail_on_secret)
    remote = options.output.startswith("s3://")
    with Export(wish, progress=_Told(sys.stderr.isatty() and not options.json)) as export:
        preview = export.gather(material, events)
        if not options.json:
            _show(preview)
        if options.dry_run:
            if options.json:
                _print(preview, None, None)
            return 0
        exported = export.write(preview, export.folder if remote else Path(options.output))
        uploaded = _upload(options, exported, now) if remote else None
        if options.json:
            _print(preview, exported, uploaded)
        else:
            signed = f"signed by key {exported.keyid[:16]}" if exported.keyid else "unsigned: give --key to sign it"
            where = uploaded.url if uploaded else str(exported.path)
            print(f"{inert(where)}  {exported.size:,} bytes, {signed}.")
            if uploaded and uploaded.locked_until:
                print(f"Locked until {uploaded.locked_until}, version {inert(uploaded.version)}.")
    return 0


def moment(text: str, now: datetime) -> datetime | None:
    """A time in UTC, or a span back from `now`; None for nothing. Raises `InputError`."""
    if not text:
        return None
    from drifttui.core.ages import parse_span

    try:
        return now - parse_span(text)
    except (ValueError, OverflowError):
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        hint = "Write 2026-11-21T03:00Z or a span back such as 3h."
        raise InputError(f"{inert(text, 40)} is no time", "", hint) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _signer(options: argparse.Namespace) -> Any:
    if not options.key:
        return None
    from drifttui.clients.signing import signer

    return signer(options.key)


def _upload(options: argparse.Namespace, exported: Exported, now: datetime) -> Uploaded:
    import asyncio

    from drifttui.core.ages import parse_span
    from drifttui.services.evidence_sources import aws_of
    from drifttui.services.upload import upload

    try:
        retain = parse_span(options.retain) if options.retain else None
    except (ValueError, OverflowError):
        raise InputError(f"{inert(options.retain, 40)} is no span", "", "Write 90d or 52w.") from None

    async def work() -> Uploaded:
        aws = aws_of(options)
        try:
            return await upload(aws, exported.path, options.output, now=now, retain=retain)
        finally:
            await aws.close()

    return asyncio.run(work())


def _show(preview: Preview) -> None:
    gathered = preview.gathered
    print(f"From {gathered.since or 'nothing'} to {gathered.until or 'nothing'}, ledger head {gathered.head.seq}.")
    for name, count in sorted(gathered.counts.items()):
        size = gathered.files.get(name, (0, ""))[0]
        print(f"  {name:<20} {count:>8,} lines {size:>14,} bytes")
    for gap in gathered.gaps:
        print(f"  lacks: {inert(gap)}")
    if preview.withheld:
        print(f"Withheld by the last pass: {len(preview.withheld)}")
        for found in preview.withheld[:20]:
            print(f"  {inert(found.file)}:{found.line}  {inert(found.what)}  {found.digest}")
        if len(preview.withheld) > 20:
            print(f"  and {len(preview.withheld) - 20} more, all in withheld.jsonl")


def _print(preview: Preview, exported: Exported | None, uploaded: Uploaded | None) -> None:
    gathered = preview.gathered
    document = {
        "schema": SCHEMA,
        "path": str(exported.path) if exported and not uploaded else None,
        "url": uploaded.url if uploaded else None,
        "version": uploaded.version if uploaded else None,
        "locked_until": uploaded.locked_until or None if uploaded else None,
        "size": exported.size if exported else None,
        "keyid": exported.keyid or None if exported else None,
        "since": gathered.since or None,
        "until": gathered.until or None,
        "ledger": {"seq": gathered.head.seq, "hash": gathered.head.hash},
        "lines": gathered.counts,
        "gaps": list(gathered.gaps),
        "withheld": [found._asdict() for found in preview.withheld],
    }
    print(json.dumps(document, indent=2, ensure_ascii=False))


class _Told:
    """Progress on one line of stderr, a few times a second."""

    def __init__(self, shown: bool) -> None:
        self._shown, self._last = shown, 0.0

    def __call__(self, phase: str, count: int) -> None:
        now = time.monotonic()
        if self._shown and now - self._last > 0.2:
            self._last = now
            print(f"\r\x1b[K{phase} {count:,}", end="", file=sys.stderr, flush=True)
            if phase.startswith("packing"):
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)
