"""What a real Loki answered, kept byte for byte with its headers, and a server that answers so again.

    python -m tests.sources.loki_recording

asks the Loki that `tests.sources.loki` finds once more and writes `tests/recorded/loki/`. The questions of a recording
are those of its test, so that the test asks the very same ones: what it asks otherwise has no answer.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from tests.clients.raw_http import RawServer, Reply, Request, serving
from tests.sources import loki
from tests.sources.audit_events import NOW, event, line

FOLDER: Final = Path(__file__).parent.parent / "recorded" / "loki"
TENANT: Final = "team-a"
STRICT: Final = "strict"
SELECTOR: Final = '{job="kube-audit"}'
RANGE: Final = "/loki/api/v1/query_range"
_KEPT: Final = ("content-type", "content-encoding", "retry-after", "vary")
_LIMITS: Final = """
frontend: {{compress_responses: true}}
query_scheduler: {{max_outstanding_requests_per_tenant: 2}}
"""


def moment() -> datetime:
    """When the recording was made: its lines lie before that."""
    return datetime.fromisoformat((FOLDER / "recorded-at").read_text().strip())


def nanoseconds(moment: datetime) -> str:
    return str(int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1000)


def lines(now: datetime) -> list[tuple[datetime, str]]:
    """Twenty-five calls a minute apart, eight of one moment, and what is no call on the object."""
    behind = (NOW - now).total_seconds() / 60

    def held(name: str, minutes: float, **more: Any) -> tuple[datetime, str]:
        return now - timedelta(minutes=minutes), line(event(name, minutes + behind, **more))

    found = [held(f"e{number:02}", number) for number in range(1, 26)]
    found += [held(f"same{number}", 30) for number in range(8)]
    found += [held("before", 31), (now - timedelta(minutes=40), "web prod: not JSON at all")]
    found += [held("read", 41, verb="get"), held("odd", 42, userAgent="kubectl “ü” \x07")]
    return sorted(found)


def range_of(query: str, hours: float, now: datetime, limit: int = 10) -> dict[str, str]:
    start, end = nanoseconds(now - timedelta(hours=hours)), nanoseconds(now)
    return {"query": query, "start": start, "end": end, "limit": str(limit), "direction": "backward"}


def faults(now: datetime) -> dict[str, tuple[str, dict[str, str]]]:
    """Requests that Loki refuses: tenant and query."""
    return {
        "parse error": (TENANT, range_of('{job="kube-audit"', 1, now)),
        "no matcher": (TENANT, range_of("{}", 1, now)),
        "range too long": (TENANT, range_of(SELECTOR, 24 * 60, now)),
        "limit too high": (TENANT, range_of(SELECTOR, 1, now, 9000)),
        "no tenant": ("", range_of(SELECTOR, 1, now)),
        "start after end": (TENANT, range_of(SELECTOR, -1, now)),
    }


class Exchange:
    """One request and its answer."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    @property
    def key(self) -> tuple[str, str, str]:
        asked = self.body["request"]
        return asked["tenant"], asked["path"], urlencode(sorted(asked["query"].items()))


