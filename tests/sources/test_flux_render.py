"""How a Kustomization is built and a release is read: the controller's rules, and what a hostile one may not do."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import tarfile
from collections.abc import Mapping
from typing import Any

import pytest

from drifttui.clients import artifact as archives
from drifttui.clients import kustomize
from drifttui.clients.artifact import unpack
from drifttui.core.envsubst import NotSubstituted, Unknown, substitute
from drifttui.core.errors import BadAnswer
from drifttui.core.identity import ResourceRef
from drifttui.core.redact import is_mask, redact_document
from drifttui.sources.flux import helm, ignores, manifests, variables
from drifttui.sources.flux.artifact import proxied
from drifttui.sources.flux.inventory import parsed
from drifttui.sources.flux.overlay import Refused, folders, overlay
from drifttui.sources.flux.predict import owned
from drifttui.sources.flux.render import render
from drifttui.sources.flux.variables import Variables
from drifttui.sources.flux.wire import span
from tests.cluster.build import cache_folder

NOTHING = Variables({})


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that can build: of this machine, or the one that the cluster tests have built."""
    if kustomize.builder() is not None:
        return
    built = sorted(cache_folder().glob("kubernetes-*/kubectl"))
    if not built:
        pytest.skip("neither kustomize nor kubectl is on PATH")
    monkeypatch.setenv("PATH", f"{built[-1].parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a ${name} b", "a web b"),
        ("${missing}", ""),
        ("${missing:-none} ${missing-none} ${missing:=none} ${missing=none}", "none none none none"),
        ("${name:-none}", "web"),
        ("${missing:-${name}}", "web"),
        ("$${name} $name $(name) $", "${name} $name $(name) $"),
        ("${name^^} ${name^} ${#name} ${name:1} ${name:0:2}", "WEB Web 3 eb we"),
    ],
)
def test_variables_are_filled_in_as_flux_fills_them_in(text: str, result: str) -> None:
    assert substitute(text, {"name": "web"}) == result


@pytest.mark.parametrize("text", ["${name/a/b}", "${name%.*}", "${}", "${ name }", "${name", "${1a}"])
def test_an_expression_that_is_not_known_here_is_refused_not_guessed(text: str) -> None:
    with pytest.raises(NotSubstituted):
        substitute(text, {"name": "web"})


def test_a_variable_that_something_unread_may_hold_or_override_is_unknown() -> None:
    with pytest.raises(Unknown, match="other"):
        substitute("${other:-x}", {"name": "web"}, unknown=True)
    with pytest.raises(Unknown, match="name"):
        substitute("${name}", {"name": "web"}, unknown=True, uncertain=frozenset({"name"}))
    assert substitute("${name}", {"name": "web"}, unknown=True) == "web"


def files(**texts: str) -> dict[str, bytes]:
    return {name.replace("__", "/").replace("_yaml", ".yaml"): text.encode() for name, text in texts.items()}


SETTINGS = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: shop}\ndata: {a: '1', day: '2026-01-01'}\n"
)


def kustomization(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "shop", "namespace": "flux-system"}, "spec": {"path": "./apps", **spec}}


@pytest.mark.usefixtures("builder")
async def test_manifests_without_a_file_of_their_own_are_all_taken() -> None:
    found = await render(files(apps__a_yaml=SETTINGS, other__b_yaml="x: ["), kustomization(), NOTHING)
    (one,) = found.objects
    assert one.document["data"] == {"a": "1", "day": "2026-01-01"}
    assert one.document["metadata"]["labels"] == {
        "kustomize.toolkit.fluxcd.io/name": "shop",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    }
    assert found.digest.startswith("sha256:")


BOMB = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))])


def test_a_date_in_a_manifest_is_a_text() -> None:
    (one,) = manifests.parse("kind: A\napiVersion: v1\nmetadata: {}\ndata: {day: 2026-01-01}\n", "It")
    assert one["data"] == {"day": "2026-01-01"}


@pytest.mark.parametrize(
    "text", ["a: [", "kind: A\n", "- kind: A", "a: &a [x, *a, *a]", BOMB, "kind: A\napiVersion: v1\nmetadata: 1"]
)
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(BadAnswer):
        manifests.parse(text, "It")


