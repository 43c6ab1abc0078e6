"""Units that are rendered from several repositories: each field has the commit of the one that renders its object. The
repositories are served by git over HTTP and cloned from there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from drifttui.clients.git_settings import GitSettings
from drifttui.core.ages import Times
from drifttui.core.board import Depth, Look
from drifttui.core.finding import Finding
from drifttui.core.git import GitAnswer, GitQuestion, Touch
from drifttui.core.identity import ResourceRef
from drifttui.core.inspection import Inspection, Revision
from drifttui.core.origins import Origin, Stated, origins
from drifttui.core.planes import Observation, Plane, ThreePlanes
from drifttui.core.ports import Batch
from drifttui.core.unit import Unit
from drifttui.services.history import PLACES, History
from drifttui.services.judge import Judgement
from drifttui.sources.git.local import LocalGit
from drifttui.store.wire import batch_in, batch_out
from drifttui.widgets.who_lines import who_lines
from tests.cluster.gitserver import Repositories
from tests.sources.git_repository import Repository

from .fakes import HandClock, deployment, unit

AT = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec: {replicas: {{ .Values.replicaCount }}}
"""
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, namespace: prod}}\ndata: {{mode: {mode}}}\n"


class Shop(NamedTuple):
    url: str
    clones: dict[str, Path]
    shas: dict[str, str]

    def at(self, name: str) -> str:
        return f"{self.url}/{name}"


def made(folder: Path, name: str) -> Repository:
    (folder / name).mkdir(parents=True)
    found = Repository(folder / name)
    found.git("init", "-q", "-b", "main", ".")
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """`charts` holds a chart, `values` the values of production, `config` plain manifests."""
    folder = tmp_path_factory.mktemp("places")
    root, shas = folder / "served", {}
    charts = made(root, "charts")
    charts.write("web/Chart.yaml", "name: web\nversion: 1.0.0\n")
    charts.write("web/values.yaml", "replicaCount: 1\npaused: false\n")
    charts.write("web/templates/deployment.yaml", TEMPLATE)
    shas["chart"] = charts.commit("the chart", "Carol")
    values = made(root, "values")
    values.write("web/prod.yaml", "replicaCount: 2\nother: 7\n")
    shas["two"] = values.commit("two in production", "Alice")
    values.write("web/prod.yaml", "replicaCount: 5\nother: 7\n")
    shas["five"] = values.commit("five in production (#91)", "Dave")
    values.write("web/prod.yaml", "replicaCount: 5\nother: 8\n")
    shas["other"] = values.commit("something else", "Erin")
    config = made(root, "config")
    config.write("prod/settings.yaml", SETTINGS.format(mode="slow"))
    shas["slow"] = config.commit("slow", "Alice")
    config.write("prod/settings.yaml", SETTINGS.format(mode="fast"))
    shas["fast"] = config.commit("fast (#12)", "Frank")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (Repositories,), {"root": root}))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    clones = {}
    for name, each in (("charts", charts), ("values", values), ("config", config)):
        clones[name] = folder / "clones" / name
        clones[name].parent.mkdir(exist_ok=True)
        each.git("clone", "-q", f"{url}/{name}", str(clones[name]))
    server.shutdown()
    server.server_close()
    yield Shop(url, clones, shas)


def seen(document: dict[str, Any], actual: dict[str, Any]) -> ThreePlanes:
    ref = ResourceRef.of(document, "in-cluster")
    return ThreePlanes(
        ref,
        desired=Observation(ref, Plane.DESIRED, document, "argocd:a", "test", AT),
        actual=Observation(ref, Plane.ACTUAL, actual, "argocd:a", "test", AT),
    )


