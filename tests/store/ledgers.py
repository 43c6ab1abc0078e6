"""A place for ledgers, and events worth recording."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from drifttui.core.ledger import EventKind, stamp
from drifttui.store.ledger import Ledger, is_url, open_ledger

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
UNIT = "argocd/argocd:eu/argocd/payments"


class Place:
    """Opens as many ledgers on one place as a test likes."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._opened: list[Ledger] = []

    def open(self, actor: str = "alice@laptop", **more: Any) -> Ledger:
        more.setdefault("clock", lambda: NOW)
        ledger = open_ledger(self.target, actor=actor, **more)
        self._opened.append(ledger)
        return ledger

    def close(self) -> None:
        for ledger in self._opened:
            ledger.close()

    @property
    def shared(self) -> bool:
        return is_url(self.target)

    def run(self, *statements: str) -> None:
        """Past all triggers, as somebody with a database shell would."""
        if self.shared:
            import psycopg

            with psycopg.connect(self.target, autocommit=True) as connection:
                connection.execute("ALTER TABLE drifttui_ledger DISABLE TRIGGER ALL")
                connection.execute("ALTER TABLE drifttui_ledger_head DISABLE TRIGGER ALL")
                for statement in statements:
                    words = statement.replace("events", "drifttui_ledger").replace("head", "drifttui_ledger_head")
                    connection.execute(words)  # type: ignore[arg-type, unused-ignore]
            return
        with closing(sqlite3.connect(self.target, isolation_level=None)) as connection_:
            names = connection_.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in names:
                connection_.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection_.execute(statement)


def verdict(finding: str = "f-1", **more: Any) -> tuple[EventKind, dict[str, Any]]:
    one = {"finding": finding, "unit": UNIT, "resource": "apps/Deployment/prod/web", "fingerprint": "ab", "rules": {}}
    body = {"cause": "", "drift_class": "emergency", "action": "revert-runtime", "note": "", "findings": [one]}
    return EventKind.VERDICT, body | more


def plan(act: str = "a1", purpose: str = "pause", writes: int = 1, **more: Any) -> dict[str, Any]:
    """As `core.pause_json.plan_json` spells it, as far as the fold looks."""
    target = {"door": "kubernetes", "server": "eu", "group": "argoproj.io", "version": "v1alpha1"}
    target |= {"plural": "applications", "kind": "Application", "namespace": "argocd", "project": ""}
    made: dict[str, Any] = {
        "id": act,
        "purpose": purpose,
        "unit": UNIT,
        "reason": "INC-9127 hotfix",
        "until": stamp(NOW + timedelta(hours=2)),
        "link": "INC-9127",
        "pause": "",
        "writes": [
            {
                "number": number,
                "target": target | {"name": f"payments-{number}"},
                "words": "spec.syncPolicy.automated.enabled  true → false",
                "captured": {"/spec/syncPolicy/automated/enabled": True},
                "skipped": False,
            }
            for number in range(1, writes + 1)
        ],
    }
    return made | more


def intent(act: str = "a1", purpose: str = "pause", **more: Any) -> tuple[EventKind, dict[str, Any]]:
    return EventKind.INTENT, {"act": act, "purpose": purpose, "unit": UNIT, "plan": plan(act, purpose, **more)}


def step(act: str = "a1", number: int = 1, result: str = "written", **more: Any) -> tuple[EventKind, dict[str, Any]]:
    return EventKind.STEP, {"act": act, "number": number, "result": result, "message": "", "audit_id": "x"} | more


def outcome(act: str = "a1", result: str = "holding", **more: Any) -> tuple[EventKind, dict[str, Any]]:
    return EventKind.OUTCOME, {"act": act, "result": result, "message": "", "by": "", "checks": 0} | more


def link(id_: str = "l1", **more: Any) -> tuple[EventKind, dict[str, Any]]:
    return EventKind.LINK, {"id": id_, "ref": "INC-9127", "kind": "incident", "title": "Payments fail"} | more


def cover(id_: str = "l1", **more: Any) -> tuple[EventKind, dict[str, Any]]:
    return EventKind.COVER, {"link": id_, "units": [], "findings": [], "pauses": [], "remove": False} | more