class Replay:
    """Answers as recorded; what was not recorded is a 599, so that no test passes by chance."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self.exchanges = {each.key: each.body["response"] for each in exchanges}
        self.missed: list[tuple[str, str, str]] = []
        self.override: dict[str, Any] | None = None
        """Answers everything, until it is taken away."""

    @classmethod
    def of(cls, folder: Path = FOLDER) -> Replay:
        text = (folder / "exchanges.jsonl").read_text()
        return cls([Exchange(json.loads(each)) for each in text.splitlines()])

    async def __call__(self, request: Request, reply: Reply) -> None:
        key = key_of(request)
        found = self.override or self.exchanges.get(key)
        if found is None:
            self.missed.append(key)
            await reply.send(b"not recorded", 599, "text/plain")
            return
        body = base64.b64decode(found["base64"]) if "base64" in found else found["text"].encode()
        await reply.head(found["status"], content_length=str(len(body)), **found["headers"])
        await reply.raw(body)

    def answer(self, name: str) -> dict[str, Any]:
        tenant, query = faults(moment())[name]
        found: dict[str, Any] = self.exchanges[tenant, RANGE, urlencode(sorted(query.items()))]
        return found


def key_of(request: Request) -> tuple[str, str, str]:
    tenant = request.headers.get("x-scope-orgid", "")
    return tenant, request.path, urlencode(sorted(request.query.items()))


@asynccontextmanager
async def replaying() -> AsyncIterator[tuple[Replay, RawServer]]:
    replay = Replay.of()
    async with serving(replay) as web:
        yield replay, web


class Forwarder:
    """Passes requests on to a real Loki and keeps what comes back."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.kept: dict[tuple[str, str, str], dict[str, Any]] = {}

    async def __call__(self, request: Request, reply: Reply) -> None:
        answer = await asyncio.to_thread(self.fetch, request)
        tenant, path, _ = key_of(request)
        self.kept[key_of(request)] = {
            "request": {"tenant": tenant, "path": path, "query": request.query},
            "response": answer,
        }
        body = base64.b64decode(answer["base64"]) if "base64" in answer else answer["text"].encode()
        await reply.head(answer["status"], content_length=str(len(body)), **answer["headers"])
        await reply.raw(body)

    def fetch(self, request: Request) -> dict[str, Any]:
        wanted = urllib.request.Request(f"{self.url}{request.path}?{urlencode(request.query)}")
        for name in ("x-scope-orgid", "accept-encoding", "accept"):
            if name in request.headers:
                wanted.add_header(name, request.headers[name])
        try:
            with urllib.request.urlopen(wanted, timeout=10) as answer:
                status, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, error.headers, error.read()
        kept = {name: headers[name] for name in _KEPT if headers.get(name)}
        packed = bool(kept.get("content-encoding"))
        text = {"base64": base64.b64encode(body).decode()} if packed else {"text": body.decode()}
        return {"status": status, "headers": kept, **text}


def push(url: str, tenant: str, rows: list[tuple[datetime, str]]) -> None:
    values = [[nanoseconds(moment), text] for moment, text in rows]
    body = {"streams": [{"stream": {"job": "kube-audit"}, "values": values}]}
    request = urllib.request.Request(
        f"{url}/loki/api/v1/push", json.dumps(body).encode(),
        {"content-type": "application/json", "X-Scope-OrgID": tenant},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 204


def overload(url: str) -> dict[str, Any]:
    """The answer of a Loki whose queue is full: many questions at once, each of many parts."""
    from concurrent.futures import ThreadPoolExecutor

    forwarder = Forwarder(url)

    def one(number: int) -> dict[str, Any]:
        query = range_of(f'{SELECTOR} |= "n{number}"', 24 * 20, moment())
        try:
            return forwarder.fetch(Request("GET", RANGE, query, {"x-scope-orgid": TENANT}, b""))
        except OSError:
            return {"status": 0}

    for _ in range(3):
        with ThreadPoolExecutor(32) as pool:
            for answer in pool.map(one, range(32)):
                if answer["status"] == 429:
                    return answer
    raise RuntimeError("this Loki was never too busy")


async def record(url: str) -> None:
    from tests.sources.test_loki_recorded import questions

    forwarder = Forwarder(url)
    async with serving(forwarder) as web:
        await questions(web.url)
        for tenant, query in faults(moment()).values():
            headers = {"x-scope-orgid": tenant} if tenant else {}
            request = Request("GET", RANGE, query, headers, b"")
            answer = await asyncio.to_thread(forwarder.fetch, request)
            asked = {"tenant": tenant, "path": RANGE, "query": query}
            forwarder.kept[key_of(request)] = {"request": asked, "response": answer}
    kept = "".join(json.dumps(each, sort_keys=True) + "\n" for each in forwarder.kept.values())
    (FOLDER / "exchanges.jsonl").write_text(kept)
    busy = await asyncio.to_thread(overload, url)
    (FOLDER / "too-many.json").write_text(json.dumps(busy, indent=1, sort_keys=True) + "\n")


def main() -> int:
    program = loki.binary()
    if program is None:
        print("no Loki: see tests/sources/loki.py", file=sys.stderr)
        return 1
    loki.CONFIG = loki.CONFIG.replace("limits_config: {{", "limits_config: {{reject_old_samples: false, ") + _LIMITS
    with tempfile.TemporaryDirectory() as folder, loki.running(program, Path(folder)) as url:
        now = datetime.now(UTC).replace(microsecond=0)
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / "recorded-at").write_text(f"{now.isoformat()}\n")
        push(url, TENANT, lines(now))
        asyncio.run(record(url))
    return 0


if __name__ == "__main__":
    sys.exit(main())
