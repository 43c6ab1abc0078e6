"""Recording the real control plane's answers for tests that run without one."""

from tests.cluster.recorder import flux
from tests.cluster.recorder.run import DEFAULT_FOLDER, record
from tests.cluster.recorder.scrub import Leak

__all__ = ["DEFAULT_FOLDER", "Leak", "flux", "record"]
