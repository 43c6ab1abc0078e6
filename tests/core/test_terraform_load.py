"""Files that are something else than they are called: one line that says what, and no traceback."""

from __future__ import annotations

import io
import json
import random
import zipfile
from typing import Any

import pytest

from drifttui.core.errors import DriftError, InputError
from drifttui.core.terraform_events import parse_events
from drifttui.core.terraform_load import is_event_stream, load, load_lines, refuse_size
from drifttui.core.terraform_plan import parse_plan
from drifttui.core.terraform_review import review
from drifttui.core.terraform_state import parse_state
from tests.core.terraform_documents import KEY, change, plan, resource


def zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("tfplan", b"\x00")
    return held.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (zipped(), "binary plan file"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"# This file is maintained automatically by \"tofu init\".\n", "dependency lock file"),
        (b"No changes. Your infrastructure matches the configuration.", "no JSON"),
        (b"\x00\x01\x02\x03", "no JSON"),
        (b'{"format_version": "1.2", "resource_changes": [', "ends in the middle"),
        (b'{"format_version": "1.2"} trailing', "line 1, column 27"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "`c`"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": "\xff\xfe"}', "is not UTF-8"),
        (b'{"a": ' + b"[" * 500 + b"]" * 500 + b"}", "nested too deep"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deep"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "cannot be read"),
        (b'{"a": "\x01"}', "no JSON"),
    ],
)  # fmt: skip
def test_what_is_no_plan_is_named(data: bytes, words: str) -> None:
    with pytest.raises(InputError) as caught:
        load(data, "plan\x1b[31m.json")
    said = caught.value.one_line()
    assert words in said
    assert "\x1b" not in said


def test_a_file_over_the_limit_is_not_read() -> None:
    with pytest.raises(InputError, match="too large"):
        load(b" " * 11, "p", limit=10)
    with pytest.raises(InputError, match="2048 MB"):
        refuse_size(2**31, "p")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_what_powershell_writes_is_read(encoding: str) -> None:
    assert load('{"a": "ü"}'.encode(encoding), "p") == {"a": "ü"}


def test_a_difference_in_the_last_digit_stays_visible() -> None:
    one = load(b'{"a": 0.12345678901234567890, "b": 1e400, "c": 0.1, "d": 123456789012345678901}', "p")
    assert one == {"a": "0.12345678901234567890", "b": "1e400", "c": 0.1, "d": 123456789012345678901}


def events() -> list[dict[str, Any]]:
    thing = {"addr": "aws_thing.a", "resource_type": "aws_thing"}
    base = {"@level": "info", "@message": "…", "@module": "tofu.ui"}
    return [
        {**base, "type": "version", "tofu": "1.11.0", "ui": "1.2"},
        {**base, "type": "refresh_complete", "hook": {"resource": thing}},
        {**base, "type": "resource_drift", "change": {"resource": thing, "action": "update"}},
        {**base, "type": "planned_change", "change": {"resource": thing, "action": "replace"}},
        {**base, "type": "diagnostic", "diagnostic": {"severity": "error", "summary": "No \x1b[31mcredentials"}},
        {**base, "type": "of the future"},
        {**base, "type": "change_summary", "changes": {"add": 1}},
    ]


def stream(found: list[dict[str, Any]]) -> bytes:
    return "\n".join(map(json.dumps, found)).encode()


def test_an_event_stream_names_objects_and_claims_nothing() -> None:
    data = stream(events())
    assert is_event_stream(data)
    progress = parse_events(load_lines(data, "p"))
    answer = progress.as_json("s")
    assert answer["drift_information"] is False
    assert answer["drift"] == answer["pending"] == []
    assert answer["progress"]["drifted"] == [{"address": "aws_thing.a", "action": "update"}]
    assert answer["progress"]["planned"] == [{"address": "aws_thing.a", "action": "replace"}]
    assert (progress.refreshed, progress.finished, progress.tool_version) == (1, True, "1.11.0")
    assert any("credentials" in warning and "\x1b" not in warning for warning in progress.warnings)


def test_a_stream_that_was_cut_off_says_so() -> None:
    assert "ends before" in " ".join(parse_events(events()[:-1]).warnings)
    with pytest.raises(InputError, match="line 7"):
        load_lines(stream(events())[:-5], "p")
    with pytest.raises(InputError, match="line 2"):
        load_lines(b'{"@level":"info"}\n[]', "p")


def test_a_plan_is_no_event_stream() -> None:
    assert not is_event_stream(json.dumps(plan([])).encode())
    assert not is_event_stream(b'{"@level"')
    assert not is_event_stream(b"")


ODD: list[Any] = [None, True, 0, -1.5, "", "x", [], {}, [None], ["no-op"], {"a": None}, '{"a":1}', "\ud800", 10**30]


def broken(document: Any, dice: random.Random) -> Any:
    """A copy with one place replaced by something odd, or removed."""
    if not isinstance(document, (dict, list)) or not document or dice.random() < 0.1:
        return dice.choice(ODD)
    keys = list(document) if isinstance(document, dict) else list(range(len(document)))
    chosen = dice.choice(keys)
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    if dice.random() < 0.1:
        del copy[chosen]
    else:
        copy[chosen] = broken(copy[chosen], dice)
    return copy


def test_broken_plans_and_states_end_in_an_answer_or_in_one_line() -> None:
    whole = plan(
        [
            change("a.b", "update", {"x": [{"name": "y"}]}, {"x": [{"name": "z"}]}, after_unknown={"id": True}),
            change("a.c", ["delete", "create"], {"p": "1"}, {"p": "2"}, before_sensitive={"p": True}),
        ],
        [change("a.b", "update", {"x": []}, {"x": [{"name": "y"}]}, deposed="0")],
        [resource("a.b", {"x": []})],
        output_changes={"o": {"actions": ["create"], "before": None, "after": 1}},
        configuration={"root_module": {"resources": [{"address": "a.b", "expressions": {"x": {"constant_value": 1}}}]}},
        checks=[{"address": {"to_display": "c"}, "status": "fail"}],
    )
    state = {
        "version": 4,
        "serial": 3,
        "lineage": "l",
        "resources": [
            {
                "mode": "managed",
                "type": "a",
                "name": "b",
                "instances": [
                    {
                        "index_key": "k",
                        "attributes": {"id": "x", "p": [1]},
                        "sensitive_attributes": [[{"type": "get_attr", "value": "p"}]],
                    }
                ],
            }
        ],
    }
    dice = random.Random(7)
    answers = 0
    for _ in range(1500):
        for document, read in ((whole, lambda d: review(parse_plan(d, KEY), KEY).as_json()), (state, _state_answer)):
            try:
                json.dumps(read(broken(document, dice)), allow_nan=False)
                answers += 1
            except DriftError as error:
                assert "\n" not in error.one_line()
    assert answers > 500


def _state_answer(document: Any) -> Any:
    return parse_state(document, KEY).as_json("s")
