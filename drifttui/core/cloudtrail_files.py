"""Log files of CloudTrail in a bucket: what their keys say, which prefixes can hold a range of time, what is in one.

`[prefix/]AWSLogs/[o-…/]<account>/CloudTrail/<region>/YYYY/MM/DD/<account>_CloudTrail_<region>_YYYYMMDDTHHmmZ_<16>.json.gz`.
The time in a key is that of the delivery, which follows the events within minutes, sometimes later.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

LATEST: Final = timedelta(hours=1)
"""How long after an event its file is still looked for."""
HOURS: Final = 12
"""Up to so many hours are listed one by one, longer ranges by the day."""
MAX_FILE: Final = 128 << 20
"""Bytes of one file when unpacked."""

_KEY: Final = re.compile(
    r"(?:^|/)AWSLogs/(?:(?P<org>o-[a-z0-9]+)/)?(?P<account>\d{12})/CloudTrail/(?P<region>[a-z0-9-]+)/\d{4}/\d\d/\d\d/"
    r"\d{12}_CloudTrail_[a-z0-9-]+_(?P<at>\d{8}T\d{4})Z_[A-Za-z0-9]+\.json(?:\.gz)?$"
)
_DECODER: Final = json.JSONDecoder()
_STARTS: Final = re.compile(r'\{\s*"Records"\s*:\s*\[')


def delivered(key: str) -> datetime | None:
    """When the file of a key was delivered; None for what is no log file (digests, Insights, other objects)."""
    found = _KEY.search(key)
    if found is None:
        return None
    try:
        return datetime.strptime(found["at"], "%Y%m%dT%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None


def folder(prefix: str, organization: str, account: str = "", region: str = "") -> str:
    """`[prefix/]AWSLogs/[o-…/][account/CloudTrail/[region/]]`."""
    parts = [prefix.strip("/"), "AWSLogs", organization]
    if account:
        parts += [account, "CloudTrail", region]
    return "/".join(part for part in parts if part) + "/"


def prefixes(base: str, account: str, region: str, since: datetime, until: datetime) -> list[str]:
    """Prefixes below `base` (a folder of one region) that can hold events of the range, newest first."""
    until = until + LATEST
    hours = int((until - since).total_seconds() // 3600) + 2
    if hours <= HOURS + 2:
        moments = [until - timedelta(hours=number) for number in range(hours)]
        held = [moment for moment in moments if moment >= since.replace(minute=0, second=0, microsecond=0)]
        return [f"{base}{at:%Y/%m/%d}/{account}_CloudTrail_{region}_{at:%Y%m%dT%H}" for at in held]
    days = (until.date() - since.date()).days + 1
    return [f"{base}{until - timedelta(days=number):%Y/%m/%d}/" for number in range(days)]


def unpacked(content: bytes, problems: Counter[str]) -> bytes:
    """The text of a file, gzip told by its magic bytes; of a damaged one what comes before the damage."""
    if content[:2] != b"\x1f\x8b":
        return content
    unpacker = zlib.decompressobj(31)
    held = bytearray()
    try:
        held += unpacker.decompress(content, MAX_FILE)
    except zlib.error:
        problems["compressed log file that is damaged"] += 1
        return bytes(held) or _salvaged(content)
    if unpacker.unconsumed_tail:
        problems[f"log file larger than {MAX_FILE >> 20} MB, read in part"] += 1
    elif not unpacker.eof:
        problems["compressed log file that ends early"] += 1
    return bytes(held)


def _salvaged(content: bytes) -> bytes:
    """What a damaged file yields when it is read in small pieces."""
    unpacker = zlib.decompressobj(31)
    held = bytearray()
    try:
        for start in range(0, len(content), 4096):
            held += unpacker.decompress(content[start : start + 4096], MAX_FILE - len(held))
    except zlib.error:
        pass
    return bytes(held)


def log_records(text: bytes, needles: Sequence[bytes], problems: Counter[str]) -> tuple[list[Any], int]:
    """The records of one file that hold a needle, and how many were parsed: none where no needle is in the file."""
    lower = text.lower()
    if not any(needle in lower for needle in needles):
        return [], 0
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        problems["log file with bytes that are no UTF-8"] += 1
        decoded = text.decode("utf-8", "replace")
    start = _STARTS.search(decoded)
    if start is None:
        problems["log file without records"] += 1
        return [], 0
    found: list[Any] = []
    position, count = start.end(), 0
    while (begin := decoded.find("{", position)) >= 0:
        try:
            value, position = _DECODER.raw_decode(decoded, begin)
        except (ValueError, RecursionError):
            problems["damaged record of a log file"] += 1
            position = decoded.find('{"eventVersion"', begin + 1)
            if position < 0:
                break
            continue
        count += 1
        raw = decoded[begin:position].lower().encode("utf-8", "replace")
        if any(needle in raw for needle in needles):
            found.append(value)
    return found, count
