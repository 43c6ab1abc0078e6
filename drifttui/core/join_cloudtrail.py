"""Which CloudTrail call explains the drift of one AWS resource.

Failed calls, reads and dry runs explain nothing. A listed call of the type that names the resource is strong evidence;
a call that merely mentions it is weak and says so. What an engine (Terraform, CloudFormation) wrote comes after what
others wrote, because drift is what it did not write.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from .actors_aws import actor_of
from .audit import Grade, Line, mapping, sureness
from .audit_cloudtrail import CloudTrailCall
from .cloudtrail_events import ASKED, Mapped, bare_name, mapped
from .cloudtrail_names import Wanted, matched, texts_of, wanted_names
from .join import Answer
from .unseen import Log, cloudtrail_late, of_log
from .via_aws import aws_via

LINES: Final = 100
_ENGINES: Final = frozenset({"Terraform", "OpenTofu", "CloudFormation", "CDK (CloudFormation)", "Pulumi"})
_PAIRS: Final = ("_attachment", "_association", "_record", "_rule", "_addon", "_node_group", "_policy", "_membership")
"""Types that join two things: a call that names both is meant, one that names only the first may be about a sibling."""
_STATE_ONLY: Final = frozenset({"access_keys", "instance_state", "status", "state_value", "tags", "tags_all"})
"""Attributes that run states and bookkeeping move; when nobody asked for one, other changes are more telling."""
_IDENTIFIERS: Final = re.compile(
    r"(?:^|_)(?:id|ids|name|arn|identifier|token|items|client_token|dry_run|force|apply_immediately|principal)$"
)
_RENAMED: Final = {
    "group_set": "vpc_security_group_ids",
    "d_b_instance_class": "instance_class",
    "db_instance_class": "instance_class",
    "db_parameter_group_name": "parameter_group_name",
    "role": "role",
    "environment": "environment",
    "default_actions": "default_action",
    "scaling_config": "scaling_config",
}


class CloudQuestion(NamedTuple):
    kind: str
    """Terraform type; empty where only ids were given."""
    ids: tuple[str, ...]
    guessed: bool = False
    """The ids are the address' own name: nobody gave any."""

    def __str__(self) -> str:
        return f"{self.kind or 'resource'} {', '.join(self.ids)}".strip()


class _Hit(NamedTuple):
    call: CloudTrailCall
    attributes: tuple[str, ...]
    listed: bool
    ids: frozenset[str]


def who_cloudtrail(
    question: CloudQuestion,
    calls: Iterable[CloudTrailCall],
    log: Log,
    *,
    paths: Sequence[str] = (),
    since: datetime | None = None,
) -> Answer:
    """Lines best first. `paths` are attributes of the Terraform type (`ingress`, `/user_data`)."""
    table = mapped(question.kind)
    wanted = wanted_names(question.ids, question.kind)
    aside: dict[str, Counter[str]] = {}
    hits: list[_Hit] = []
    older = 0
    for call in _once(calls):
        ids = _names(call, wanted, table)
        if not ids:
            continue
        if reason := _innocent(call):
            aside.setdefault(reason, Counter())[actor_of(call.principal).words] += 1
        elif since is not None and call.time is not None and call.time < since:
            older += 1
        elif (hit := _hit(call, ids, table)) is not None:
            hits.append(hit)
    hits = _closest(question, hits)
    lines = _lines(question, hits, [_attribute(path) for path in paths], paths)
    unseen = _unseen(question, table, log, hits, lines, older, since)
    return Answer(tuple(lines[:LINES]), unseen, _words(aside))


def changes_path(question: CloudQuestion, call: CloudTrailCall, path: str) -> bool:
    """Whether a call that names the resource changes this attribute, as far as its name and request tell."""
    hit = _hit(call, frozenset(), mapped(question.kind))
    return hit is not None and _touches(hit, _attribute(path))


def _once(calls: Iterable[CloudTrailCall]) -> list[CloudTrailCall]:
    """By event id: files of an organisation and of its accounts hold the same records."""
    seen: set[str] = set()
    found = []
    for call in calls:
        known = f"{call.event_id}/{call.name}/{call.time_text}"
        if call.event_id is None or known not in seen:
            seen.add(known)
            found.append(call)
    return found


def _innocent(call: CloudTrailCall) -> str:
    if call.dry_run:
        return "dry run"
    if not call.succeeded:
        return f"failed ({call.error_code})"
    return "" if call.is_write else "read"


