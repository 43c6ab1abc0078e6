"""The three planes of one resource, and what each source said about them."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final, NamedTuple

from .identity import ResourceRef

Json = Any
"""A value as `json.loads` gives it: dict, list, str, int, float, bool, None."""

Document = dict[str, Any]
"""One object as JSON, already redacted (design rule 4). Never edited in place."""


class Plane(StrEnum):
    DESIRED = "desired"
    """The source of truth, as rendered."""
    RECORDED = "recorded"
    """What the engine believes: state file, last applied, Helm release."""
    ACTUAL = "actual"
    """What runs."""


class Mark(Enum):
    """A value that is not a value. Tested with `is`."""

    ABSENT = "absent"
    """Somebody looked, and it is not there."""
    UNKNOWN = "unknown"
    """Nobody looked, or nobody could."""

    def __repr__(self) -> str:
        return self.name

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Mark.ABSENT
UNKNOWN: Final = Mark.UNKNOWN


class Observation(NamedTuple):
    """One plane's answer about one resource.

    `document=None` means "looked, and it is not there". `method` names how the source came by it (`managed-resources`,
    `last-applied annotation`, `GET`, …), so that evidence never hides a fallback. `observed_at` is when it was true as
    far as the source knows (UTC), which may be earlier than when it was fetched; None where the source cannot tell.
    """

    ref: ResourceRef
    plane: Plane
    document: Document | None
    source: str
    method: str
    observed_at: datetime | None
    revision: str = ""
    """What the document was rendered from (Git commit), or the object's resourceVersion. Empty where there is none."""


class ThreePlanes(NamedTuple):
    """Every answer about one resource. A plane that is None is unknown, not absent."""

    ref: ResourceRef
    desired: Observation | None = None
    recorded: Observation | None = None
    actual: Observation | None = None

    def plane(self, plane: Plane) -> Observation | None:
        match plane:
            case Plane.DESIRED:
                return self.desired
            case Plane.RECORDED:
                return self.recorded
            case Plane.ACTUAL:
                return self.actual

    def seen(self, new: Observation) -> ThreePlanes:
        """This state with `new` in its plane, unless a later answer is already held."""
        held = self.plane(new.plane)
        if held is not None and held.observed_at and new.observed_at and held.observed_at > new.observed_at:
            return self
        match new.plane:
            case Plane.DESIRED:
                return self._replace(desired=new)
            case Plane.RECORDED:
                return self._replace(recorded=new)
            case Plane.ACTUAL:
                return self._replace(actual=new)

    def value(self, plane: Plane) -> Document | Mark:
        """The document, `ABSENT` or `UNKNOWN`."""
        held = self.plane(plane)
        if held is None:
            return UNKNOWN
        return ABSENT if held.document is None else held.document
