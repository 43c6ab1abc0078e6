"""The Argo CD source on answers recorded from Argo CD 3.5: what it really sends is really understood."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.argocd_settings import ArgoCDSettings
from drifttui.clients.http_errors import refused_answer
from drifttui.core.errors import Forbidden, Missing, SourceError, Unauthenticated, inert
from drifttui.core.planes import Plane
from drifttui.core.redact import redact_text
from drifttui.core.unit import Auto, Unit
from drifttui.sources.argocd.feed import Alive, Changed
from drifttui.sources.argocd.source import ArgoCDSource, argocd_source
from tests.clients.raw_http import Reply, Request, serving

RECORDED = Path(__file__).parent.parent / "recorded" / "argocd"
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
KEY = b"k" * 32

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="no recorded answers in tests/recorded/argocd")


def exchange(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return document


def recorded(request: Request) -> str | None:
    """The name of the recorded answer to `request`."""
    parts = request.path.removeprefix("/api/").split("/")
    match parts:
        case ["version"]:
            return "version"
        case ["v1", "session", "userinfo"]:
            return "session-userinfo"
        case ["v1", "settings" | "applications" as name]:
            return name
        case ["v1", "applications", unit, *rest]:
            home = request.query.get("appNamespace") in ("", "argocd")
            what = {"": "application", "revisions": "revision"}.get(rest[0] if rest else "", rest[0] if rest else "")
            return f"units/{unit if home else request.query['appNamespace'] + '.' + unit}/{what}"
    return None


@asynccontextmanager
async def source(tmp_path: Path) -> AsyncIterator[ArgoCDSource]:
    async def answer(request: Request, reply: Reply) -> None:
        name = recorded(request)
        if name is None or not (RECORDED / f"{name}.json").exists():
            await reply.json({"error": "not recorded", "code": 5}, 404)
            return
        found = exchange(name)
        await reply.send(found["body"].encode(), found["status"], found["headers"]["content-type"])

    token = tmp_path / "token"
    token.write_text("any")
    async with serving(answer) as server:
        made = argocd_source(
            ArgoCDSettings(name="real", server=server.url, token_file=token),
            lambda: NOW,
            key=KEY,
            clean=lambda text: inert(redact_text(text, KEY), 2000),
            access=Access.READ_ONLY,
            environment={},
        )
        yield made
        await made.close()


async def rows(source: ArgoCDSource) -> dict[str, Unit]:
    listing = await source._feed.listing()
    assert not listing.gaps
    return {f"{unit.id.namespace}/{unit.id.name}": unit for unit in listing.units}


async def test_every_application_is_understood(tmp_path: Path) -> None:
    async with source(tmp_path) as made:
        units = await rows(made)
        documents = json.loads(exchange("applications")["body"])["items"]
        assert len(units) == len(documents) > 15
        assert {"argocd/reports", "team-blue/reports"} <= units.keys()
        assert units["argocd/edge-eu"].owner == "ApplicationSet/regions"
        assert units["argocd/dns"].owner == "Application/platform-root"
        assert units["argocd/platform-root"].auto is Auto.HEALS
        assert units["team-blue/reports"].auto is Auto.BY_HAND
        broken = units["argocd/reports"]
        assert broken.sync == "Unknown"
        assert broken.error is not None
        assert broken.error.type == "ComparisonError"
        different = [unit for unit in units.values() if unit.sync == "OutOfSync"]
        assert different
        assert all(unit.out_of_sync for unit in different)
        assert all(unit.version and unit.reconciled_at and unit.revision and unit.operation for unit in units.values())


async def test_every_application_opens(tmp_path: Path) -> None:
    async with source(tmp_path) as made:
        for unit in (await rows(made)).values():
            inspection = await made.inspect(unit)
            assert not [gap for gap in inspection.gaps if "expected format" in gap], unit.id
            assert inspection.resources, unit.id
            assert inspection.tree, unit.id
            for planes in inspection.resources:
                assert planes.actual is not None, planes.ref
                if unit.error is None:
                    assert planes.desired is not None, planes.ref
            drifting = {planes.ref for planes in inspection.resources if inspection.extras[planes.ref].modified}
            assert set(unit.out_of_sync) <= drifting | {
                planes.ref
                for planes in inspection.resources
                if (planes.desired and planes.desired.document is None)
                or (planes.actual and planes.actual.document is None)
            }, unit.id


async def test_a_secret_shows_that_it_differs_and_nothing_more(tmp_path: Path) -> None:
    async with source(tmp_path) as made:
        inspection = await made.inspect((await rows(made))["argocd/billing"])
        secret = next(planes for planes in inspection.resources if planes.ref.kind == "Secret")
        desired, actual = secret.value(Plane.DESIRED), secret.value(Plane.ACTUAL)
        assert isinstance(desired, dict)
        assert isinstance(actual, dict)
        assert desired["data"] != actual["data"]
        values = {*desired["data"].values(), *actual["data"].values()}
        assert all(set(str(value)) == {"+"} for value in values)


async def test_the_story_of_one_application(tmp_path: Path) -> None:
    async with source(tmp_path) as made:
        inspection = await made.inspect((await rows(made))["argocd/checkout"])
        assert inspection.events
        assert inspection.revisions
        assert "@" in inspection.revisions[0].author
        assert inspection.revisions[0].message
        assert {node.ref.kind for node in inspection.tree} >= {"Deployment", "ReplicaSet", "Pod", "Service"}


@pytest.mark.parametrize("name", ["stream-sse", "stream-sse-fields"])
async def test_every_line_of_a_real_stream_is_understood(name: str, tmp_path: Path) -> None:
    async with source(tmp_path) as made:
        events = [made._feed._event(line.encode()) for line in exchange(name)["lines"]]
        told = [event for event in events if event is not None]
        assert told
        assert all(isinstance(event, (Changed, Alive)) for event in told)
        changed = [event.unit for event in told if isinstance(event, Changed)]
        assert changed
        assert all(unit.id.namespace and unit.version for unit in changed)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bad-token", Unauthenticated),
        ("no-token", Unauthenticated),
        ("unknown-application", Forbidden),
        ("unknown-in-project", Missing),
        ("other-project", Forbidden),
        ("unknown-endpoint", Missing),
        ("sync-forbidden", Forbidden),
    ],
)
def test_every_refusal_is_told_apart(name: str, kind: type[SourceError]) -> None:
    found = exchange(f"refused/{name}")
    error = refused_answer(
        "argocd:real", found["path"], found["status"], found["headers"], found["body"].encode(), now=NOW
    )
    assert type(error) is kind
    assert "\n" not in error.one_line()


async def test_a_stream_that_nobody_recorded_leaves_the_list_standing(tmp_path: Path) -> None:
    async with source(tmp_path) as made, aclosing(made.watch()) as batches:  # type: ignore[type-var]
        batch = await anext(batches)
        assert batch.complete
        batch = await anext(batches)
        assert batch.health is not None
        assert "does not have it" in batch.health.error