def _names(call: CloudTrailCall, wanted: Sequence[Wanted], table: Mapped | None) -> frozenset[str]:
    """Answers of most calls name bystanders; those of calls that are known to concern the type, or that make something,
    hold the id that the request could not know."""
    name = bare_name(call.name or "")
    listed = name in table.calls if table is not None else name.startswith(("Create", "Import", "Restore", "Allocate"))
    asked = texts_of(call.request, call.resources)
    found = matched(wanted, asked, call.account)
    return matched(wanted, asked | texts_of(call.response), call.account) if listed else found


def _hit(call: CloudTrailCall, ids: frozenset[str], table: Mapped | None) -> _Hit | None:
    name = bare_name(call.name or "")
    if table is None:
        return _Hit(call, _requested(call) if not _is_whole(name) else (), False, ids)
    if call.source is not None and call.source not in table.sources:
        return None
    if name in table.calls:
        attributes = table.calls[name]
        return _Hit(call, _requested(call) if attributes == ASKED else attributes, True, ids)
    if any(noun in name for noun in table.nouns):
        return _Hit(call, _requested(call) if not _is_whole(name) else (), False, ids)
    return None


def _is_whole(name: str) -> bool:
    return name.startswith(("Create", "Delete", "Run", "Terminate", "Register", "Deregister", "Import"))


def _requested(call: CloudTrailCall) -> tuple[str, ...]:
    """Attributes as Terraform spells them, from the names of the request's parameters."""
    names = [snake(str(name)) for name, value in mapping(call.request).items() if value is not None and value != {}]
    found = [_RENAMED.get(name, name) for name in names]
    kept = [name for name in found if not _IDENTIFIERS.search(name)] or [
        name for name in found if name in _RENAMED.values()
    ]
    return tuple(kept) or ("*",)


