"""From the first drift to the close-out on the real control plane, and what of it stands in the evidence afterwards."""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from drifttui.core.acts import PauseState
from drifttui.core.board import Board
from drifttui.core.bundle import ATTESTATION, MANIFEST, FileEntry, manifest_from
from drifttui.core.bundle_models import LINES
from drifttui.core.health import Freshness, Standing
from drifttui.services.opened import open_evidence
from drifttui.services.replay import Film, film
from drifttui.services.report import QUESTIONS
from drifttui.store.journal import read_sessions, records
from tests.cluster.cluster import Cluster
from tests.cluster.incident import ACCESS, FLOW, INCIDENT, NAMESPACE, VAULT, WEB, Story, encodings, played
from tests.evidence import bundles, test_verify
from tests.evidence.test_verify import ALTERED, Parts

pytestmark = pytest.mark.cluster

IMAGE = "registry.example.com/shop/web:"
CONTAINER = "/spec/template/spec/containers/0"


class Expected(NamedTuple):
    unit: str
    resource: str
    path: str
    desired: Any
    actual: Any
    actor: str
    kind: str
    via: str


DRIFT = {
    "web": Expected(
        WEB, "Deployment/web", f"{CONTAINER}/image", f"{IMAGE}1.4.0", f"{IMAGE}1.4.1-hotfix",
        "alice@example.com", "person", "kubectl set image",
    ),
    "support": Expected(
        ACCESS, "Role/support", "/rules/0/verbs", ["get"], ["*"], "breakglass:carol", "break-glass", "kubectl patch"
    ),
    "provider": Expected(
        VAULT, "Secret/provider", "/data/api-key", None, None, "breakglass:carol", "break-glass", "kubectl patch"
    ),
    "limits": Expected(
        VAULT, "ConfigMap/limits", "/data/rate", "100", "900", "bob@example.com", "person", "kubectl edit"
    ),
    "flow": Expected(
        FLOW, "ConfigMap/flow", "/data/timeout", "5s", "120s", "alice@example.com", "person", "kubectl edit"
    ),
}  # fmt: skip


class Bundle(NamedTuple):
    path: Path
    key: Path
    files: dict[str, bytes]
    """In the order of the tar."""

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files[f"{name}.jsonl"].splitlines()]


