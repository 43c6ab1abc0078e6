"""Puts a bundle into S3: in one request, so that nothing partial looks whole, with a checksum, never over another."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from drifttui.core.errors import InputError, SourceError

if TYPE_CHECKING:
    from drifttui.clients.aws import Aws

LARGEST_PUT = 5 * 1024**3
"""Bytes that one PutObject takes."""


class Uploaded(NamedTuple):
    url: str
    version: str
    """VersionId; empty where the bucket keeps none."""
    sha256: str
    """Of the whole bundle, in hex, as S3 checked it."""
    locked_until: str
    """Object Lock: the day until which nobody can delete it, in UTC; empty where there is none."""


def bucket_and_prefix(url: str) -> tuple[str, str]:
    """Raises `InputError` where this is no `s3://bucket/prefix`."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise InputError(f"{url} is no place in S3", "", "Write s3://bucket/prefix.")
    return parts.netloc, parts.path.strip("/")


async def upload(aws: Aws, path: Path, url: str, *, now: datetime, retain: timedelta | None = None) -> Uploaded:
    """Raises `SourceError`, `ReadOnly`, and `InputError` where the bucket holds one of that name or cannot lock it.

    Where the bucket has a default retention it applies; `retain` asks for a longer one, in compliance mode where the
    bucket's default is that, else in governance mode.
    """
    bucket, prefix = bucket_and_prefix(url)
    key = f"{prefix}/{path.name}" if prefix else path.name
    size, digest = await asyncio.to_thread(_measured, path)
    if size > LARGEST_PUT:
        raise InputError(
            f"{path.name} is too large for one upload", f"{size} bytes", "Export fewer units or less time."
        )
    lock = await _lock(aws, bucket)
    if retain is not None and lock is None:
        raise InputError(f"The bucket {bucket} has no Object Lock", "", "Leave out --retain, or give another bucket.")
    params: dict[str, Any] = {
        "Bucket": bucket,
        "Key": key,
        "IfNoneMatch": "*",
        "ChecksumAlgorithm": "SHA256",
        "ChecksumSHA256": base64.b64encode(digest).decode(),
        "ContentType": "application/gzip",
        "ContentLength": size,
    }
    if retain is not None and lock is not None:
        mode = str(lock.get("DefaultRetention", {}).get("Mode") or "GOVERNANCE")
        params |= {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": now + retain}
    file = await asyncio.to_thread(path.open, "rb")
    try:
        answer = await aws.call("s3", "PutObject", {**params, "Body": file})
    finally:
        file.close()
    held = await aws.call("s3", "HeadObject", {"Bucket": bucket, "Key": key, "ChecksumMode": "ENABLED"})
    if held.get("ContentLength") != size:
        raise SourceError(f"s3://{bucket}/{key} is not what was sent", f"{held.get('ContentLength')} bytes")
    until = held.get("ObjectLockRetainUntilDate")
    return Uploaded(
        f"s3://{bucket}/{key}",
        str(answer.get("VersionId") or ""),
        digest.hex(),
        until.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(until, datetime) else "",
    )


async def _lock(aws: Aws, bucket: str) -> dict[str, Any] | None:
    """The rule of the bucket's Object Lock, empty without a default; None where there is none, or nobody may tell."""
    try:
        answer = await aws.call("s3", "GetObjectLockConfiguration", {"Bucket": bucket})
    except SourceError:
        return None
    found = answer.get("ObjectLockConfiguration") or {}
    return dict(found.get("Rule") or {}) if found.get("ObjectLockEnabled") == "Enabled" else None


def _measured(path: Path) -> tuple[int, bytes]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").digest()
