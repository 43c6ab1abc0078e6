"""What happens in the fleet: an evening of small things, then an incident from its first drift to its close-out."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.cluster.pausing import reconcile
from tests.cluster.repository import ERIN

from . import edge, store
from .declared import CLUSTERS, SERVICES
from .session import HUB, INCIDENT, Session
from .units import Fleet, fleet

LEAD, LONGEST = 60.0, 240.0
"""Seconds in which lists come in and every unit is looked into once; a showing begins after them."""
OTHERS = 4
"""Units that are not of Argo CD: three of Flux, one stack."""
HELD = f"inventory-{HUB}"
"""It heals itself. A hotfix in it needs a pause."""
LOST = "prod-sa-east-1"
DEPLOYMENT = "deployment/{0}".format


def play(say: Callable[[str], None], packed: Callable[[], None]) -> None:
    """All of it. `packed` is called when it is over, while its record is there."""
    with fleet(say) as units, tempfile.TemporaryDirectory(prefix="drifttui-fleet-") as folder:
        store.install(units.cluster, say)
        stack = edge.Edge(units.cluster, Path(folder))
        before(units)
        session = Session(units, Path(folder), stack.folder, stack.tofu.program, say)
        with session.running():
            Story(units, session, looked(session, say)).happens()
        packed()


def looked(session: Session, say: Callable[[str], None]) -> float:
    """Waits until every unit was looked into; gives the seconds after which a showing can begin."""
    expected = len(SERVICES) * len(CLUSTERS) + OTHERS
    while (seen := session.look_everywhere()) < expected:
        session.until(session.elapsed + 1.0)
        if session.elapsed > LONGEST:
            raise TimeoutError(f"only {seen} of {expected} units were looked into in {LONGEST:.0f} s")
    lead = max(LEAD, 10.0 * math.ceil(session.elapsed / 10))
    say(f"{seen} units looked into after {session.elapsed:.0f} s: BEGINS_AFTER is {lead:.0f} s")
    return lead


def before(units: Fleet) -> None:
    """What has already happened when somebody is paged."""
    do = units.do
    units.release("pricing", "1.5.0", "Round half to even (#341)")
    broken = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n"
    units.cluster.repository.commit(
        {"fleet/recommendations/dev/recommendations.yaml": broken}, "Try the new model in dev", ERIN
    )
    units.refresh("recommendations")
    do("alice", "search", "prod-us-east-1", "autoscale", DEPLOYMENT("search"), "--min=4", "--max=9", "--cpu=80%")
    units.pause("orders", "prod-eu-west-1")
    do("bob", "orders", "prod-eu-west-1", "scale", DEPLOYMENT("orders"), "--replicas=6")
    do("ci-deployer", "catalog", "staging-eu", "delete", "configmap/catalog-settings", "--wait=false")
    do("bob", "cart", "dev-us", "set", "resources", DEPLOYMENT("cart"), "--limits=memory=1Gi")


class Story:
    """Seconds are those of the showing."""

    def __init__(self, units: Fleet, session: Session, lead: float) -> None:
        self._units, self._session, self._lead = units, session, lead
        self._do, self._lost = units.do, units.forwarders[LOST]

    def happens(self) -> None:
        self._drift()
        self._acts()
        self._blind()
        self._settles()
        self._closes()

    def _at(self, seconds: float) -> None:
        self._session.until(self._lead + seconds)

    def _drift(self) -> None:
        kubectl, session = self._units.cluster.kubectl, self._session
        self._at(6)
        self._do(
            "alice", "checkout", "prod-eu-west-1", "set", "image", DEPLOYMENT("checkout"),
            "checkout=registry.example.com/shop/checkout:1.4.1-hotfix",
        )  # fmt: skip
        self._at(14)
        everything = [{"op": "replace", "path": "/rules/0/verbs", "value": ["*"]}]
        self._do(
            "breakglass-carol", "payments", "prod-eu-west-1", "patch", "role/pay-admin", "--type=json",
            "-p", json.dumps(everything),
        )  # fmt: skip
        self._at(24)
        self._do("bob", "cart", "prod-us-east-1", "scale", DEPLOYMENT("cart"), "--replicas=5")
        self._at(30)
        self._do("ci-deployer", "ledger", "prod-us-east-1", "set", "env", DEPLOYMENT("ledger"), "POOL_SIZE=60")
        self._at(36)
        image = "frontend=registry.example.com/store/frontend:3.1.9-hotfix"
        kubectl("-n", store.NAMESPACE, "set", "image", DEPLOYMENT("frontend"), image, context="alice")
        kubectl("-n", store.NAMESPACE, "set", "env", DEPLOYMENT("mailer"), "QUEUE=urgent", context="bob")
        self._at(38)
        raised = '{"data":{"requests-per-second":"900"}}'
        kubectl("-n", edge.NAMESPACE, "patch", "configmap/edge-limits", "-p", raised, context="breakglass-carol")
        self._at(42)
        self._do(
            "breakglass-carol", "billing", "prod-us-west-2", "patch", "secret/billing-provider",
            "-p", '{"stringData":{"api-key":"example-key-changed-by-hand"}}',
        )  # fmt: skip
        self._at(46)
        self._do("bob", "sessions", "prod-eu-west-1", "scale", DEPLOYMENT("sessions"), "--replicas=9")
        self._at(50)
        session.ask("frontend", "mailer", "edge")
        session.known("checkout", "checkout-prod-eu-west-1", "Deployment")
        session.known("payments", "payments-prod-eu-west-1", "Role")
        session.known("cart", "cart-prod-us-east-1", "Deployment")
        session.known("ledger", "ledger-prod-us-east-1", "Deployment")
        session.known("billing", "billing-prod-us-west-2", "Secret")

    def _acts(self) -> None:
        session = self._session
        self._at(58)
        tied = [session.ids[name] for name in ("checkout", "payments", "cart", "ledger", "billing")]
        session.drifttui(
            "link", INCIDENT, "--finding", *tied, "--approver", "dora@example.com", "--expires", "8h",
            "--note", "checkout times out in Europe",
        )  # fmt: skip
        self._at(64)
        nobody = "nobody asked for every right on secrets; carol says it was a typo"
        session.drifttui(
            "classify", "--finding", session.ids["payments"], "--class", "unauthorized",
            "--action", "revert-runtime", "--note", nobody, "--incident", INCIDENT,
        )  # fmt: skip
        session.drifttui(
            "classify", "--finding", session.ids["checkout"], "--class", "emergency", "--action", "update-git",
            "--note", "the hotfix stays: it stops the timeouts", "--incident", INCIDENT,
        )  # fmt: skip
        self._at(74)
        answer = session.drifttui(
            "pause", HELD, "--reason", "stock calls time out; retries raised by hand", "--for", "2h",
            "--link", INCIDENT, "--yes", "--name", HELD, config=True, meanwhile=self._reconcile,
        )  # fmt: skip
        (plan,) = answer["plans"]
        if plan["result"] != "holding":
            raise RuntimeError(f"the pause does not hold: {plan}")
        self._do(
            "alice", "inventory", HUB, "edit", "configmap/inventory-settings", editor='s/retries: .*/retries: "6"/'
        )
        session.known("inventory", HELD, "ConfigMap")
        self._reconcile()
        session.drifttui("pauses", "--check", config=True)

    def _reconcile(self) -> None:
        """Both owners, who would undo a pause that does not hold."""
        with suppress(TimeoutError):  # They were asked; on a busy machine the command still watches for its own time.
            reconcile(self._units.cluster, HELD, sets=("inventory",))

    def _blind(self) -> None:
        self._at(110)
        self._lost.cut()
        self._at(114)
        # Nobody sees this yet.
        self._units.cluster.kubectl(
            "-n", f"catalog-{LOST}", "scale", DEPLOYMENT("catalog"), "--replicas=7", context="bob"
        )

    def _settles(self) -> None:
        session = self._session
        self._at(124)
        narrow = [{"op": "replace", "path": "/rules/0/verbs", "value": ["get", "list"]}]
        self._do(
            "alice", "payments", "prod-eu-west-1", "patch", "role/pay-admin", "--type=json", "-p", json.dumps(narrow)
        )
        session.gone("payments-prod-eu-west-1", "Role")
        self._at(145)
        self._lost.mend()
        self._at(152)
        self._units.release("checkout", "1.4.1-hotfix", "Keep the hotfix of INC-9127 (#352)")
        session.gone("checkout-prod-eu-west-1", "Deployment")
        session.drifttui("closeout", "--incident", INCIDENT, code=2)
        self._at(185)
        answer = session.drifttui("resume", HELD, "--yes", "--name", HELD, config=True)
        if [plan["result"] for plan in answer["plans"]] != ["resumed"]:
            raise RuntimeError(f"not resumed: {answer}")
        session.gone(HELD, "ConfigMap")

    def _closes(self) -> None:
        session = self._session
        self._at(205)
        session.drifttui(
            "closeout", "--incident", INCIDENT, "--accept", session.ids["billing"], "--owner", "team-pay",
            "--expires", "30d", "--note", "rotated by hand; the provider takes the new key on Monday", code=2,
        )  # fmt: skip
        self._at(212)
        answer = session.drifttui("closeout", "--incident", INCIDENT, code=2)
        left = [item["id"] for item in answer["items"] if item["blocks"] and item["kind"] == "finding"]
        session.drifttui("closeout", "--incident", INCIDENT, "--hand-over", *left, "--owner", "team-shop")
        self._at(225)
        session.drifttui("closeout", "--incident", INCIDENT, "--done")
        self._at(240)