@pytest.fixture(scope="module")
def story(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Story:
    return played(cluster, tmp_path_factory.mktemp("incident"))


def exported(story: Story, folder: Path, key: Path) -> Path:
    folder.mkdir()
    answer = json.loads(
        story.drifttui("export", "--incident", INCIDENT, "--key", str(key), "-o", str(folder), "--json")
    )
    return Path(answer["path"])


@pytest.fixture(scope="module")
def bundle(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundle")
    private, public = folder / "key.pem", folder / "key.pub"
    for command in (
        ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(private)],
        ["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)],
    ):
        subprocess.run(command, check=True, capture_output=True)
    path = exported(story, folder / "one", private)
    assert exported(story, folder / "other", private).read_bytes() == path.read_bytes()
    with tarfile.open(path) as tar:
        return Bundle(path, public, {info.name: tar.extractfile(info).read() for info in tar})  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def seen(bundle: Bundle) -> Film:
    with open_evidence(bundle.path) as opened:
        return film(opened)


def names(story: Story) -> dict[str, str]:
    return {key: name for name, key in story.ids.items()}


# Recording and close-out.


def test_killed_in_the_middle_a_session_keeps_all_but_its_last_second(story: Story) -> None:
    """It was on the screen two seconds before the kill that the source was blind: one of them is for a busy machine."""
    first, second = read_sessions(story.data / "sessions")
    damaged: list[str] = []
    kept = [*records(first, damaged.append), *records(second, damaged.append)]
    assert damaged == []
    assert _ended(second.segments[-1])
    assert not _ended(first.segments[-1]), "it was killed"
    told = [one.batch.health for one in records(first) if one.batch is not None and one.batch.health is not None]
    newest = {health.name: health.standing for health in told}
    assert Standing.BLIND in [standing for name, standing in newest.items() if name.startswith("argocd:")]
    assert len(kept) > len(list(records(first)))
    assert {session.head.incident for session in (first, second)} == {INCIDENT}


def _ended(path: Path) -> bool:
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
    inflate.decompress(path.read_bytes())
    return inflate.eof


def test_the_close_out_blocks_with_reasons_until_all_is_answered_for(story: Story) -> None:
    during, after, accepted, last, done = story.closeouts
    told = names(story)

    def blocking(answer: dict[str, Any]) -> set[str]:
        return {told.get(item["id"], item["kind"]) for item in answer["items"] if item["blocks"]}

    assert blocking(during) == {"pause", "flow", "provider", "limits"}
    assert blocking(after) == {"provider", "limits"}
    assert blocking(accepted) == {"limits"}
    assert blocking(last) == blocking(done) == set()
    assert [answer["done"] for answer in story.closeouts] == [False, False, False, True, True]
    reasons = {item["kind"]: item["blocks"] for item in during["items"] if item["blocks"]}
    assert reasons["pause"] == "not resumed"
    assert "still differs" in reasons["finding"]
    states = {told.get(item["id"], item["kind"]): item["state"] for item in done["items"]}
    assert {name: state.split()[0].rstrip(",") for name, state in states.items()} == {
        "pause": "resumed", "support": "reverted", "web": "codified", "flow": "reverted", "provider": "accepted",
        "limits": "handed-over",
    }  # fmt: skip


# The bundle.


def test_both_implementations_say_intact_and_signed(story: Story, bundle: Bundle, tmp_path: Path) -> None:
    assert "Intact, and signed by key" in story.drifttui("verify", str(bundle.path), "--key", str(bundle.key))
    story.drifttui("verify", str(bundle.path), code=4)
    done = by_hand(bundle.path, bundle.key, tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "intact and signed"), done.stderr


def by_hand(path: Path, key: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    script = folder / "verify.sh"
    script.write_text(test_verify._script())
    return subprocess.run(
        ["bash", str(script), str(path), str(key)], capture_output=True, text=True, timeout=60, check=False
    )


def _another_actor(parts: Parts) -> Parts:
    return parts | {"audit.jsonl": parts["audit.jsonl"].replace(b"breakglass:carol", b"mallory@example.com")}


def _another_word_in_the_ledger(parts: Parts) -> Parts:
    """With a manifest that agrees, and the signature of before."""
    text = parts["ledger.jsonl"].replace(b"nobody asked for that", b"dora asked for that!!")
    manifest = manifest_from(parts[MANIFEST])
    entries = [
        FileEntry("ledger.jsonl", len(text), hashlib.sha256(text).hexdigest(), entry.schema)
        if entry.path == "ledger.jsonl"
        else entry
        for entry in manifest.files
    ]
    return parts | {"ledger.jsonl": text, MANIFEST: manifest._replace(files=tuple(entries)).encoded()}


NAMES_OF_OTHERS = ("_flip", "_rewrite_ledger")
"""They change words that only their own bundle holds."""
WAYS = [(alter, file) for alter, file in ALTERED if alter.__name__ not in NAMES_OF_OTHERS] + [
    (_another_actor, "audit.jsonl"),
    (_another_word_in_the_ledger, MANIFEST),
]


def test_there_are_ten_ways_at_least() -> None:
    assert len(WAYS) >= 10


@pytest.mark.parametrize(("alter", "file"), WAYS, ids=lambda value: getattr(value, "__name__", None))
def test_what_was_altered_is_caught_by_both_and_named(
    story: Story, bundle: Bundle, tmp_path: Path, alter: Callable[[Parts], Parts], file: str
) -> None:
    parts = alter(dict(bundle.files))
    assert parts != bundle.files
    parts = {name: parts[name] for name in sorted(parts, key=lambda name: name not in (MANIFEST, ATTESTATION))}
    path = bundles.write(tmp_path / "altered.tar.gz", parts)
    said = json.loads(story.drifttui("verify", str(path), "--key", str(bundle.key), "--json", code=3))
    assert (said["outcome"], said["file"]) == ("altered", file)
    assert by_hand(path, bundle.key, tmp_path).returncode == 3


def test_every_line_is_as_its_published_schema_says(bundle: Bundle) -> None:
    for name, model in LINES.items():
        for line in bundle.files[name].splitlines() if name.endswith(".jsonl") else [bundle.files[name]]:
            model.model_validate_json(line)


def inside(content: bytes, depth: int = 3) -> Iterator[bytes]:
    """The bytes, and whatever is packed or encoded in them, also in one another."""
    yield content
    if depth == 0:
        return
    if content[:2] == b"\x1f\x8b":
        with suppress(zlib.error):
            yield from inside(zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(content), depth - 1)
    for found in re.findall(rb"[A-Za-z0-9+/_-]{16,}", content):
        for start in range(4):
            text = found[start:]
            with suppress(binascii.Error):
                yield from inside(
                    base64.b64decode(text[: len(text) // 4 * 4], b"-_" if b"_" in text else None), depth - 1
                )


def leaks(story: Story, content: bytes) -> list[str]:
    wanted = [
        (name, form) for name, value in story.hidden.everything(story.cluster).items() for form in encodings(value)
    ]
    layers = b"\n".join(inside(content))
    return sorted({name for name, form in wanted if form in layers})


def test_the_search_finds_what_it_looks_for(story: Story) -> None:
    """Else finding nothing would prove nothing: the audit log holds the Secret, and so does what is made of it here."""
    value = story.hidden.after.encode()
    for content in (
        value, base64.b64encode(b"xy" + value), base64.b64encode(base64.b64encode(value)), gzip.compress(value),
        base64.b64encode(json.dumps({"payload": base64.b64encode(value).decode()}).encode()),
    ):  # fmt: skip
        assert leaks(story, b'{"a":"' + content + b'"}' if content[:2] != b"\x1f\x8b" else content) == ["secret after"]
    assert value in story.cluster.state.audit_log.read_bytes()


def test_no_secret_of_the_incident_is_in_the_bundle(story: Story, bundle: Bundle) -> None:
    assert {name: found for name, body in bundle.files.items() if (found := leaks(story, body))} == {}
    assert leaks(story, bundle.path.read_bytes()) == []
    assert manifest_from(bundle.files[MANIFEST]).withheld == 0, "the sources had kept them out"


def test_no_secret_of_the_incident_is_on_the_disk_of_the_operator(story: Story) -> None:
    """Journal, ledger, cache of rows, ids of findings: every file of the home."""
    files = [path for path in story.home.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"000001.jsonl.gz", "ledger.db"}
    assert {str(path): found for path in files if (found := leaks(story, path.read_bytes()))} == {}


def test_each_drift_is_named_with_exactly_its_fields(story: Story, bundle: Bundle) -> None:
    told = names(story)
    opened = [row for row in bundle.rows("findings") if row["event"] == "opened"]
    resources = {told[row["id"]]: f"{row['resource']['kind']}/{row['resource']['name']}" for row in opened}
    assert resources == {name: one.resource for name, one in DRIFT.items()}
    assert len(opened) == len(DRIFT)
    assert {row["resource"]["namespace"] for row in opened} == {NAMESPACE}
    units = {told[row["id"]]: row["unit"].rpartition("/")[2] for row in opened}
    assert units == {name: one.unit for name, one in DRIFT.items()}
    changes: dict[str, dict[str, Any]] = {}
    for row in bundle.rows("changes"):
        changes.setdefault(told[row["finding"]], {})[row["path"]] = row
    assert {name: set(paths) for name, paths in changes.items()} == {name: {one.path} for name, one in DRIFT.items()}
    for name, one in DRIFT.items():
        row = changes[name][one.path]
        if one.desired is not None:
            assert (row["desired"], row["actual"]) == (one.desired, one.actual)
        else:
            assert row["desired"] != row["actual"], "that they differ stays visible"
    ended = {told[row["id"]]: row["how"] for row in bundle.rows("findings") if row["event"] == "gone"}
    assert ended == {"support": "reverted", "web": "codified", "flow": "reverted"}


def test_the_right_actors_are_named_by_events_of_the_real_log(story: Story, bundle: Bundle) -> None:
    told, known = names(story), {event["auditID"] for event in story.cluster.audit.since(0)}
    for name, one in DRIFT.items():
        rows = [row for row in bundle.rows("audit") if told[row["finding"]] == name and row["event_ids"]]
        found = {(row["path"], row["actor"]["name"], row["actor"]["kind"], row["via"]) for row in rows}
        assert found == {(one.path, one.actor, one.kind, one.via)}
        assert {event for row in rows for event in row["event_ids"]} <= known
        assert min(row["confidence"] for row in rows) > 0.8


def test_what_was_done_is_told_in_order(story: Story, bundle: Bundle) -> None:
    told, moments = names(story), story.moments
    (pause,) = bundle.rows("pauses")
    assert (pause["unit"].rpartition("/")[2], pause["state"], pause["link"]) == (FLOW, "resumed", INCIDENT)
    assert pause["checks"] >= 3
    assert between(moments, "linked", pause["at"], "paused")
    assert between(moments, "codified", pause["ended_at"], "resumed")
    (link,) = bundle.rows("links")
    assert (link["ref"], link["approver"], link["pauses"]) == (INCIDENT, "dora@example.com", [pause["id"]])
    assert {told[key] for key in link["findings"]} == {"web", "support", "provider", "limits"}
    (verdict,) = (row for row in bundle.rows("verdicts") if row["by"] != "rules")
    assert (told[verdict["finding"]], verdict["drift_class"], verdict["note"]) == (
        "support", "unauthorized", "nobody asked for that"
    )  # fmt: skip
    assert between(moments, "held", verdict["at"], "judged")
    settled = [(told.get(row.get("finding", ""), ""), row.get("how", "")) for row in bundle.rows("closeout")]
    assert settled == [("provider", "accepted"), ("limits", "handed-over"), ("", "")]
    assert bundle.rows("closeout")[-1]["done"] is True

    timeline = bundle.rows("timeline")
    times = [datetime.fromisoformat(row["at"]) for row in timeline]
    assert times == sorted(times)
    wanted = [
        ("call", "containers/0/image by kubectl set image"), ("link", f"linked {INCIDENT}"),
        ("pause", "pause intended"), ("pause", "paused until"), ("pause", "holds"),
        ("call", "/data/timeout by kubectl edit"), ("drift", "timeout"),
        ("verdict", "nobody asked for that"), ("gap", "was blind"), ("gone", "verbs"), ("gone", "image"),
        ("pause", "resumed"), ("gone", "timeout"), ("act", "accepted by team-billing"), ("act", "handed-over"),
        ("act", "nothing blocks"),
    ]  # fmt: skip
    entries = iter([(row["kind"], row["words"]) for row in timeline])
    for kind, words in wanted:
        assert any(kind == found and words in said for found, said in entries), (kind, words)
    assert ("merge", True) in {(row["kind"], "Keep the hotfix (#311)" in row["words"]) for row in timeline}


def between(moments: dict[str, datetime], before: str, at: str, after: str) -> bool:
    return moments[before] <= datetime.fromisoformat(at) <= moments[after]


def test_the_report_answers_the_ten_questions_for_each_drift(story: Story, bundle: Bundle) -> None:
    text = bundle.files["report.md"].decode().replace("\\", "")
    sections = text.split("## Timeline")[0].split("\n### ")[1:]
    assert len(sections) == len(DRIFT)
    for name, one in DRIFT.items():
        (section,) = (each for each in sections if f"Finding `{story.ids[name]}`" in each)
        answers = dict(re.findall(r"^\| ([^|]+) \| (.*) \|$", section.split("Finding `")[0], re.MULTILINE))
        assert tuple(answers) == QUESTIONS
        assert answers["Which resource"].startswith(f"{one.resource} of ")
        assert answers["Desired"].startswith(f"{one.path} = ")
        assert answers["Observed"].startswith(f"{one.path} = ")
        assert f"{one.path}: {one.actor}, {one.kind} by {one.via}" in answers["Who"]
        assert "by the rules" in answers["Classified by"]
        assert "dora@example.com" in answers["Approved by"]
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", answers["Detected"])
        assert re.match(r"\d+s|\d+m", answers["How long"])
        action, closure = {
            "web": ("Erin Okafor <erin@example.com> brought Git up to it", "what is declared is what ran"),
            "support": (
                "judged it unauthorized, revert-runtime: nobody asked for that",
                "what runs is what was declared",
            ),
            "provider": ("as accepted, team-billing answers for it until", "still differed at the end"),
            "limits": ("as handed-over, team-shop answers for it", "still differed at the end"),
            "flow": ("paused the unit until", "what runs is what was declared"),
        }[name]
        assert action in answers["Action"]
        assert closure in answers["Closure verified by"]
    html = bundle.files["report.html"].decode()
    assert all(one.resource in html for one in DRIFT.values())
    assert not re.search(r"(?i)\s(src|href|srcset|action)=|url\(|@import|<(script|link|iframe|img|object)\b", html)


# The replay.


def shown(story: Story, board: Board) -> set[str]:
    return {names(story)[finding.id] for finding in board.findings}


def test_a_replay_shows_what_was_known_then(story: Story, seen: Film) -> None:
    four = {"web", "support", "provider", "limits"}
    states: dict[str, tuple[set[str], set[PauseState], bool, bool]] = {}
    for step, at in story.moments.items():
        board = seen.board(at, 1)
        assert all(entry.at <= at for entry in board.acts.history), step
        states[step] = (
            shown(story, board),
            {pause.state for pause in board.acts.pauses.values()},
            story.ids.get("support") in board.acts.verdicts,
            any(link.ref == INCIDENT for link in board.acts.links.values()),
        )
    holding, resumed = {PauseState.HOLDING}, {PauseState.RESUMED}
    rest = four - {"support", "web"}
    after = (rest, resumed, True, True)
    assert states == {
        "calm": (set(), set(), False, False),
        "drifted": (four, set(), False, False),
        "linked": (four, set(), False, True),
        "paused": (four, holding, False, True),
        "held": (four | {"flow"}, holding, False, True),
        "judged": (four | {"flow"}, holding, True, True),
        "blind": (four | {"flow"}, holding, True, True),
        "killed": (four | {"flow"}, holding, True, True),
        "seen again": (four | {"flow"}, holding, True, True),
        "reverted": (four - {"support"} | {"flow"}, holding, True, True),
        "codified": (rest | {"flow"}, holding, True, True),
        "resumed": after, "accepted": after, "handed over": after, "done": after,
    }  # fmt: skip


def test_blind_is_blind_then_and_nobody_is_blamed_before_it_was_known(story: Story, seen: Film) -> None:
    def board(at: datetime) -> Board:
        return seen.board(at, 1)

    def freshness(at: datetime) -> set[Freshness]:
        found = board(at)
        return {found.freshness(unit, at) for unit in found.units.values()}

    moments = story.moments
    assert {step: freshness(moments[step]) for step in ("held", "blind", "killed", "seen again")} == {
        "held": {Freshness.FRESH}, "blind": {Freshness.BLIND}, "killed": {Freshness.BLIND},
        "seen again": {Freshness.FRESH},
    }  # fmt: skip
    for name, one in DRIFT.items():
        known = [row for row in _who(board(moments["held"]), story.ids[name]) if row.path == one.path and row.event_ids]
        assert {row.actor.name for row in known} == {one.actor}
    (first,) = (mark.at for mark in seen.marks if mark.kind == "drift" and mark.words == "verbs")
    assert "support" in shown(story, board(first)), "whoever jumps to a mark sees it"
    (gap,) = (mark for mark in seen.marks if mark.kind == "gap")
    assert freshness(gap.at) == {Freshness.BLIND}
    assert " is blind: " in gap.words, "not yet for how long"
    assert _who(board(first - timedelta(milliseconds=1)), story.ids["support"]) == ()


def _who(board: Board, key: str) -> Any:
    found = [finding for finding in board.findings if finding.id == key]
    return found[0].who.lines if found and found[0].who else ()
