"""A plan goes through JSON and comes back the same; nothing else becomes a plan."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from drifttui.core.identity import Engine, UnitId
from drifttui.core.ledger import canonical
from drifttui.core.pause import Door, Plan, Purpose, Target, Undoer, Write, WriteKind
from drifttui.core.pause_json import plan_from, plan_json

TEXTS = ["", "web", "a/b~c", "日本", "\x1b[31mred", "x" * 300, '{"quoted": "json"}', "spec.syncPolicy  true → false"]
VALUES: list[Any] = [None, True, False, 0, -3, 2**60, "", "text", [], {}, [1, {"a": [None]}], {"absent": True}]


def some_plan(dice: random.Random) -> Plan:
    def text() -> str:
        return dice.choice(TEXTS)

    def texts() -> tuple[str, ...]:
        return tuple(text() for _ in range(dice.randrange(4)))

    def operations() -> tuple[dict[str, Any], ...]:
        made = []
        for _ in range(dice.randrange(4)):
            op = dice.choice(["test", "add", "replace", "remove"])
            made.append({"op": op, "path": "/" + text()} | ({} if op == "remove" else {"value": dice.choice(VALUES)}))
        return tuple(made)

    def target() -> Target:
        return Target(dice.choice(list(Door)), text(), text(), text(), text(), text(), text(), text(), text())

    def write(number: int) -> Write:
        return Write(
            number=number,
            kind=dice.choice(list(WriteKind)),
            target=target(),
            words=text(),
            patch=operations(),
            undo=operations(),
            uid=text(),
            captured={"/" + text(): dice.choice(VALUES) for _ in range(dice.randrange(3))},
            optional=dice.random() < 0.5,
            skipped=dice.random() < 0.5,
            needs=text(),
        )

    at = datetime(2026, 3, 1, 3, 0, 1, dice.randrange(10**6), UTC)
    return Plan(
        id=f"{dice.randrange(16**12):012x}",
        purpose=dice.choice(list(Purpose)),
        unit=UnitId(dice.choice(list(Engine)), "argocd:prod", "argocd", dice.choice(["web", "a/b"])),
        cluster=text(),
        environment=text(),
        at=at,
        now=texts(),
        undoers=tuple(Undoer(text(), text(), text(), text(), dice.randrange(4)) for _ in range(dice.randrange(3))),
        writes=tuple(write(number) for number in range(1, dice.randrange(1, 5))),
        effects=texts(),
        undo=texts(),
        blocked=texts(),
        unknown=texts(),
        reason=text(),
        until=None if dice.random() < 0.3 else at + timedelta(seconds=dice.randrange(10**6)),
        link=text(),
        pause=text(),
        watch_for=timedelta(seconds=dice.randrange(3600)),
    )


@pytest.mark.parametrize("seed", range(200))
def test_any_plan_comes_back_as_it_was(seed: int) -> None:
    plan = some_plan(random.Random(seed))
    assert plan_from(json.loads(canonical(plan_json(plan)))) == plan


def test_times_of_any_zone_are_one_text() -> None:
    plan = some_plan(random.Random(1))
    elsewhere = plan._replace(at=plan.at.astimezone(timezone(timedelta(hours=-7))))
    assert plan_json(elsewhere) == plan_json(plan)


def test_a_float_in_a_patch_is_refused_because_a_ledger_cannot_hold_it() -> None:
    plan = some_plan(random.Random(2))
    write = (
        plan.writes[0]._replace(patch=({"op": "add", "path": "/spec/ratio", "value": 0.5},)) if plan.writes else None
    )
    assert write is not None
    with pytest.raises(ValueError, match="float"):
        plan_json(plan._replace(writes=(write,)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", "drifttui.plan/v2"),
        ("schema", None),
        ("id", 5),
        ("purpose", "forget"),
        ("unit", "argocd/prod"),
        ("unit", None),
        ("at", "yesterday"),
        ("at", "2026-03-01T03:00:00"),
        ("until", 7),
        ("until", ""),
        ("now", "text"),
        ("now", [1]),
        ("undoers", {}),
        ("undoers", [{"who": "x"}]),
        ("undoers", [{"who": "x", "how": "", "when": "", "lever": "", "covered": "1"}]),
        ("undoers", [{"who": "x", "how": "", "when": "", "lever": "", "covered": True}]),
        ("writes", None),
        ("writes", [None]),
        ("writes", [{}]),
        ("reason", None),
        ("watch_for_seconds", 1.5),
        ("watch_for_seconds", -1),
        ("watch_for_seconds", 10**30),
        ("watch_for_seconds", True),
    ],
)
def test_what_is_no_plan_is_refused(field: str, value: Any) -> None:
    spelled = plan_json(some_plan(random.Random(3)))
    with pytest.raises(ValueError, match=r"\w"):
        plan_from(spelled | {field: value})
    with pytest.raises(ValueError, match=r"\w"):
        plan_from({name: each for name, each in spelled.items() if name != field})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", -1),
        ("kind", "delete"),
        ("target", {}),
        ("target", None),
        ("patch", [{"op": "move", "path": "/a", "from": "/b"}]),
        ("patch", [{"op": "add", "path": "/a"}]),
        ("patch", [{"op": "remove", "path": "/a", "value": 1}]),
        ("patch", [{"op": "test", "value": 1}]),
        ("patch", ["add"]),
        ("undo", None),
        ("captured", None),
        ("optional", "yes"),
        ("skipped", 1),
        ("needs", None),
    ],
)
def test_what_is_no_write_is_refused(field: str, value: Any) -> None:
    spelled = plan_json(next(plan for seed in range(99) if (plan := some_plan(random.Random(seed))).writes))
    spelled["writes"] = [spelled["writes"][0] | {field: value}]
    with pytest.raises(ValueError, match=r"\w"):
        plan_from(spelled)


@pytest.mark.parametrize("value", [None, [], "plan", 3, {}])
def test_something_else_entirely_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not a plan"):
        plan_from(value)
