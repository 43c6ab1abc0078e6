"""One question to the audit stores that are configured, without a session: CloudTrail, CloudWatch Logs, Loki."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec

from drifttui.clients.aws_settings import AwsSettings
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Trail
from drifttui.core.errors import DriftError, InputError, SourceError
from drifttui.core.join import Answer, Evidence, who
from drifttui.core.join_cloudtrail import CloudQuestion, who_cloudtrail
from drifttui.core.ports import AuditSource
from drifttui.core.resource_question import ResourceQuestion
from drifttui.core.unseen import Log, log_of

from .session import Settings, build_sources, settings_from, utc_now

NONE: Final = "No audit log to ask"


def cloudtrail_stores(options: argparse.Namespace) -> Sequence[AuditSource]:
    """CloudTrail of the accounts in the settings file, of `--aws-profile`, or of the AWS CLI's own default.

    Raises `InputError`.
    """
    settings = settings_from(options)
    return _stores(settings if settings.aws else replace(settings, aws=(AwsSettings(),)), Trail.CLOUDTRAIL)


def kubernetes_stores(options: argparse.Namespace) -> Sequence[AuditSource]:
    """Audit logs of clusters that the settings file names. Raises `InputError` where there is none."""
    return _stores(settings_from(options), Trail.KUBERNETES)


def _stores(settings: Settings, trail: Trail) -> Sequence[AuditSource]:
    kubernetes = msgspec.structs.replace(settings.kubernetes, enabled=False)
    alone = replace(settings, argocd=(), argocd_crd_contexts=(), kubernetes=kubernetes)
    try:
        sources = build_sources(alone, utc_now)
    except InputError as error:
        raise InputError(NONE, hint="Give files, or configure [[aws]], [[loki]] or [audit].") from error
    found = [source for source in sources if isinstance(source, AuditSource) and source.trail is trail]
    if not found:
        raise InputError(NONE, hint="Give files, or configure [[aws]], [[loki]] or [audit].")
    return found


def who_in_cloudtrail(
    sources: Sequence[AuditSource],
    question: CloudQuestion,
    paths: Sequence[str],
    since: datetime | None,
    timeout: float,
) -> Answer:
    """Raises `SourceError` where no source could be asked at all."""
    answers, failures = _asked(sources, AuditQuestion(clouds=(question,), since=since), timeout)
    calls = [call for answer in answers for call in answer.cloud_calls]
    log = log_of(answers) or Log(now=utc_now())
    answer = who_cloudtrail(question, calls, log, paths=paths, since=since)
    # Every store says for itself what may still arrive.
    unseen = tuple(sentence for sentence in answer.unseen if not sentence.startswith("CloudTrail delivers"))
    return _said(answer._replace(unseen=unseen), answers, failures)


def who_in_kubernetes(
    sources: Sequence[AuditSource],
    question: ResourceQuestion,
    live: Any,
    paths: Sequence[str],
    since: datetime | None,
    timeout: float,
) -> Answer:
    """`live` is the object, redacted; None where nobody gave it. Raises `SourceError` as above."""
    status = any(path == "/status" or path.startswith("/status/") for path in paths)
    answers, failures = _asked(sources, AuditQuestion((question,), since=since, status=status), timeout)
    evidence = Evidence(
        live,
        [entry for answer in answers for entry in answer.operations],
        [call for answer in answers for call in answer.deletions],
        log_of(answers),
    )
    calls = [call for answer in answers for call in answer.calls]
    return _said(who(question, calls, evidence, paths=paths, since=since), answers, failures)


def _said(answer: Answer, answers: Sequence[AuditAnswer], failures: Sequence[str]) -> Answer:
    notes = [entry.words for each in answers for entry in each.unseen]
    return answer._replace(unseen=tuple(dict.fromkeys((*failures, *notes, *answer.unseen))))


def _asked(
    sources: Sequence[AuditSource], question: AuditQuestion, timeout: float
) -> tuple[list[AuditAnswer], list[str]]:
    """What each source answered, and a sentence for each that did not. Raises the first error where none did."""

    async def one(source: AuditSource) -> AuditAnswer | DriftError:
        try:
            async with asyncio.timeout(timeout):
                return await source.calls(question)
        except SourceError as error:
            return error
        except TimeoutError:
            return SourceError(f"{source.name} did not answer", f"in {timeout:g} s", "Raise --timeout.")

    async def all_of_them() -> list[AuditAnswer | DriftError]:
        try:
            return list(await asyncio.gather(*(one(source) for source in sources)))
        finally:
            await asyncio.gather(*(source.close() for source in sources), return_exceptions=True)

    results = asyncio.run(all_of_them())
    answers = [each for each in results if isinstance(each, AuditAnswer)]
    errors = [each for each in results if isinstance(each, DriftError)]
    if errors and not answers:
        raise errors[0]
    names = [source.name for source, each in zip(sources, results, strict=True) if isinstance(each, DriftError)]
    return answers, [f"{name}: {error.one_line()}" for name, error in zip(names, errors, strict=True)]
