"""Searching a large audit log for the writes on one object: the first time, and again from its index.

The log is made of the events that the real API server wrote for the scenarios, each under many names, with two reads of
other objects after every write; once with bodies, once as a policy of level Metadata writes it. `grep -c` looks for the
same name in the same file just before each search.
"""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from drifttui.core.audit_question import AuditAnswer, AuditQuestion
from drifttui.core.resource_question import ResourceQuestion
from drifttui.sources.audit_log.search import Search
from drifttui.store.audit_index import AuditIndexes
from tests.bench.bench import Bench
from tests.bench.figures import Figure
from tests.bench.pty_harness import Failed

RECORDED = Path(__file__).parent.parent / "recorded" / "audit.jsonl"
NAMES = 3_000
"""Objects of each kind."""
ASKED = "edge-eu-asked"
WRITES = 3
"""On the object that is asked about, spread over the file."""
BEGAN = datetime(2026, 11, 21, tzinfo=UTC)


def audit_search(bench: Bench) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="drifttui-bench-") as folder:
        for bodies, kind in ((True, "with bodies"), (False, "metadata only")):
            log = Path(folder) / "audit.log"
            write_log(log, bench.audit_bytes, bodies=bodies)
            yield from _figures(bench, log, f"{bench.audit_bytes / 1e9:g} GB audit log {kind}")
            log.unlink()


def _figures(bench: Bench, log: Path, name: str) -> Iterator[Figure]:
    grep, first, again = [], [], []
    for run in range(bench.runs):
        grep.append(_grep(log))
        cache = log.parent / f"index-{run}"
        seconds, found = _search(log, AuditIndexes(cache))
        first.append(seconds)
        seconds, repeated = _search(log, AuditIndexes(cache))
        again.append(seconds)
        if not found.calls or sorted(map(str, found.calls)) != sorted(map(str, repeated.calls)):
            raise Failed(f"the index of {name} gave another answer than the search")
    yield Figure(f"{name}, first search", "ms", tuple(first), "grep -c of the name", tuple(grep), 2.0)
    yield Figure(f"{name}, again from its index", "ms", tuple(again), "grep -c of the name", tuple(grep), 0.01)


def _grep(log: Path) -> float:
    began = perf_counter()
    subprocess.run(["grep", "-c", ASKED, str(log)], check=True, capture_output=True)
    return perf_counter() - began


def _search(log: Path, indexes: AuditIndexes) -> tuple[float, AuditAnswer]:
    question = AuditQuestion((ResourceQuestion("apps", "Deployment", "edge", ASKED),))
    began = perf_counter()
    answer = Search(question, b"k" * 32, datetime.now(UTC), threading.Event()).run([log], indexes, "bench")
    return perf_counter() - began, answer


def write_log(path: Path, size: int, *, bodies: bool) -> None:
    chance = random.Random(7)
    events = [json.loads(line) for line in RECORDED.read_text().splitlines()]
    named = [event for event in events if (event.get("objectRef") or {}).get("name")]
    templates = [_template(event, bodies) for event in named]
    asked = next(template for template in templates if template[0].endswith('"name":"edge-eu-'))
    written, number, due = 0, 0, 0.0
    with path.open("wb") as file:
        while written < size:
            lines = []
            for before, between, after in templates:
                number += 1
                at = f"{BEGAN + timedelta(milliseconds=20 * number):%Y-%m-%dT%H:%M:%S.%f}Z"
                lines.append(f"{before}{chance.randrange(NAMES)}{between}{at}{after}")
                read = _READ.replace("#", str(number % 977)) + at + '"}'
                lines += (read, read)
            if written >= due:
                due += size / WRITES
                lines.append(f"{asked[0]}asked{asked[1]}{at}{asked[2]}")
            data = ("\n".join(lines) + "\n").encode()
            written += len(data)
            file.write(data)


_TIME = '"requestReceivedTimestamp":"'
_READ = (
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"0b7d6a1e-93a4-4f0c-8c60-000000000000",'
    '"stage":"ResponseComplete","requestURI":"/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/node-#","verb":"get",'
    '"user":{"username":"system:node:node-#","groups":["system:nodes","system:authenticated"]},"sourceIPs":["10.0.0.7"],'
    '"userAgent":"kubelet/v1.36.3 (linux/amd64) kubernetes/0000000","objectRef":{"resource":"leases","namespace":'
    '"kube-system","name":"node-#","apiGroup":"coordination.k8s.io","apiVersion":"v1"},"responseStatus":{"metadata":{},'
    f'"code":200}},{_TIME}'
)


def _template(event: dict[str, object], bodies: bool) -> tuple[str, str, str]:
    """The event as text around the end of its object's name and around the time at which it was received."""
    if not bodies:
        event = {key: value for key, value in event.items() if key not in ("requestObject", "responseObject")}
    text = json.dumps(event, separators=(",", ":"))
    name = text.index('"name":"', text.index('"objectRef"')) + len('"name":"')
    end = text.index('"', name)
    start = text.index(_TIME) + len(_TIME)
    stop = text.index('"', start)
    return text[:end] + "-", text[end:start], text[stop:]
