"""Drift as code: real people and programs change real objects, and leave a trail that can be checked."""

from tests.cluster.scenarios.catalogue import ALL, BY_NAME
from tests.cluster.scenarios.model import Apply, Kubectl, Resource, Scenario, Step, Trail
from tests.cluster.scenarios.run import play, play_all

__all__ = ["ALL", "BY_NAME", "Apply", "Kubectl", "Resource", "Scenario", "Step", "Trail", "play", "play_all"]
