"""A recording session: seed, listen while something happens, let all scenarios happen, ask everything, check."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cluster.recorder import argocd, kubernetes
from tests.cluster.recorder.exchange import Tape
from tests.cluster.recorder.scrub import Scrubber
from tests.cluster.scenarios import ALL, BY_NAME, Trail, play

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

DEFAULT_FOLDER = Path(__file__).parents[2] / "recorded"
STREAM = "/api/v1/stream/applications"
PROJECTED = "result.type," + ",".join(
    f"result.application.{field}"
    for field in ("metadata.name", "metadata.namespace", "metadata.resourceVersion", "status.sync", "status.health")
)


def record(cluster: Cluster, folder: Path, report: Callable[[str], None] = lambda line: None) -> int:
    """Replace what is in `folder`. Returns the size in bytes. Raises `Leak` when a secret would be published."""
    for part in ("argocd", "kubernetes"):
        shutil.rmtree(folder / part, ignore_errors=True)
    report("listening while an image changes")
    trails = [_overheard(cluster, Tape(folder, Scrubber(cluster)))]
    for scenario in ALL:
        if scenario.name != trails[0].scenario.name:
            report(f"playing {scenario.name}")
            trails.append(play(cluster, scenario))
    # Again, because the scenarios have made new secrets.
    scrubber = Scrubber(cluster)
    tape = Tape(folder, scrubber)
    report("asking Argo CD and Kubernetes")
    argocd.record(cluster, tape)
    kubernetes.record(cluster, tape)
    lines = [json.dumps(event, separators=(",", ":")) for trail in trails for event in _essential(trail)]
    tape.write("audit.jsonl", "\n".join(lines) + "\n")
    tape.write("scenarios.json", json.dumps([_promise(trail) for trail in trails], indent=1) + "\n")
    files = [path for path in folder.rglob("*.json*") if path.is_file()]
    scrubber.check(files)
    return sum(path.stat().st_size for path in files)


def _overheard(cluster: Cluster, tape: Tape) -> Trail:
    """The streams of both servers while one scenario happens."""
    reader = cluster.argocd("drifttui-readonly").client
    kube = cluster.kube_as("drifttui-readonly").client
    since = kube.get(kubernetes.DEPLOYMENTS, params={"limit": "1"}).json()["metadata"]["resourceVersion"]
    version = reader.get("/api/v1/applications", params={"fields": "metadata"}).json()["metadata"]["resourceVersion"]
    # The server sends a bookmark shortly before it closes a watch, and one when the initial events are through.
    watch = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": "20"}
    initial = watch | {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "resourceVersion": "0"}
    path = "/apis/apps/v1/namespaces/shop/deployments"
    now = {"resourceVersion": version}
    with ExitStack() as streams:
        for name, query in (("watch", watch | {"resourceVersion": since}), ("watch-initial", initial)):
            streams.enter_context(tape.listening(kube, f"kubernetes/{name}", path, query))
        # The short form up to the sign of life that Argo CD sends every 15 seconds, and as server-sent events only.
        projected = now | {"fields": PROJECTED}
        for name, query, last in (
            ("stream-sse-fields", projected, lambda line: line.startswith(":")),
            ("stream-sse", now, lambda line: not line),
        ):
            heard = tape.listening(reader, f"argocd/{name}", STREAM, query, accept="text/event-stream", last=last)
            streams.enter_context(heard)
        streams.enter_context(tape.listening(reader, "argocd/stream-ndjson", STREAM, now, last=bool))
        return play(cluster, BY_NAME["image-changed"])


def _essential(trail: Trail) -> Iterator[Mapping[str, Any]]:
    """All but the status updates, of which a rollout makes dozens: one of those is kept, and one lost race."""
    codes: set[int] = set()
    for event in trail.events:
        if event["objectRef"].get("subresource") == "status":
            code = event["responseStatus"]["code"]
            if code in codes:
                continue
            codes.add(code)
        if event["objectRef"]["resource"] == trail.scenario.resource.plural:
            yield event


def _promise(trail: Trail) -> dict[str, Any]:
    """What the scenario says about itself, and the audit event that proves it."""
    scenario = trail.scenario
    fields = ("name", "story", "unit", "actor", "verb", "subresource", "paths", "hidden", "manager", "sync", "after")
    promised = {name: getattr(scenario, name) for name in fields}
    return promised | {
        "resource": asdict(scenario.resource),
        "confusers": len(scenario.before) + len(scenario.then),
        "audit_id": trail.event["auditID"] if trail.event else None,
    }
