"""The query of CloudTrail's log files in Athena, and its rows as records again.

Columns are those of AWS's own `CREATE TABLE` for CloudTrail; `useridentity` is a structure whose fields older tables
lack in part, so only those are asked that all have. Everything that is compared is a literal made by `literal`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from .errors import InputError

LIMIT: Final = 1000
_MOST_DAYS: Final = 366

_PLAIN: Final = (
    ("eventid", "eventID"), ("eventtime", "eventTime"), ("eventsource", "eventSource"), ("eventname", "eventName"),
    ("awsregion", "awsRegion"), ("sourceipaddress", "sourceIPAddress"), ("useragent", "userAgent"),
    ("errorcode", "errorCode"), ("readonly", "readOnly"), ("eventtype", "eventType"),
    ("recipientaccountid", "recipientAccountId"),
)  # fmt: skip
_BODIES: Final = (("requestparameters", "requestParameters"), ("responseelements", "responseElements"))
_IDENTITY: Final = {
    "u_type": ("useridentity.type", ("type",)),
    "u_arn": ("useridentity.arn", ("arn",)),
    "u_account": ("useridentity.accountid", ("accountId",)),
    "u_invoked": ("useridentity.invokedby", ("invokedBy",)),
    "u_name": ("useridentity.username", ("userName",)),
    "u_issuer_type": ("useridentity.sessioncontext.sessionissuer.type", ("sessionContext", "sessionIssuer", "type")),
    "u_issuer_arn": ("useridentity.sessioncontext.sessionissuer.arn", ("sessionContext", "sessionIssuer", "arn")),
    "u_issuer_name": (
        "useridentity.sessioncontext.sessionissuer.username", ("sessionContext", "sessionIssuer", "userName")
    ),
}  # fmt: skip


def literal(text: str) -> str:
    """An SQL string literal. Quotes are doubled, which is all that Athena's strings know; control characters are
    refused. Raises `InputError`."""
    if any(ord(char) < 32 or ord(char) == 127 for char in text) or len(text) > 2048:
        raise InputError("A name that cannot be asked about", repr(text[:80]))
    return "'" + text.replace("'", "''") + "'"


def query(
    table: str,
    partitions: Sequence[str],
    needles: Iterable[bytes],
    since: datetime,
    until: datetime,
    *,
    account_column: str = "",
    accounts: Iterable[str] = (),
    delay: timedelta = timedelta(hours=1),
) -> str:
    """One SELECT, newest first, `LIMIT` rows. `table` and columns are checked identifiers; partitions are days of
    delivery. Raises `InputError` for a range of more than a year."""
    columns = [name for name, _ in (*_PLAIN, *_BODIES)] + [f"{path} AS {name}" for name, (path, _) in _IDENTITY.items()]
    columns.append("array_join(transform(resources, r -> r.arn), ' ') AS resource_arns")
    held = "lower(concat(coalesce(requestparameters, ''), ' ', coalesce(responseelements, ''), ' ', "
    held += "coalesce(array_join(transform(resources, r -> r.arn), ' '), '')))"
    names = " OR ".join(f"strpos({held}, {literal(needle.decode())}) > 0" for needle in needles)
    conditions = [
        f"eventtime >= {literal(f'{since:%Y-%m-%dT%H:%M:%SZ}')}",
        f"eventtime <= {literal(f'{until:%Y-%m-%dT%H:%M:%SZ}')}",
        "coalesce(readonly, 'false') <> 'true'",
        f"({names})",
        *_days(partitions, since, until + delay),
    ]
    if chosen := sorted(accounts):
        column = quoted(account_column) if account_column else "recipientaccountid"
        conditions.append(f"{column} IN ({', '.join(literal(account) for account in chosen)})")
    where = "\n  AND ".join(conditions)
    return f"SELECT {', '.join(columns)}\nFROM {table}\nWHERE {where}\nORDER BY eventtime DESC\nLIMIT {LIMIT}"


def quoted(identifier: str) -> str:
    """A table or column as an SQL identifier; quotes cannot occur in what the settings allow, and are doubled here."""
    return '"' + identifier.replace('"', '""') + '"'


def _days(partitions: Sequence[str], since: datetime, until: datetime) -> list[str]:
    if not partitions:
        return []
    if (until - since).days > _MOST_DAYS:
        raise InputError("A range of more than a year cannot be asked at once", hint="Narrow --since.")
    if len(partitions) == 1:
        column = quoted(partitions[0])
        return [f"{column} BETWEEN {literal(f'{since:%Y/%m/%d}')} AND {literal(f'{until:%Y/%m/%d}')}"]
    if len(partitions) != 3:
        raise InputError("partitions in [aws.athena]", "one column, or year, month and day")
    year, month, day = (quoted(name) for name in partitions)
    months: dict[tuple[str, str], list[str]] = {}
    for number in range((until.date() - since.date()).days + 1):
        at = since + timedelta(days=number)
        months.setdefault((f"{at:%Y}", f"{at:%m}"), []).append(f"{at:%d}")
    parts = [
        f"({year} = {literal(y)} AND {month} = {literal(m)} AND {day} IN ({', '.join(literal(d) for d in days)}))"
        for (y, m), days in months.items()
    ]
    return [f"({' OR '.join(parts)})"]


def record(row: Mapping[str, str | None]) -> dict[str, Any]:
    """A row as the record that it was, as far as columns tell. A body that is no JSON stays a text."""
    found: dict[str, Any] = {name: row[column] for column, name in _PLAIN if row.get(column)}
    for column, name in _BODIES:
        text = row.get(column)
        if text and text != "null":
            try:
                found[name] = json.loads(text)
            except (ValueError, RecursionError):
                found[name] = {"unparsed": text}
    identity: dict[str, Any] = {}
    for column, (_, path) in _IDENTITY.items():
        value = row.get(column)
        if value:
            held = identity
            for step in path[:-1]:
                held = held.setdefault(step, {})
            held[path[-1]] = value
    found["userIdentity"] = identity
    found["resources"] = [{"ARN": arn} for arn in (row.get("resource_arns") or "").split()]
    return found
