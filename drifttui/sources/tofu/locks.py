"""Who holds the lock of a state in S3: a file beside it (`use_lockfile`), or an item of a DynamoDB table.

It is read and never broken.

The item has the key `LockID`, `BUCKET/KEY`, and the lock in `Info`, a JSON text. Another one, `BUCKET/KEY-md5`, is
always there: it is the digest of the state and no lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...core.errors import DriftError, Missing
from ...core.terraform_lock import LOCK_LIMIT, Locking, parse_lock


class Place(NamedTuple):
    """Of one state in S3."""

    bucket: str
    key: str
    region: str = ""
    table: str = ""
    """In DynamoDB; empty where the backend has none."""


def place_of(config: Mapping[str, Any], workspace: str) -> Place:
    """From the configuration of an `s3` backend."""
    held = {name: value if isinstance(value, str) else "" for name, value in config.items()}
    key = held.get("key", "")
    if workspace != "default":
        key = f"{held.get('workspace_key_prefix') or 'env:'}/{workspace}/{key}"
    return Place(held.get("bucket", ""), key, held.get("region", ""), held.get("dynamodb_table", ""))


async def remote_lock(aws: Any, place: Place) -> Locking:
    """`aws` is the client, or None where no account is configured. Raises nothing."""
    if not place.bucket or not place.key:
        return Locking()
    if aws is None:
        return Locking(unread="no AWS account is configured")
    unread = []
    for look in (_file, _item) if place.table else (_file,):
        try:
            held = await look(aws, place)
        except DriftError as error:
            unread.append(error.one_line())
            continue
        if held is not None:
            return Locking(parse_lock(held))
    return Locking(unread="; ".join(unread))


async def _file(aws: Any, place: Place) -> bytes | None:
    try:
        found: bytes = await aws.body(place.bucket, f"{place.key}.tflock", region=place.region, limit=LOCK_LIMIT)
    except Missing:
        return None
    return found


async def _item(aws: Any, place: Place) -> bytes | None:
    """A table that is not there is an error: the backend locks in it, and this account does not see it."""
    asked = {
        "TableName": place.table,
        "Key": {"LockID": {"S": f"{place.bucket}/{place.key}"}},
        "ProjectionExpression": "LockID, Info",
        "ConsistentRead": True,
    }
    answer = await aws.call("dynamodb", "GetItem", asked, region=place.region)
    item = answer.get("Item")
    return str((item.get("Info") or {}).get("S") or "").encode() if item else None
