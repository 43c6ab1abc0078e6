"""What a team tolerates, and how much of it is used up."""

from __future__ import annotations

from datetime import timedelta

from drifttui.core.budgets import Counted, budget_lines, counted, domain_lines
from drifttui.core.policy import Budget, PolicyFile, UnitEntry
from drifttui.core.policy_table import Policy
from drifttui.core.unit import Auto, Unit

from .test_causes import NOW, finding, verdict


def one(domain: str, environment: str = "prod", **age: float) -> Counted:
    return Counted(domain, environment, timedelta(**age))


def test_a_budget_counts_its_domain_and_environment() -> None:
    budgets = [
        Budget(id="prod-network", domain=("network",), environment=("prod",), max_open=1, max_age="4h"),
        Budget(id="all", max_open=10),
    ]
    held = [one("network", hours=1), one("network", hours=9), one("network", "dev", hours=9), one("cost", hours=9)]
    network, everything = budget_lines(budgets, held)
    assert (network.open, network.old, network.exceeded) == (2, 1, True)
    assert network.words == "prod-network: 2 open, 1 allowed; 1 older than 4h"
    assert (everything.open, everything.exceeded) == (4, False)
    assert everything.words == "all: 4 open, 10 allowed"


def test_a_limit_is_reached_and_not_exceeded() -> None:
    (line,) = budget_lines([Budget(id="x", max_open=1, max_age="4h")], [one("cost", hours=4)])
    assert not line.exceeded
    assert line.words == "x: 1 open, 1 allowed; none older than 4h"


def test_what_nobody_has_judged_is_said_and_not_taken_for_clean() -> None:
    budgets = [Budget(id="network", domain=("network",), max_open=0), Budget(id="all", max_open=0)]
    network, everything = budget_lines(budgets, [one("", hours=1)])
    assert (network.open, network.unjudged, network.words) == (0, 1, "network: 0 open, 0 allowed; 1 not judged yet")
    assert everything.exceeded, "whatever it touches, it is open"


def test_domains_the_most_serious_first() -> None:
    lines = domain_lines([one("cost", hours=1), one("identity", hours=2), one("identity", days=3), one("", minutes=5)])
    assert [line.words for line in lines] == ["identity 2, oldest 3d", "cost 1, oldest 1h", "unknown 1, oldest 5m"]


def test_the_registry_names_the_environment_and_nobody_s_is_production() -> None:
    policy = Policy(PolicyFile(units=(UnitEntry(match=("web",), environment="staging"),)))
    web, api, dev = finding("web", judged=verdict()), finding("api", judged=verdict()), finding("dev")
    units = {dev.unit: Unit(dev.unit, "OutOfSync", "Healthy", Auto.ON, "in-cluster", environment="dev")}
    found = counted([web, api, dev._replace(verdict=None)], units, policy, NOW + timedelta(hours=2))
    assert found == [one("workload", "staging", hours=2), one("workload", hours=2), one("", "dev", hours=2)]
