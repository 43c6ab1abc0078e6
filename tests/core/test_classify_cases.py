"""The labelled cases are met, and taking evidence away never makes the rules bolder."""

from __future__ import annotations

import pytest

from drifttui.core.case import Case, ChangeLink
from drifttui.core.classify import classify
from drifttui.core.policy_score import Trial, answers, score
from drifttui.core.verdict import ACTIONS, DOMAINS, DRIFT_CLASSES, RISKS, risk_rank
from drifttui.store.case_files import CaseFile, labelled
from drifttui.store.policy_files import default_policy

from .cases import OWN, SHARED, aged, all_cases, blinded, name, without_evidence

EVERY = all_cases()
POLICY = default_policy()


@pytest.mark.parametrize("file", EVERY, ids=name)
def test_every_answer_is_one_that_a_careful_engineer_accepts(file: CaseFile) -> None:
    assert file.expected is not None
    verdict = classify(file.case, POLICY)
    said = answers(Trial(file.name, file.expected, verdict))
    wrong = {dimension: pair for dimension, pair in said.items() if pair[0] not in pair[1]}
    assert not wrong, verdict.reasons


def test_the_shared_cases_get_the_best_answer() -> None:
    trials = [
        Trial(file.name, file.expected, classify(file.case, POLICY))
        for file in labelled(SHARED)
        if file.expected is not None
    ]
    result = score(trials)
    assert result.cases >= 44
    assert all(tally.best == result.cases for tally in result.tallies.values()), result.misses


def test_there_are_many_cases_beside_the_shared_ones() -> None:
    assert len(list(labelled(OWN))) >= 60


@pytest.mark.parametrize("file", EVERY, ids=name)
def test_losing_evidence_heals_nothing_and_makes_nobody_surer(file: CaseFile) -> None:
    before = classify(file.case, POLICY)
    for what, case in without_evidence(file.case):
        after = classify(case, POLICY)
        assert before.auto_heal or not after.auto_heal, what
        if what == "no field managers" and before.reasons[0].rule == "writer.none":
            continue  # The managers spoke against the only write there is; without them it stands.
        assert after.confidence <= before.confidence, (what, before, after)


@pytest.mark.parametrize("file", EVERY, ids=name)
def test_an_old_look_decides_nothing(file: CaseFile) -> None:
    verdict = classify(aged(file.case), POLICY)
    assert (verdict.drift_class, verdict.action, verdict.auto_heal) == ("unknown", "investigate", False)
    assert any("fresh look" in gap for gap in verdict.missing)


@pytest.mark.parametrize("file", [file for file in EVERY if file.case.changes], ids=name)
def test_an_unreadable_actual_plane_is_never_clean(file: CaseFile) -> None:
    verdict = classify(blinded(file.case), POLICY)
    # Store and Secret are two planes of their own: what consumers hold does not decide that they differ.
    behind = verdict.drift_class == "secret-delivery" and verdict.risk in ("medium", "high")
    assert verdict.drift_class == "unknown" or behind
    assert not verdict.auto_heal
    assert risk_rank(verdict.risk) >= risk_rank("low")


@pytest.mark.parametrize("file", EVERY, ids=name)
def test_an_open_incident_comes_before_any_revert(file: CaseFile) -> None:
    case = file.case
    opened = ChangeLink("INC-1", "incident", case.now, None, None, "", (case.unit.id,))
    verdict = classify(case._replace(links=(*(case.links or ()), opened)), POLICY)
    assert not verdict.auto_heal
    assert verdict.action not in ("revert-runtime", "recreate")


@pytest.mark.parametrize("file", EVERY, ids=name)
def test_production_is_never_the_smaller_risk(file: CaseFile) -> None:
    def risk(environment: str) -> int:
        unit = file.case.unit._replace(environment=environment)
        return risk_rank(classify(file.case._replace(unit=unit), POLICY).risk)

    assert risk("prod") >= risk("staging") >= risk("dev")
    assert risk("") == risk("prod"), "an environment that nobody named is treated as production"


@pytest.mark.parametrize("file", EVERY, ids=name)
def test_without_its_ticket_an_emergency_is_unauthorized(file: CaseFile) -> None:
    if classify(file.case, POLICY).drift_class == "emergency":
        assert classify(file.case._replace(links=()), POLICY).drift_class == "unauthorized"


@pytest.mark.parametrize("file", EVERY, ids=name)
def test_a_verdict_is_complete_and_the_same_each_time(file: CaseFile) -> None:
    verdict = classify(file.case, POLICY)
    assert verdict == classify(file.case, POLICY)
    assert verdict.drift_class in DRIFT_CLASSES and verdict.domain in DOMAINS
    assert verdict.risk in RISKS and verdict.action in ACTIONS
    assert 0 < verdict.confidence <= 1
    assert all(reason.rule and reason.fact for reason in verdict.reasons)
    assert not any("hmac:" in reason.fact for reason in verdict.reasons)


def _variants() -> list[Case]:
    """Every case judged with the context of every fifth other one."""
    cases = [file.case for file in EVERY]
    return [
        one._replace(audit=other.audit, merges=other.merges, links=other.links, policy_results=other.policy_results)
        for one in cases
        for other in cases[::5]
    ]


def test_foreign_context_heals_nothing_that_is_not_proven() -> None:
    for case in _variants():
        verdict = classify(case, POLICY)
        if verdict.auto_heal:
            assert case.audit and case.links is not None and case.merges is not None
            assert verdict.drift_class == "unauthorized" and verdict.action == "revert-runtime"