@pytest.mark.usefixtures("builder")
async def test_the_spec_lies_over_the_file_in_the_artifact() -> None:
    given = files(
        apps__kustomization_yaml="resources: [../base]\nnamePrefix: old-\n",
        base__kustomization_yaml="resources: [settings.yaml]\n",
        base__settings_yaml=SETTINGS,
    )
    spec = {
        "targetNamespace": "live",
        "namePrefix": "eu-",
        "commonMetadata": {"labels": {"team": "shop"}},
        "patches": [{"patch": '[{"op": "replace", "path": "/data/a", "value": "2"}]', "target": {"kind": "ConfigMap"}}],
    }
    found = await render(given, kustomization(**spec), NOTHING)
    (one,) = found.objects
    metadata = one.document["metadata"]
    assert (metadata["namespace"], metadata["name"]) == ("live", "eu-settings")
    assert metadata["labels"]["team"] == "shop"
    assert one.document["data"]["a"] == "2"


@pytest.mark.usefixtures("builder")
async def test_substitution_leaves_out_what_says_so_and_marks_what_cannot_be_filled_in() -> None:
    text = SETTINGS.replace("'1'", "'${a}'")
    other = text.replace("settings", "exempt").replace(
        "namespace: shop", "namespace: shop, annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}"
    )
    hidden = text.replace("settings", "hidden").replace("${a}", "${b}")
    given = files(apps__a_yaml=text, apps__b_yaml=other, apps__c_yaml=hidden)
    known = Variables({"a": "one"}, unread=("Secret/keys",))
    found = await render(given, kustomization(postBuild={"substitute": {"a": "one"}}), known)
    by_name = {one.document["metadata"]["name"]: one for one in found.objects}
    assert by_name["settings"].document["data"]["a"] == "one"
    assert by_name["exempt"].document["data"]["a"] == "${a}"
    assert by_name["hidden"].unknown.endswith("the variable b comes from Secret/keys, which is unread")
    assert found.digest == "", "not the text whose digest Flux keeps"


@pytest.mark.usefixtures("builder")
async def test_a_build_that_fails_is_one_line_without_a_path_of_this_machine() -> None:
    given = files(apps__kustomization_yaml="resources: [missing.yaml]\n")
    with pytest.raises(BadAnswer, match=r"missing\.yaml") as failed:
        await render(given, kustomization(), NOTHING)
    assert "drifttui-build-" not in failed.value.one_line()


@pytest.mark.parametrize(
    "document",
    [
        {"resources": ["https://example.com/base"]},
        {"resources": ["github.com/example/base?ref=v1"]},
        {"bases": ["git@example.com:base.git"]},
        {"components": ["../../../outside"]},
        {"resources": ["/etc"]},
        {"configMapGenerator": [{"name": "x", "files": ["keys=../../../../root/.ssh/id_ed25519"]}]},
        {"secretGenerator": [{"name": "x", "envs": ["/proc/self/environ"]}]},
        {"patches": [{"path": "../../../../etc/passwd"}]},
        {"helmCharts": [{"name": "x"}]},
    ],
)
async def test_nothing_outside_of_the_artifact_is_read_fetched_or_started(document: Mapping[str, Any]) -> None:
    with pytest.raises(Refused):
        folders(document, "apps/live")
    given = files(apps__kustomization_yaml="resources: [live]\n", apps__live__kustomization_yaml=json.dumps(document))
    with pytest.raises(BadAnswer, match="is not built here"):
        await render(given, kustomization(), NOTHING)


def test_what_stays_inside_may_be_named_from_anywhere() -> None:
    assert folders({"resources": ["../base", "../../shared/x.yaml"]}, "apps/live") == ["apps/base", "shared/x.yaml"]


def test_an_image_that_both_name_is_one_and_a_tag_clears_a_digest() -> None:
    found = {"resources": ["x"], "images": [{"name": "web", "newName": "mirror/web", "digest": "sha256:1"}]}
    made = overlay(found, {"images": [{"name": "web", "newTag": "2"}, {"name": "api", "newTag": "3"}]}, [])
    assert made["images"] == [{"name": "web", "newName": "mirror/web", "newTag": "2"}, {"name": "api", "newTag": "3"}]


@pytest.mark.usefixtures("builder")
async def test_a_secret_that_sops_encrypted_is_unknown_also_through_a_generator() -> None:
    sealed = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: 'ENC[AES256_GCM,data:x]'}\nsops: {mac: x}\n"
    )
    given = files(apps__kustomization_yaml="resources: [s.yaml]\nsecretGenerator: [{name: g, envs: [keys.env]}]\n")
    given |= {"apps/s.yaml": sealed.encode(), "apps/keys.env": b"p=ENC[AES256_GCM,data:x]\nsops_mac=x\n"}
    found = await render(given, kustomization(), NOTHING)
    assert len(found.objects) == 2
    assert all("SOPS" in one.unknown for one in found.objects)


