"""A plan or a state that somebody else made: from a file, over HTTP, or from S3, never more than is allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from ...clients.access import Access
from ...clients.http import Http
from ...clients.http_errors import Clean
from ...clients.limits import Limits
from ...core.errors import BadAnswer, InputError, Missing, Unreachable, inert
from ...core.terraform_load import LIMIT_BYTES, refuse_size

TIMEOUT = 120.0


class Fetched(NamedTuple):
    data: bytes
    written: datetime | None
    """As its place says; None where it does not."""
    method: str


def shown_place(place: str) -> str:
    """Without what may be a signature or a password."""
    if "://" not in place:
        return place
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


async def fetch(place: str, access: Access, clean: Clean, aws: Callable[[], Any]) -> Fetched:
    """`aws` gives the client for s3:// addresses, or None. Raises `SourceError`."""
    scheme = urlsplit(place).scheme if "://" in place else ""
    if scheme in ("http", "https"):
        return await _over_http(place, access, clean)
    if scheme == "s3":
        return await _from_s3(place, aws())
    if scheme:
        raise BadAnswer(f"Nothing here reads {inert(scheme, 20)}:// addresses", "", "Give a file, http(s):// or s3://.")
    return await asyncio.to_thread(_from_file, place)


def _from_file(place: str) -> Fetched:
    path = Path(place).expanduser()
    try:
        with path.open("rb") as file:
            stat = path.stat()
            refuse_size(stat.st_size, path.name)
            return Fetched(file.read(LIMIT_BYTES + 1), datetime.fromtimestamp(stat.st_mtime, UTC), "file")
    except FileNotFoundError:
        raise Missing(f"There is no file {inert(str(path), 160)}", "", "It may not have been made yet.") from None
    except OSError as error:
        raise Unreachable(f"{inert(str(path), 160)} cannot be read", error.strerror or str(error)) from None
    except InputError as error:
        raise BadAnswer(error.title, error.detail, error.hint) from None


async def _over_http(place: str, access: Access, clean: Clean) -> Fetched:
    parts = urlsplit(place)
    if parts.username or parts.password:
        raise BadAnswer("Addresses of plans hold no passwords", shown_place(place), "Use a signed address, or a file.")
    server = Http(
        f"{parts.scheme}://{parts.netloc}",
        name=parts.hostname or place,
        access=access,
        limits=Limits(total=TIMEOUT, body=LIMIT_BYTES),
        clean=clean,
    )
    try:
        answer = await server.get(parts.path or "/", dict(parse_qsl(parts.query)), accept="*/*", body_limit=LIMIT_BYTES)
    finally:
        await server.close()
    try:
        written = parsedate_to_datetime(answer.headers.get("last-modified", ""))
    except ValueError:
        written = None
    return Fetched(bytes(answer.body), written if written is None or written.tzinfo else None, parts.scheme)


async def _from_s3(place: str, aws: Any) -> Fetched:
    bucket, key = bucket_and_key(place)
    if aws is None:
        raise BadAnswer(
            f"Nobody reads {inert(place, 160)}", "no AWS account is configured", "Add [[aws]] or --aws-profile."
        )
    head = await aws.call("s3", "HeadObject", {"Bucket": bucket, "Key": key})
    try:
        refuse_size(int(head.get("ContentLength") or 0), place)
    except InputError as error:
        raise BadAnswer(error.title, error.detail, error.hint) from None
    written = head.get("LastModified")
    data: bytes = await aws.body(bucket, key, limit=LIMIT_BYTES + 1)
    return Fetched(data, written if isinstance(written, datetime) else None, "s3")


def bucket_and_key(place: str) -> tuple[str, str]:
    parts = urlsplit(place)
    return parts.netloc, parts.path.lstrip("/")
