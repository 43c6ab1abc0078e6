"""A policy folder: what teams may change, what they may not, and what they are told when it is wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from drifttui.core.budgets import Counted, budget_lines
from drifttui.core.classify import classify
from drifttui.core.errors import InputError
from drifttui.core.policy import Budget, PolicyFile
from drifttui.core.policy_table import Policy, Situation, pointer_pattern
from drifttui.core.verdict import ACTIONS, DOMAINS, DRIFT_CLASSES, RISKS
from drifttui.store.case_files import parse
from drifttui.store.policy_files import default_policy, load_policy, read_folder

from .cases import SHARED

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "policy.schema.json"
LABEL = SHARED / "team-label-edited-by-hand-on-a-stateless-app.yaml"
REPLICAS = SHARED / "replicas-scaled-from-an-ordinary-account-during-an-incident.yaml"


def folder(tmp_path: Path, text: str, name: str = "team.yaml") -> Path:
    (tmp_path / name).write_text(text)
    return tmp_path


def judged(case: Path, policy: Policy) -> tuple[str, str, str, bool]:
    verdict = classify(parse(case.read_text(), case.name).case, policy)
    return verdict.drift_class, verdict.risk, verdict.action, verdict.auto_heal


def test_the_published_schema_is_that_of_the_models() -> None:
    assert json.loads(SCHEMA.read_text()) == PolicyFile.model_json_schema(), "run `drifttui policy schema`"


def test_every_class_and_domain_gets_a_risk_and_an_action_from_a_row() -> None:
    for drift_class in DRIFT_CLASSES:
        for domain in DOMAINS:
            for environment in ("prod", "staging", "dev"):
                answer = default_policy().decide(Situation(drift_class, domain, environment, "critical"))
                assert answer.risk in RISKS and answer.action in ACTIONS
                assert "no-row" not in (answer.risk_row, answer.action_row)


def test_every_row_of_the_default_policy_can_apply() -> None:
    """A row behind a wider one would be dead and would mislead whoever reads it."""
    policy = default_policy()
    rows = policy.source.decisions
    for position, row in enumerate(rows):
        for wider in rows[:position]:
            same = [key for key, value in wider.when.model_dump().items() if value not in ((), None)]
            covers = all(
                set(_many(getattr(row.when, key)))
                and set(_many(getattr(row.when, key))) <= set(_many(getattr(wider.when, key)))
                for key in same
            )
            risk_taken = row.risk is None or wider.risk is not None
            action_taken = row.action is None or wider.action is not None
            assert not (covers and risk_taken and action_taken), (row.id, wider.id)


def _many(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else () if value is None else (value,)


def test_a_row_of_the_team_comes_first(tmp_path: Path) -> None:
    policy = load_policy(
        folder(tmp_path, "decisions: [{id: ours, when: {domain: metadata}, risk: medium, action: update-git}]")
    )
    assert judged(LABEL, policy) == ("unauthorized", "medium", "update-git", False)


def test_a_row_with_a_default_id_replaces_it(tmp_path: Path) -> None:
    text = "decisions: [{id: unauthorized.metadata, when: {drift_class: unauthorized, domain: metadata}, risk: info}]"
    policy = load_policy(folder(tmp_path, text))
    assert judged(LABEL, policy)[1] == "info"
    assert len(policy.source.decisions) == len(default_policy().source.decisions)


def test_without_any_row_unknown_risk_is_not_low(tmp_path: Path) -> None:
    policy = load_policy(folder(tmp_path, "defaults: false"))
    assert judged(LABEL, policy)[1:] == ("high", "investigate", False)


def test_a_team_may_switch_healing_off_and_cannot_widen_it(tmp_path: Path) -> None:
    assert judged(LABEL, default_policy())[3] is True
    assert judged(LABEL, load_policy(folder(tmp_path, "auto_heal: {enabled: false}")))[3] is False
    text = "auto_heal: {rules: [{id: everything}]}\ndecisions: [{id: all, risk: low, action: revert-runtime}]"
    wide = load_policy(folder(tmp_path, text))
    healed = {
        path.stem for path in SHARED.glob("*.yaml") if classify(parse(path.read_text(), path.name).case, wide).auto_heal
    }
    assert healed == {
        "memory-limit-raised-by-hand-in-staging",
        "team-label-edited-by-hand-on-a-stateless-app",
        "two-actors-on-one-deployment",
    }


def test_a_field_that_belongs_to_git_is_no_controllers(tmp_path: Path) -> None:
    case = SHARED / "replica-count-moved-by-the-autoscaler.yaml"
    text = "ownership: [{id: ours, owner: git, kinds: Deployment, paths: /spec/replicas}]"
    assert judged(case, default_policy())[0] == "controller-owned"
    policy = load_policy(folder(tmp_path, text))
    assert policy.owners("/spec/replicas", "Deployment", "apps")[0].owner == "git"
    found = classify(parse(case.read_text(), case.name).case, policy)
    assert "who owns the field" in found.missing


def test_nobodys_field_still_shows_what_a_person_did(tmp_path: Path) -> None:
    text = 'ownership: [{id: ours, owner: nobody, paths: ["/metadata/labels/**", "/spec/replicas"]}]'
    policy = load_policy(folder(tmp_path, text))
    assert judged(LABEL, policy)[0] == "unauthorized"
    assert judged(REPLICAS, policy)[0] == "unauthorized"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("decisions:\n  - id: x\n    when: {domian: network}\n    risk: low", "line 3, decisions[0].when.domian"),
        ("decisions:\n  - id: x\n    risk: terrible", "line 3, decisions[0].risk: terrible is none of info"),
        ("decisions:\n  - risk: low", "decisions[0].id: is required"),
        ("decisions:\n  - id: x", "a row names a risk"),
        ("decisions:\n  - {id: x, risk: low}\n  - {id: x, risk: high}", "line 3, decisions[1].id: x stands already"),
        ("ownership:\n  - {id: x, owner: git, paths: spec}", "no JSON pointer"),
        ("ownership:\n  - {id: x, owner: git, paths: /spec/a~b}", "no JSON pointer"),
        ("ownership:\n  - {id: x, owner: git, paths: /a, writers: y}", "writers belong"),
        ("budgets:\n  - {id: x, max_age: fortnight}", "budgets[0].max_age"),
        ("budgets:\n  - {id: x}", "max_open"),
        ("units:\n  - match: a\n    tier: low", "units[0].tier: is no key"),
        ("units:\n  - match: []\n    owner: x", "units[0].match"),
        ("version: 2", "line 1, version"),
        ("- a", "a policy is a mapping"),
        ("a: [", "line"),
    ],
)
def test_a_wrong_policy_is_told_by_file_line_and_key(tmp_path: Path, text: str, words: str) -> None:
    _, problems = read_folder(folder(tmp_path, text))
    assert len(problems) == 1
    line = problems[0].one_line()
    assert "team.yaml" in line and words in line.replace("'", "")
    with pytest.raises(InputError):
        load_policy(tmp_path)


def test_an_id_in_two_files_is_told(tmp_path: Path) -> None:
    folder(tmp_path, "decisions: [{id: x, risk: low}]", "a.yaml")
    _, problems = read_folder(folder(tmp_path, "decisions: [{id: x, risk: high}]", "b.yaml"))
    assert "b.yaml" in problems[0].one_line() and "a.yaml" in problems[0].one_line()


def test_a_folder_that_is_not_there_is_no_default(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No policy folder"):
        load_policy(tmp_path / "nowhere")


def test_the_registry_takes_the_first_entry_that_says_something(tmp_path: Path) -> None:
    text = """