def settings(mode: str) -> dict[str, Any]:
    metadata = {"name": "settings", "namespace": "prod"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mode": mode}}


def opened(shop: Shop, *more: Stated, revisions: tuple[str, ...] = (), applied: tuple[str, ...] = ()) -> Inspection:
    """A chart with values of another repository, and plain manifests of a third."""
    sources = [
        Stated(shop.at("charts"), "web", tracks="main", values=("$values/web/prod.yaml",)),
        Stated(shop.at("values"), tracks="main", ref="values"),
        Stated(shop.at("config"), "prod", tracks="main"),
        *more,
    ]
    drifted = (seen(deployment("web", 5), deployment("web", 3)), seen(settings("fast"), settings("slow")))
    found = Inspection(row().id, AT, drifted)
    return found._replace(origins=origins(sources, revisions, applied))


def row() -> Unit:
    return unit("web", sync="OutOfSync", repo="https://elsewhere.example/first", path="x")._replace(
        namespace="prod", observed_at=AT
    )


def asked(found: Inspection, *sources: Any) -> dict[str, Finding]:
    clock = HandClock(AT)
    history = History(list(sources), clock)
    findings, hidden = Judgement(merges=history.known)(row(), found, (), AT)
    look = Look(Depth.READ, findings, found, hidden, AT)
    asyncio.run(history.ask(row(), look, frozenset()))
    findings, _ = Judgement(merges=history.known)(row(), found, findings, AT)
    return {finding.ref.kind: finding for finding in findings}


def clones(shop: Shop, *names: str) -> list[LocalGit]:
    return [LocalGit(GitSettings(clone=shop.clones[name]), HandClock(AT), b"k" * 32) for name in names]


def only(finding: Finding) -> Touch:
    assert finding.merges is not None
    (touch,) = [touch for touch in finding.merges.touches if touch.paths]
    return touch


def test_the_source_that_renders_an_object_says_who_changed_its_field(shop: Shop) -> None:
    found = asked(opened(shop), *clones(shop, "charts", "values", "config"))
    config = only(found["ConfigMap"])
    assert (config.commit.sha, config.commit.author, config.commit.pull_request) == (shop.shas["fast"], "Frank", "#12")
    assert (config.paths, config.how) == (("/data/mode",), "")
    assert found["ConfigMap"].merges is not None
    assert found["ConfigMap"].merges.unseen == ()


def test_a_value_of_another_repository_explains_a_field_of_a_chart(shop: Shop) -> None:
    """The newest commit of the file set something else, and the chart's own default is not what counts."""
    finding = asked(opened(shop), *clones(shop, "charts", "values", "config"))["Deployment"]
    touch = only(finding)
    assert (touch.commit.sha, touch.commit.author, touch.commit.pull_request) == (shop.shas["five"], "Dave", "#91")
    assert (touch.paths, touch.how) == (("/spec/replicas",), "/replicaCount in web/prod.yaml")
    lines = who_lines(finding, row(), Look(Depth.READ, (finding,), opened(shop)), Times(AT), 100)
    shown = " ".join(" ".join("".join(text for text, _ in line) for line in lines).split())
    assert "by the value /replicaCount in web/prod.yaml; templates were not rendered" in shown


def test_a_value_that_is_merged_and_not_applied_yet_explains_the_drift(shop: Shop) -> None:
    shas = shop.shas
    found = opened(
        shop,
        revisions=(shas["chart"], shas["five"], shas["fast"]),
        applied=(shas["chart"], shas["two"], shas["fast"]),
    )
    of = found.resources[0]
    recorded = Observation(of.ref, Plane.RECORDED, deployment("web", 3), "argocd:a", "last-applied", AT)
    planes = of._replace(
        recorded=recorded,
        desired=of.desired._replace(revision=",".join(origin.revision for origin in found.origins))
        if of.desired
        else None,
    )
    done = tuple(Revision(origin.applied, datetime(2026, 11, 21, 8, tzinfo=UTC)) for origin in found.origins)
    found = found._replace(resources=(planes,), revisions=done)
    finding = asked(found, *clones(shop, "charts", "values", "config"))["Deployment"]
    assert finding.merges is not None
    assert finding.verdict is not None
    assert finding.verdict.drift_class == "stale-desired"
    assert "#91" in " ".join(reason.fact for reason in finding.verdict.reasons) + finding.merges.explains


def test_a_repository_that_nobody_can_read_is_said_and_the_others_are_asked(shop: Shop) -> None:
    found = asked(opened(shop), *clones(shop, "charts", "values"))
    merges = found["ConfigMap"].merges
    assert merges is not None
    assert merges.merges is None, "the object may be declared where nobody looked: unknown is not untouched"
    assert any("no token and no clone for 127.0.0.1" in sentence for sentence in merges.unseen)
    web = found["Deployment"].merges
    assert web is not None
    assert only(found["Deployment"]).commit.sha == shop.shas["five"]
    assert any("no token and no clone" in sentence for sentence in web.unseen)


def test_a_chart_of_a_registry_is_explained_by_its_values(shop: Shop) -> None:
    sources = [
        Stated("https://charts.example.com", chart=True, tracks="1.2.3", values=("$values/web/prod.yaml",)),
        Stated(shop.at("values"), ref="values", tracks="main"),
    ]
    found = opened(shop)._replace(origins=origins(sources))
    assert only(asked(found, *clones(shop, "values"))["Deployment"]).commit.sha == shop.shas["five"]


def test_what_no_source_declares_has_the_commits_of_all_folders_and_that_is_said(shop: Shop) -> None:
    found = opened(shop)
    odd = seen(
        settings("fast") | {"metadata": {"name": "odd", "namespace": "prod"}},
        settings("x") | {"metadata": {"name": "odd", "namespace": "prod"}},
    )
    finding = asked(found._replace(resources=(odd,)), *clones(shop, "charts", "values", "config"))["ConfigMap"]
    assert finding.merges is not None
    assert {touch.paths for touch in finding.merges.touches} == {None}
    shas = {touch.commit.sha for touch in finding.merges.touches}
    assert shas == {shop.shas[name] for name in ("chart", "two", "five", "other", "slow", "fast")}
    assert any("no file of the unit's 3 repositories declares ConfigMap/odd" in one for one in finding.merges.unseen)


class Counting(LocalGit):
    asked: int = 0

    async def merges(self, question: GitQuestion) -> GitAnswer:
        self.asked += 1
        return await super().merges(question)


def test_of_one_object_in_two_sources_the_last_counts_and_no_more_are_asked_than_needed(shop: Shop) -> None:
    counting = Counting(GitSettings(clone=shop.clones["config"]), HandClock(AT), b"k" * 32)
    again = Stated(shop.at("config"), "prod", tracks=shop.shas["slow"])
    found = asked(opened(shop, again), counting, *clones(shop, "charts", "values"))
    assert only(found["ConfigMap"]).commit.sha == shop.shas["slow"]
    many = opened(shop)._replace(origins=tuple(Origin(shop.at("config"), f"none{n}", tracks="main") for n in range(9)))
    counting.asked = 0
    merges = asked(many, counting)["ConfigMap"].merges
    assert counting.asked == PLACES
    assert merges is not None
    assert f"{9 - PLACES} of the unit's 9 sources were not asked" in merges.unseen


def test_a_record_keeps_the_places(shop: Shop) -> None:
    found = opened(shop)
    _, again = batch_in(batch_out(Batch("argocd:a", AT, inspection=found), 0.0))
    assert again.inspection is not None
    assert again.inspection.origins == found.origins
