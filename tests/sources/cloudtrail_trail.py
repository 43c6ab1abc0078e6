"""CloudTrail records as AWS writes them, and LookupEvents over them: exact names, newest first, 50 a page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from drifttui.core.join_cloudtrail import CloudQuestion
from tests.clients.aws_server import ACCOUNT, Answer, Call, Error

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = b"k" * 32
GROUP = CloudQuestion("aws_security_group", ("sg-0a1b",))


def record(name: str, minutes: float, *, event_id: str = "", who: str = "bob", **more: Any) -> dict[str, Any]:
    """A call so many minutes before `NOW`."""
    at = NOW - timedelta(minutes=minutes)
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/{who}@example.com",
            "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "admin"}},
        },
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "userAgent": "console.amazonaws.com",
        "requestParameters": {"groupId": "sg-0a1b", "ipPermissions": {"items": [{"fromPort": 22}]}},
        "responseElements": {"_return": True},
        "readOnly": False,
        "eventID": event_id or f"{name}-{minutes}",
        "recipientAccountId": ACCOUNT,
        **more,
    }


def event(held: dict[str, Any], *resources: str) -> dict[str, Any]:
    """The envelope of LookupEvents, with what AWS happened to file it under."""
    at = datetime.fromisoformat(held["eventTime"])
    return {
        "EventId": held["eventID"],
        "EventName": held["eventName"],
        "EventTime": at.timestamp(),
        "EventSource": held["eventSource"],
        "ReadOnly": str(held["readOnly"]).lower(),
        "Resources": [{"ResourceType": "AWS::EC2::SecurityGroup", "ResourceName": name} for name in resources],
        "CloudTrailEvent": json.dumps(held),
    }


class Lookups:
    """Answers `LookupEvents`; `regions` holds the events of each. `break_token` makes one token invalid."""

    def __init__(self, **regions: list[dict[str, Any]]) -> None:
        self.regions = {name.replace("_", "-"): events for name, events in regions.items()}
        self.break_token = False

    def __call__(self, call: Call) -> Answer:
        body = call.body
        attributes = body.get("LookupAttributes") or []
        if len(attributes) > 1:
            return Error("InvalidLookupAttributesException", "only one")
        if body.get("MaxResults", 50) > 50:
            return Error("InvalidMaxResultsException", "50")
        start = int(body.get("NextToken") or 0)
        if start and self.break_token:
            self.break_token = False
            return Error("InvalidNextTokenException", "A token that is invalid")
        found = [
            each
            for each in self.regions.get(call.region, [])
            if all(self._has(each, entry["AttributeKey"], entry["AttributeValue"]) for entry in attributes)
            and body.get("StartTime", 0) <= each["EventTime"] <= body.get("EndTime", 9e12)
        ]
        found.sort(key=lambda each: -float(each["EventTime"]))
        size = body.get("MaxResults", 50)
        answer: dict[str, Any] = {"Events": found[start : start + size]}
        if start + size < len(found):
            answer["NextToken"] = str(start + size)
        return answer

    @staticmethod
    def _has(each: dict[str, Any], key: str, value: str) -> bool:
        if key == "ResourceName":
            return any(resource["ResourceName"] == value for resource in each["Resources"])
        return bool(each[key] == value)