units:
  - {match: "argocd/pay-*", risk_tier: critical}
  - {match: ["argocd/*"], owner: platform, environment: prod, risk_tier: low}
"""
    registered = load_policy(folder(tmp_path, text)).registered
    assert registered("argocd/pay-eu") == ("platform", "prod", "critical")
    assert registered("argocd/docs") == ("platform", "prod", "low")
    assert registered("flux/docs") == ("", "", "")


def test_budgets_count_and_date_open_findings() -> None:
    budgets = (
        Budget(id="network", domain=("network",), environment=("prod",), max_open=1),
        Budget(id="old", max_age="2d"),
    )
    young, old = timedelta(hours=1), timedelta(days=3)
    found = [Counted("network", "prod", young), Counted("network", "prod", old), Counted("cost", "dev", young)]
    assert [line.id for line in budget_lines(budgets, found) if line.exceeded] == ["network", "old"]
    assert not any(line.exceeded for line in budget_lines(budgets, found[:1]))


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/spec/*/image", "/spec/0/image", True),
        ("/spec/*/image", "/spec/0/1/image", False),
        ("/**/caBundle", "/webhooks/0/clientConfig/caBundle", True),
        ("/**/caBundle", "/caBundle", True),
        ("/status/**", "/status", True),
        ("/metadata/annotations/x.io~1*", "/metadata/annotations/x.io~1a", True),
        ("/metadata/annotations/x.io~1*", "/metadata/annotations/y.io~1a", False),
        ("/data/a.b", "/data/axb", False),
    ],
)
def test_paths_of_ownership(pattern: str, path: str, fits: bool) -> None:
    assert bool(pointer_pattern(pattern).fullmatch(path)) is fits
