"""What is kept on disk comes back as it was, or is refused with one line; and nobody else can read it."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from drifttui.core.errors import BundleError, InputError
from drifttui.core.ports import Batch
from drifttui.store.recordings import RecordingWriter, read_recording
from drifttui.store.redaction_key import redaction_key
from drifttui.store.rows import RowCache
from drifttui.store.settings import load_settings

from .fakes import NOW, HandClock, inspection, unit


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    rows = [unit("web", reverts=timedelta(seconds=5)), unit("api", reverts=NOW), unit("x", environment="prod")]
    cache = RowCache(["a"], tmp_path / "c")
    assert cache.save(rows)
    assert cache.load() == rows


def test_rows_of_other_sources_are_not_shown(tmp_path: Path) -> None:
    assert RowCache(["a"], tmp_path / "c").save([unit("web")])
    assert RowCache(["b"], tmp_path / "c").load() == []


def test_a_damaged_cache_is_no_news(tmp_path: Path) -> None:
    cache = RowCache(["a"], tmp_path / "c")
    assert cache.save([unit("web")])
    cache.path.write_bytes(cache.path.read_bytes()[:-7])
    assert cache.load() == []


def test_files_are_closed_to_others(tmp_path: Path) -> None:
    cache = RowCache(["a"], tmp_path / "c")
    cache.save([unit("web")])
    redaction_key(tmp_path / "d")
    for path in (cache.path, tmp_path / "d" / "redaction.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_digests_stay_comparable_across_starts(tmp_path: Path) -> None:
    assert redaction_key(tmp_path) == redaction_key(tmp_path)
    assert len(redaction_key(tmp_path)) == 32


def test_a_home_that_cannot_be_written_still_gives_a_key(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert len(redaction_key(blocked / "below")) == 32


@pytest.mark.parametrize("name", ["session.jsonl", "session.jsonl.gz"])
def test_a_recorded_session_comes_back_with_its_times(tmp_path: Path, name: str) -> None:
    clock = HandClock()
    writer = RecordingWriter(tmp_path / name, clock, "a test")
    row = unit("web", sync="OutOfSync")
    first = Batch("argocd:a", NOW, units=(row,), complete=True)
    writer.add(first)
    clock.forward(seconds=2.5)
    second = Batch("argocd:a", clock(), inspection=inspection(row, 3, 9))
    writer.add(second)
    writer.close()
    recording = read_recording(tmp_path / name)
    assert recording.title == "a test"
    assert recording.batches == ((0.0, first), (2.5, second))


def test_a_damaged_recording_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    writer = RecordingWriter(path, HandClock())
    writer.add(Batch("a", NOW))
    writer.close()
    path.write_bytes(path.read_bytes() + b'{"t": 1, "sour')
    with pytest.raises(BundleError, match="line 3"):
        read_recording(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("argocd = 3", "argocd"),
        ("[[argocd]]\nserfer = 'x'", "argocd.0.serfer"),
        ("read_only = 'maybe'", "read_only"),
        ("a = = b", "line 1"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        load_settings(str(path))
    assert str(path) in caught.value.one_line()