def test_a_value_of_a_secret_is_covered_where_the_live_object_would_show_it() -> None:
    known = Variables({"key": "s3cr3t-value", "region": "eu"}, secret=frozenset({"key"}))
    document = {"kind": "ConfigMap", "data": {"url": "https://u:s3cr3t-value@db", "region": "eu"}}
    covered = variables.masked(document, known, b"k")
    assert is_mask(covered["data"]["url"])
    assert covered["data"]["region"] == "eu"
    assert "s3cr3t-value" not in json.dumps(redact_document(covered, b"k"))


# Archives.


def archive(*entries: tarfile.TarInfo | tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as written:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                written.addfile(entry)
                continue
            told = tarfile.TarInfo(entry[0])
            told.size = len(entry[1])
            written.addfile(told, io.BytesIO(entry[1]))
    return made.getvalue()


def link(kind: bytes) -> tarfile.TarInfo:
    made = tarfile.TarInfo("apps/link")
    made.type, made.linkname = kind, "/etc/passwd"
    return made


def test_regular_files_come_out_by_their_path() -> None:
    folder = tarfile.TarInfo("apps")
    folder.type = tarfile.DIRTYPE
    assert unpack(archive(folder, ("./apps/a.yaml", b"a: 1"), ("b", b"")), "It") == {"apps/a.yaml": b"a: 1", "b": b""}


@pytest.mark.parametrize(
    "packed",
    [
        archive(("../outside", b"x")),
        archive(("/etc/cron.d/x", b"x")),
        archive(("apps/../../x", b"x")),
        archive(link(tarfile.SYMTYPE)),
        archive(link(tarfile.LNKTYPE)),
        archive(link(tarfile.CHRTYPE)),
        archive(("a" * 2000, b"x")),
        b"no archive",
        archive(("a", b"x" * 100_000))[:100],
        gzip.compress(b"\0" * 10 + b"x" * 2000),
    ],
    # Compressed bytes carry the time: as names of tests they would differ from worker to worker.
    ids=range(10),
)
def test_an_archive_that_leads_out_or_is_none_is_refused_whole(packed: bytes) -> None:
    with pytest.raises(BadAnswer, match="is not used"):
        unpack(packed, "It")


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "UNPACKED_LIMIT", 1_000_000)
    with pytest.raises(BadAnswer, match="1 MB"):
        unpack(archive(("a", b"\0" * 5_000_000)), "It")
    monkeypatch.setattr(archives, "ENTRIES_LIMIT", 3)
    with pytest.raises(BadAnswer, match="more than 3"):
        unpack(archive(*((str(number), b"") for number in range(5))), "It")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (
            "http://source-controller.flux-system.svc.cluster.local./gitrepository/a/b/c.tar.gz",
            "/api/v1/namespaces/flux-system/services/http:source-controller:80/proxy/gitrepository/a/b/c.tar.gz",
        ),
        ("https://s.n.svc:8443/x", "/api/v1/namespaces/n/services/https:s:8443/proxy/x"),
    ],
)
def test_an_artifact_is_asked_for_through_the_api_server(url: str, path: str) -> None:
    assert proxied(url) == path


@pytest.mark.parametrize(
    "url", ["http://evil.example.com/x", "file:///etc/passwd", "http://s.n.svc/../../secrets", "x"]
)
def test_an_artifact_anywhere_else_is_not_asked_for(url: str) -> None:
    with pytest.raises(BadAnswer):
        proxied(url)


# Helm.


def stored(manifest: str, **more: Any) -> str:
    release = {
        "name": "cache",
        "namespace": "shop",
        "version": 3,
        "info": {"status": "deployed"},
        "chart": {"metadata": {"name": "worker", "version": "0.3.0"}},
        "manifest": manifest,
        "hooks": [{}],
        **more,
    }
    return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode()))).decode()


def test_a_release_is_read_as_helm_wrote_it() -> None:
    release = helm.decoded(stored(f"---\n# Source: worker/a.yaml\n{SETTINGS}---\n# Source: empty\n"), "It")
    assert (release.name, release.version, release.hooks, release.chart) == ("cache", 3, 1, "worker-0.3.0")
    (one,) = release.objects
    made = helm.adopted(one, release)["metadata"]
    assert made["labels"] == {"app.kubernetes.io/managed-by": "Helm"}
    assert made["annotations"]["meta.helm.sh/release-name"] == "cache"


