"""Who changed it: actor, path, time, and how sure that is.

Offline from files:
  drifttui who --audit FILE... --resource apps/Deployment/prod/web [--path /spec/replicas] [--object live.yaml]
  drifttui who --cloudtrail FILE... --address aws_security_group.app --id sg-0a1b
From the audit stores that are configured (CloudTrail, CloudWatch Logs, Loki), without a file:
  drifttui who --address aws_security_group.app --id sg-0a1b [--aws-profile prod] [--since 2d]
  drifttui who --resource apps/Deployment/prod/web
Live, from the fields' managers, and from the audit logs that are configured or given (for stacks: CloudTrail):
  drifttui who UNIT|RESOURCE|ADDRESS [--audit FILE...] [--cloudtrail FILE...]

Exits 0 when something was attributed, 3 when nothing could be (`unseen` says why), 1 on errors.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import IO, TYPE_CHECKING, Any

from .options import add_json_argument, add_session_arguments

if TYPE_CHECKING:
    from datetime import datetime

    from drifttui.core.join import Answer

NOBODY = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", nargs="?", metavar="UNIT|RESOURCE", help="a unit, or a resource that differs")
    files = parser.add_argument_group("audit logs")
    files.add_argument(
        "--audit", nargs="+", action="extend", default=[], metavar="FILE",
        help="Kubernetes audit log: files, folders with rotated and gzip files, or - for standard input",
    )  # fmt: skip
    files.add_argument(
        "--cloudtrail", nargs="+", action="extend", default=[], metavar="FILE",
        help="CloudTrail: files, folders, or - for standard input",
    )  # fmt: skip
    question = parser.add_argument_group("question")
    question.add_argument("--resource", metavar="GROUP/KIND/NAMESPACE/NAME", help="as in apps/Deployment/prod/web")
    question.add_argument(
        "--path", action="append", default=[], metavar="POINTER",
        help="field (JSON Pointer; an attribute for CloudTrail); may be repeated; default: all that were written",
    )  # fmt: skip
    question.add_argument("--object", metavar="FILE", help="the live object, for its managedFields and values")
    question.add_argument("--address", metavar="ADDRESS", help="Terraform address, as in aws_security_group.app")
    question.add_argument(
        "--id", action="append", default=[], metavar="ID", help="id, name or ARN of the AWS resource; may be repeated"
    )
    question.add_argument("--since", metavar="TIME", help="only calls after this: 2h, 3d, or RFC 3339")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="answer after this long at most")
    add_json_argument(parser)
    add_session_arguments(parser, audit=False)


def run(options: argparse.Namespace) -> int:
    from drifttui.core.errors import InputError
    from drifttui.services.session import utc_now

    now = utc_now()
    since = _since(options.since, now)
    if options.audit.count("-") + options.cloudtrail.count("-") > 1:
        raise InputError("Standard input can be given once")
    if options.target:
        from .who_live import run_live

        return run_live(options, since)
    if options.cloudtrail:
        if not (options.address or options.id):
            raise InputError("--cloudtrail needs a resource", hint="Add --address and --id.")
        from drifttui.services.who_cloudtrail import cloudtrail_answer

        answer = cloudtrail_answer(
            options.cloudtrail, options.address or "", options.id, options.path, since, now, standard_input(options)
        )
        return show(answer, options, {"address": options.address, "ids": options.id})
    if options.address or options.id:
        from drifttui.services.who_cloudtrail import cloud_question
        from drifttui.services.who_stores import cloudtrail_stores, who_in_cloudtrail

        asked = cloud_question(options.address or "", options.id)
        answer = who_in_cloudtrail(cloudtrail_stores(options), asked, options.path, since, options.timeout)
        return show(answer, options, {"address": options.address, "ids": options.id})
    if not options.resource:
        raise InputError("Nothing to look for", hint="Give a unit, --audit with --resource, or --cloudtrail with --id.")
    return show(_kubernetes(options, since, now), options, {"resource": options.resource})


def _kubernetes(options: argparse.Namespace, since: datetime | None, now: datetime) -> Answer:
    from drifttui.core.errors import InputError
    from drifttui.core.join import Evidence, who
    from drifttui.core.pointers import parse
    from drifttui.core.resource_question import parse_resource
    from drifttui.services.who import gather
    from drifttui.store.redaction_key import redaction_key

    question = parse_resource(options.resource)
    for path in options.path:
        try:
            parse(path)
        except ValueError as problem:
            raise InputError(f"--path {path}", str(problem)) from problem
    key = redaction_key()
    live = None
    if options.object:
        from drifttui.services.who_object import read_object

        live = read_object(options.object, question, key)
    if not options.audit:
        from drifttui.services.who_stores import NONE, kubernetes_stores, who_in_kubernetes

        try:
            stores = kubernetes_stores(options)
        except InputError as problem:
            if problem.title != NONE:
                raise
            stores = ()
        if stores:
            return who_in_kubernetes(stores, question, live, options.path, since, options.timeout)
        if live is None:
            raise InputError("Nothing to read", hint="Add --audit FILE, or --object FILE for its managedFields alone.")
        return who(question, (), Evidence(live), paths=options.path, since=since)
    status = any(path == "/status" or path.startswith("/status/") for path in options.path)
    held = gather(options.audit, [question], key, now, keep_status=status, stdin=standard_input(options))
    evidence = Evidence(live, held.operations, held.deletions, held.log)
    return who(question, held.calls, evidence, paths=options.path, since=since)


def standard_input(options: argparse.Namespace) -> IO[bytes] | None:
    """Standard input where a place is `-`."""
    return sys.stdin.buffer if "-" in (*options.audit, *options.cloudtrail) else None


def show(answer: Answer, options: argparse.Namespace, asked: dict[str, Any]) -> int:
    from drifttui.services.who import answer_json, found_anyone

    if options.json:
        json.dump(answer_json(answer, **{name: value for name, value in asked.items() if value}), sys.stdout, indent=2)
        print()
    else:
        from .show_who import show_answer

        show_answer(answer)
    return 0 if found_anyone(answer.lines) else NOBODY


def _since(text: str | None, now: datetime) -> datetime | None:
    from datetime import timedelta

    from drifttui.core.audit import moment
    from drifttui.core.errors import InputError

    if not text:
        return None
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    number, unit = text[:-1], text[-1:]
    if unit in units and number.replace(".", "", 1).isdigit():
        try:
            return now - timedelta(seconds=float(number) * units[unit])
        except OverflowError as problem:
            raise InputError(f"--since {text} is too long ago") from problem
    found = moment(text)
    if found is None:
        raise InputError(f"--since {text} is no time", hint="Write 2h, 3d, or 2026-11-21T08:00:00Z.")
    return found
