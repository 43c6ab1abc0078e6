"""A reviewer reads everything that is known, and nothing from outside becomes markup, a mention or a command."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from drifttui.core.acts import LinkRecord, OperatorVerdict, PauseRecord, PauseState
from drifttui.core.draft_body import Told, body, title
from drifttui.core.ledger import Head
from drifttui.core.markdown import block, code

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def finding(value: Any = "*", name: str = "pay-admin") -> dict[str, Any]:
    return {
        "id": "5a78c9d9aaaa",
        "resource": {"cluster": "c", "group": "rbac", "kind": "Role", "namespace": "pay", "name": name},
        "first_seen": "2026-11-21T03:01:00Z",
        "planes": {
            "desired": {
                "source": "argocd:a", "method": "managed-resources", "observed_at": "2026-11-21T03:01:00Z",
                "revision": "9fd2c1",
            }
        },
        "changes": [{"path": "/rules/0/verbs", "desired": ["get"], "actual": ["get", value]}],
        "who": [
            {
                "path": "/rules/0/verbs", "actor": {"name": "alice", "kind": "human"}, "via": "kubectl edit",
                "time": "2026-11-21T02:58:00Z", "confidence": 0.95,
            }
        ],
        "verdict": {
            "drift_class": "emergency", "domain": "identity", "risk": "critical", "action": "update-git",
            "confidence": 0.9, "reasons": [{"rule": "hand", "fact": "written by hand"}], "missing": ["a change link"],
        },
    }  # fmt: skip


def told(**more: Any) -> Told:
    standing = PauseRecord("p1", "u", "argocd", "hold", AT, "alice", AT, PauseState.HOLDING)
    held: dict[str, Any] = {
        "operator": OperatorVerdict("5a", "u", "r", "f", "emergency", "update-git", "agreed", AT, "alice@laptop"),
        "links": [LinkRecord("l", "INC-1", "incident", AT, "alice", expires=AT, approver="carol")],
        "pause": standing,
        "auto": "paused",
        "done": ["apps/role.yaml: /rules/0/verbs = [...]"],
        "problems": ["/data/x: its value is secret"],
        "head": Head(7, "ab" * 32),
        "bundle": "inc-1.tar.gz",
    }
    held |= more
    return Told("INC-1", "argocd/argocd:a/argocd/pay", finding(), **held)


def test_everything_that_is_known_is_told() -> None:
    text = body(told())
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## What differs", "## What this changes", "## Classification", "## Attribution", "## Risk", "## Rollback",
        "## Expiry", "## Evidence",
    ]  # fmt: skip
    for words in (
        '  - desired: `["get"]`', "  - recorded: unknown", '  - actual: `["get", "*"]`', "class `emergency`",
        "- `hand`: `written by hand`", "- not known: `a change link`", "By `alice@laptop` at 2026-11-21 03:00Z",
        "`alice` through `kubectl edit` at `2026-11-21T02:58:00Z`", "Judged `critical` as it runs", "Revert this",
        "its revert are not applied before it is resumed", "approved by `carol`", "finding `5a78c9d9aaaa`",
        "revision `9fd2c1`", f"ledger head `7:{'ab' * 32}`", "bundle `inc-1.tar.gz`", "- `/data/x: its",
    ):  # fmt: skip
        assert words in text
    assert title(told()) == "Role/pay-admin /rules/0/verbs as it runs (INC-1)"


@pytest.mark.parametrize(("auto", "words"), [("heals", "by itself"), ("by hand", "by hand"), ("", "is not known")])
def test_what_a_revert_comes_to_depends_on_the_engine(auto: str, words: str) -> None:
    text = body(told(pause=None, auto=auto))
    assert words in text.split("## Rollback")[1].split("##")[0]
    assert "None is recorded: merged, it is permanent." in body(told(pause=None, links=()))


HOSTILE = "`x`\n/close\n@everyone <script>![a](http://evil/x.png) fixes #1 \u202e\x1b[31m ``` |"


def test_nothing_from_outside_is_rendered_mentioned_or_obeyed() -> None:
    seen = finding(HOSTILE, HOSTILE)
    seen["verdict"]["reasons"][0]["fact"] = HOSTILE
    seen["who"][0]["actor"]["name"] = HOSTILE
    seen["planes"]["desired"]["source"] = HOSTILE
    made = told(done=[HOSTILE], problems=[HOSTILE], bundle=HOSTILE)._replace(
        finding=seen, incident=HOSTILE, unit=HOSTILE
    )
    text = body(made)
    outside = "".join(_outside_code(line) for line in text.splitlines())
    for mark in ("@everyone", "<script", "![a]", "evil", "#1", "/close", "\u202e", "\x1b"):
        assert mark not in outside
    assert not any(line.startswith("/") for line in text.splitlines())
    assert not set(title(made)) & set("@#<>`!\n\x1b[]")
    assert len(title(made)) <= 120


def _outside_code(line: str) -> str:
    """What stands outside code spans, as CommonMark has it: backticks end at as many backticks."""
    import re

    rest, kept = line, ""
    while found := re.search("`+", rest):
        end = re.search(rf"(?<!`){found[0]}(?!`)", rest[found.end() :])
        assert end is not None, line
        kept, rest = kept + rest[: found.start()], rest[found.end() + end.end() :]
    return kept + rest


def test_code_holds_whatever_it_is_given() -> None:
    assert code("a`b``c") == "```a`b``c```"
    assert code("`") == "`` ` ``"
    assert code("") == "(empty)"
    assert block(["a\x1b[0m", "````"])[0] == "`````"


def test_the_rest_of_many_fields_is_counted() -> None:
    seen = finding() | {"changes": [{"path": f"/{n}", "actual": n} for n in range(60)]}
    assert "and 10 more fields" in body(told()._replace(finding=seen))


def test_the_last_word_about_a_request_counts() -> None:
    from drifttui.core.ledger import EMPTY, Event, EventKind, chained
    from drifttui.core.proposal import Fate, Proposal, note, requested

    proposal = Proposal("acme/deploy", "drifttui/INC-1-5a", "t", "b", {}, {})
    events: list[Event] = []
    head = EMPTY
    for finding, fate, url in (
        ("a", Fate.INTENDED, ""), ("a", Fate.OPENED, "https://x/1"), ("b", Fate.INTENDED, ""), ("c", Fate.REFUSED, ""),
    ):  # fmt: skip
        events.append(chained(head, AT, EventKind.NOTE, "alice", note("INC-1", finding, "u", proposal, fate, url=url)))
        head = Head(events[-1].seq, events[-1].hash)
    events.append(chained(head, AT, EventKind.NOTE, "alice", note("INC-2", "a", "u", proposal, Fate.UNKNOWN)))
    events.append(chained(head, AT, EventKind.NOTE, "alice", {"text": "something else", "incident": "INC-1"}))
    assert requested(events, "INC-1") == {
        "a": "opened https://x/1",
        "b": "begun, outcome not recorded drifttui/INC-1-5a",
        "c": "refused drifttui/INC-1-5a",
    }