@pytest.mark.parametrize("text", ["", "%%%", base64.b64encode(b"e30=").decode(), stored("a: [")], ids=range(4))
def test_what_is_no_release_is_refused_and_nothing_of_it_is_quoted(text: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        helm.decoded(text, "It")
    assert "manifest" not in refused.value.title


def test_a_release_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm, "UNPACKED_LIMIT", 1000)
    with pytest.raises(BadAnswer, match="too large"):
        helm.decoded(stored("x" * 100_000), "It")


# Words of Flux.


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("default_podinfo__Service", ResourceRef("prod", "", "Service", "default", "podinfo")),
        ("store_web_apps_Deployment", ResourceRef("prod", "apps", "Deployment", "store", "web")),
        (
            "_system__node_rbac.authorization.k8s.io_ClusterRole",
            ResourceRef("prod", "rbac.authorization.k8s.io", "ClusterRole", "", "system:node"),
        ),
    ],
)
def test_an_inventory_names_objects(text: str, ref: ResourceRef) -> None:
    assert parsed(text, "prod") == ref


@pytest.mark.parametrize("text", ["", "a", "a_b", "a_b_c", "___"])
def test_what_is_no_entry_is_left_out(text: str) -> None:
    assert parsed(text, "prod") is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("10m", 600.0), ("1h30m", 5400.0), ("40s", 40.0), ("1m0s", 60.0), ("500ms", 0.5)]
)
def test_durations_are_gos(text: str, seconds: float) -> None:
    found = span(text)
    assert found is not None
    assert found.total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "10", "ten minutes", "10m x", "-1m"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert span(text) is None


def test_rules_with_patterns_are_worked_out_and_others_are_told() -> None:
    refs = [ResourceRef("prod", "apps", "Deployment", "shop", name) for name in ("web", "web-2", "api")]
    entries: list[dict[str, Any]] = [
        {"paths": ["/spec/replicas"], "target": {"kind": "Deployment"}},
        {"paths": ["/spec/paused"], "target": {"name": "web.*"}},
        {"paths": ["/data"], "target": {"labelSelector": "a=b"}},
        {"paths": ["/data"], "target": {"name": "("}},
        {"paths": ["/status"]},
    ]
    rules, gaps = ignores.rules(entries, "shop", refs)
    assert [(rule.id, rule.kind, rule.name) for rule in rules] == [
        ("flux/shop/0", "Deployment", ""),
        ("flux/shop/1", "Deployment", "web"),
        ("flux/shop/1", "Deployment", "web-2"),
        ("flux/shop/4", "*", ""),
    ]
    assert len(gaps) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kustomize.toolkit.fluxcd.io/reconcile", "Disabled"),
        ("kustomize.toolkit.fluxcd.io/ssa", "Ignore"),
        ("kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent"),
        ("helm.toolkit.fluxcd.io/driftDetection", "disabled"),
    ],
)
def test_an_object_that_flux_leaves_alone_is_under_a_rule(name: str, value: str) -> None:
    ref = ResourceRef("prod", "", "ConfigMap", "shop", "a")
    rule = ignores.excluded(ref, {"metadata": {"annotations": {name: value}}})
    assert rule is not None
    assert rule.json_pointers == ("",)
    assert ignores.excluded(ref, {"metadata": {"annotations": {name: "enabled"}}}) is None


def test_what_others_hold_is_taken_out_of_a_dry_run_and_defaults_stay() -> None:
    item: dict[str, Any] = {".": {}, "f:image": {}}
    ours = {"f:spec": {"f:replicas": {}, "f:containers": {'k:{"name":"web"}': item}}}
    theirs = {"f:spec": {"f:paused": {}, "f:containers": {'k:{"name":"proxy"}': item}}}
    answer = {
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "managedFields": [
                {"manager": "kustomize-controller", "fieldsV1": ours},
                {"manager": "injector", "fieldsV1": theirs},
                {"manager": "kube-controller-manager", "fieldsV1": {"f:status": {"f:ready": {}}}},
            ],
        },
        "spec": {
            "replicas": 2,
            "paused": True,
            "deadline": 600,
            "containers": [{"name": "web", "image": "a", "policy": "Always"}, {"name": "proxy", "image": "b"}],
        },
        "status": {"ready": 2},
    }
    found = owned(answer, "kustomize-controller")
    assert found["spec"] == {
        "replicas": 2,
        "deadline": 600,
        "containers": [{"name": "web", "image": "a", "policy": "Always"}],
    }
    assert "status" not in found


def test_values_of_a_secret_are_encoded_as_flux_encodes_them_before_it_applies() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {}, "data": {"a": "eA=="}, "stringData": {"b": "y"}}
    assert manifests.normal(secret)["data"] == {"a": "eA==", "b": "eQ=="}
    assert "stringData" not in manifests.normal(secret)
