"""How well a policy meets labelled cases: best, accepted and wrong answers, and where they went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from .case import Expectation
from .verdict import DRIFT_CLASSES, Verdict

DIMENSIONS = ("drift_class", "domain", "risk", "action", "auto_heal")


class Trial(NamedTuple):
    """One labelled case and the verdict on it."""

    name: str
    expected: Expectation
    verdict: Verdict


class Miss(NamedTuple):
    """An answer that is not accepted."""

    name: str
    dimension: str
    said: str
    accepted: tuple[str, ...]


class Tally(NamedTuple):
    best: int
    accepted: int
    """Including the best."""
    wrong: int


class Score(NamedTuple):
    cases: int
    tallies: dict[str, Tally]
    misses: tuple[Miss, ...]
    wrong_heals: tuple[str, ...]
    """Cases that would have been put back by themselves and must not be: the worst error there is."""
    confusion: dict[str, Counter[str]]
    """Best drift class → what was said → how often."""

    @property
    def accepted(self) -> bool:
        return not self.misses


def answers(trial: Trial) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Per dimension what was said and what is accepted, best first."""
    verdict, expected = trial.verdict, trial.expected
    return {
        "drift_class": (verdict.drift_class, expected.drift_class),
        "domain": (verdict.domain, (expected.domain,)),
        "risk": (verdict.risk, expected.risk),
        "action": (verdict.action, expected.action),
        "auto_heal": (_word(verdict.auto_heal), (_word(expected.auto_heal),)),
    }


def _word(value: bool) -> str:
    return "true" if value else "false"


def score(trials: Sequence[Trial]) -> Score:
    best: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    misses: list[Miss] = []
    confusion: dict[str, Counter[str]] = {}
    for trial in trials:
        for dimension, (said, good) in answers(trial).items():
            best[dimension] += said == good[0]
            accepted[dimension] += said in good
            if said not in good:
                misses.append(Miss(trial.name, dimension, said, good))
        row = confusion.setdefault(trial.expected.drift_class[0], Counter())
        row[trial.verdict.drift_class] += 1
    return Score(
        len(trials),
        {name: Tally(best[name], accepted[name], len(trials) - accepted[name]) for name in DIMENSIONS},
        tuple(misses),
        tuple(t.name for t in trials if t.verdict.auto_heal and not t.expected.auto_heal),
        {name: confusion[name] for name in DRIFT_CLASSES if name in confusion},
    )
