"""Drift as code: real people and programs change real objects, and leave a trail that can be checked."""

from tests.cluster.scenarios.catalogue import ALL, BY_NAME
from tests.cluster.scenarios.model import Resource, Scenario, Step, Trail
from tests.cluster.scenarios.run import play, undo
from tests.cluster.scenarios.steps import Apply, Commit, Kubectl

__all__ = ["ALL", "BY_NAME", "Apply", "Commit", "Kubectl", "Resource", "Scenario", "Step", "Trail", "play", "undo"]