def snake(name: str) -> str:
    """`dBInstanceIdentifier` → `db_instance_identifier`, `vpcSecurityGroupIds` → `vpc_security_group_ids`."""
    name = re.sub(r"^dB(?=[A-Z])", "db_", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()


def _closest(question: CloudQuestion, hits: list[_Hit]) -> list[_Hit]:
    """Listed calls where there are any, and of a type that joins two things those that name the most of them."""
    if any(hit.listed for hit in hits):
        hits = [hit for hit in hits if hit.listed]
    if question.kind.endswith(_PAIRS) and hits:
        most = max(len(hit.ids) for hit in hits)
        hits = [hit for hit in hits if len(hit.ids) == most]
    return sorted(hits, key=lambda hit: hit.call.time.timestamp() if hit.call.time else 0.0, reverse=True)


def _attribute(path: str) -> str:
    """The first part of a path, as an attribute's name. What says "the whole resource" is empty."""
    word = path.strip().strip("/").partition("/")[0].partition(".")[0].partition("[")[0]
    word = re.sub(r"[\s-]+", "_", word.strip().lower())
    return "" if "deleted" in word or "created" in word or word in ("resource", "*") else word


def _touches(hit: _Hit, attribute: str) -> bool:
    if not attribute:
        return not hit.attributes
    return "*" in hit.attributes or any(
        attribute == held or held.startswith(attribute + "_") or attribute.startswith(held + "_")
        for held in hit.attributes
    )


def _lines(question: CloudQuestion, hits: Sequence[_Hit], wanted: Sequence[str], paths: Sequence[str]) -> list[Line]:
    if not wanted:
        return _everything(question, hits)
    found: list[Line] = []
    for attribute, path in zip(wanted, paths, strict=True):
        fitting = [hit for hit in hits if _touches(hit, attribute)]
        if fitting:
            found.extend(_ranked(question, fitting, path, ""))
        else:
            note = f"no call that changes {path} names the resource; this one changed it otherwise"
            found.extend(_ranked(question, hits, path, note))
    return sorted(found, key=sureness) if len(wanted) > 1 else found


def _everything(question: CloudQuestion, hits: Sequence[_Hit]) -> list[Line]:
    """What nobody asked about apart: changes before run states, those before the creation; a deletion that nothing
    followed is what is left to explain."""
    deleted = bool(hits) and not hits[0].attributes and not _creates(hits[0].call)
    if deleted:
        first, rest = hits[:1], hits[1:]
        return [*_ranked(question, first, "", ""), *_everything(question, [hit for hit in rest if not _removes(hit)])]
    groups: list[list[_Hit]] = [[], [], []]
    for hit in hits:
        group = 2 if not hit.attributes else 1 if set(hit.attributes) <= _STATE_ONLY else 0
        groups[group].append(hit)
    found = [(hit, line) for group in groups for hit, line in _ranked_with(question, group, None, "")]
    return [line for _, line in sorted(found, key=lambda pair: _is_engine(pair[0]))]


def _creates(call: CloudTrailCall) -> bool:
    return (call.name or "").startswith(("Create", "Run", "Import", "Restore", "Attach", "Add", "Register", "Put"))


def _removes(hit: _Hit) -> bool:
    return not hit.attributes and not _creates(hit.call)


def _is_engine(hit: _Hit) -> bool:
    return aws_via(hit.call) in _ENGINES


def _ranked(question: CloudQuestion, hits: Sequence[_Hit], path: str | None, note: str) -> list[Line]:
    return [line for _, line in _ranked_with(question, hits, path, note)]


def _ranked_with(question: CloudQuestion, hits: Sequence[_Hit], path: str | None, note: str) -> list[tuple[_Hit, Line]]:
    """The latest first; what an engine wrote after what others wrote."""
    found = []
    seen: Counter[str] = Counter()
    for hit in sorted(hits, key=_is_engine):
        shown = path if path is not None else "*" if hit.attributes == ASKED else ", ".join(hit.attributes[:1])
        line = _line(question, hit, shown if shown != "*" else "", seen[shown], note)
        again = next((each for each in hits if _is_engine(each) and _later(each, hit)), None)
        if again is not None and not _is_engine(hit):
            reason = f"{aws_via(again.call)} wrote the same attribute later ({again.call.time_text})"
            line = line._replace(confidence=round(line.confidence - 0.15, 2), reasons=(*line.reasons, reason))
        seen[shown] += 1
        found.append((hit, line))
    return found


def _later(one: _Hit, other: _Hit) -> bool:
    if one.call.time is None or other.call.time is None or one.call.time <= other.call.time:
        return False
    return not one.attributes or bool(set(one.attributes) & set(other.attributes))


def _line(question: CloudQuestion, hit: _Hit, path: str, later: int, note: str) -> Line:
    call = hit.call
    actor = actor_of(call.principal)
    via = aws_via(call)
    confidence = 0.92 if hit.listed else 0.4
    reasons = [
        f"{call.name} changes {', '.join(hit.attributes) if hit.attributes else 'the whole resource'}"
        if hit.listed
        else f"{call.name} is not mapped to this type: found by the name of the resource alone",
        f"the call names {', '.join(sorted(hit.ids))}",
    ]
    if note:
        confidence -= 0.4
        reasons.append(note)
    if later:
        confidence -= min(0.4, 0.2 * later)
        reasons.append(f"{later} later calls touch the same attribute")
    if question.guessed:
        confidence -= 0.3
        reasons.append("matched by the name in the address, because no id was given")
    if call.time is None:
        reasons.append("the record has no time")
    if call.principal.invoked_by:
        reasons.append(f"{call.principal.invoked_by} made the call for this identity")
    grade = Grade.GUESS if question.guessed else Grade.BODY if hit.listed else Grade.METADATA
    ids = (call.event_id,) if call.event_id else ()
    return Line(path, actor, via, call.time, round(max(0.05, confidence), 2), grade, ids, (*reasons, *actor.reasons))


def _words(aside: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    return tuple(f"{sum(names.values())} × {reason}: {', '.join(sorted(names)[:3])}" for reason, names in aside.items())


def _unseen(
    question: CloudQuestion, table: Mapped | None, log: Log, hits: Sequence[_Hit], lines: Sequence[Any], older: int,
    since: datetime | None,
) -> tuple[str, ...]:  # fmt: skip
    found = of_log(log)
    if not lines:
        found.append(f"no successful write that was read names {question}")
    if question.kind and table is None:
        found.append(f"{question.kind} is not mapped to AWS calls: searched by id, name and ARN alone")
    if question.guessed:
        found.append("no --id was given: the name in the address need not be the name in AWS")
    if older:
        found.append(f"{older} earlier calls are left out by --since {since:%Y-%m-%d %H:%M:%SZ}")
    found.append(cloudtrail_late(log.last, log.now))
    if question.kind.startswith("aws_s3"):
        found.append("calls on objects in buckets are data events: a trail records them only where it is told to")
    return tuple(found)
