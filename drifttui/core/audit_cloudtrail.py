"""One record of AWS CloudTrail, read without trusting any of its fields.

A record of LookupEvents carries the real one as a string in `CloudTrailEvent`. `eventTime` is when the request
completed by the service's clock. Errors, reads and EC2 dry runs changed nothing.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, Final, NamedTuple

from .actors_aws import Principal, read_principal
from .audit import Unreadable, mapping, moment, text

_READ_NAME: Final = re.compile(
    r"(?:Get|List|Describe|Head|Lookup|Search|Select|Scan|Query|BatchGet|BatchDescribe|Test|Validate|Simulate|Estimate|"
    r"Preview|Check|Verify|View|Detect|Discover|Export|Download|Filter|Assume|Decode|Decrypt|GenerateDataKey|"
    r"ConsoleLogin|CheckMfa|SwitchRole|StartQuery|Poll|Receive)(?![a-z])"
)
_DRY_RUN_FLAGS: Final = ("dryRun", "DryRun")


class CloudTrailCall(NamedTuple):
    """None: the record lacks it. Empty strings do not occur."""

    event_id: str | None
    time: datetime | None
    time_text: str | None
    source: str | None
    name: str | None
    region: str | None
    source_ip: str | None
    user_agent: str | None
    principal: Principal
    read_only: bool | None
    error_code: str | None
    account: str | None
    request: Any
    response: Any
    resources: tuple[str, ...]
    """ARNs and names of `resources`."""
    console: bool
    """The session's credentials were made by the console."""
    event_type: str | None

    @property
    def succeeded(self) -> bool:
        return self.error_code is None

    @property
    def is_write(self) -> bool:
        """What the record says; where it says nothing, the name's first word."""
        if self.read_only is not None:
            return not self.read_only and self.source != "signin.amazonaws.com"
        return bool(self.name) and not _READ_NAME.match(self.name or "") and self.source != "signin.amazonaws.com"

    @property
    def dry_run(self) -> bool:
        return "DryRunOperation" in (self.error_code or "") or any(
            mapping(self.request).get(flag) in (True, "true") for flag in _DRY_RUN_FLAGS
        )

    @property
    def explains_drift(self) -> bool:
        return self.is_write and self.succeeded and not self.dry_run


def read_record(record: Any) -> CloudTrailCall:
    """Raises `Unreadable` for what is no CloudTrail record."""
    if not isinstance(record, dict):
        raise Unreadable("not a JSON object")
    inner = record.get("CloudTrailEvent")
    if isinstance(inner, str):
        try:
            record = json.loads(inner)
        except (ValueError, RecursionError) as problem:
            raise Unreadable("CloudTrailEvent is no JSON") from problem
        if not isinstance(record, dict):
            raise Unreadable("CloudTrailEvent is no JSON object")
    if isinstance(record.get("detail"), dict) and "eventName" in record["detail"]:
        record = record["detail"]
    name = _text(record.get("eventName"))
    if name is None:
        raise Unreadable("no eventName: not a CloudTrail record")
    principal = read_principal(record.get("userIdentity"))
    return CloudTrailCall(
        event_id=_text(record.get("eventID")),
        time=moment(record.get("eventTime")),
        time_text=_text(record.get("eventTime")),
        source=_text(record.get("eventSource")),
        name=name,
        region=_text(record.get("awsRegion")),
        source_ip=_text(record.get("sourceIPAddress")),
        user_agent=_text(record.get("userAgent")),
        principal=principal,
        read_only=_flag(record.get("readOnly")),
        error_code=_text(record.get("errorCode")),
        account=_text(record.get("recipientAccountId")) or principal.account,
        request=record.get("requestParameters"),
        response=record.get("responseElements"),
        resources=tuple(_resources(record.get("resources"))),
        console=str(record.get("sessionCredentialFromConsole", "")).lower() == "true",
        event_type=_text(record.get("eventType")),
    )


def _text(value: Any) -> str | None:
    return text(value) or None


def _flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def _resources(value: Any) -> list[str]:
    entries = [mapping(entry) for entry in value[:64]] if isinstance(value, list) else []
    keys = ("ARN", "arn", "resourceName", "ResourceName")
    return [name for entry in entries for key in keys if (name := text(entry.get(key), 2048))]
