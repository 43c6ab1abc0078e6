"""What `drifttui who --json` prints. These models are the published format (`docs/schemas/who.schema.json`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_ID = "drifttui.who/1"


class _Part(BaseModel):
    """A newer version may add keys: readers leave alone what they do not know."""

    model_config = ConfigDict(extra="allow", frozen=True)


class WhoActor(_Part):
    name: str | None = Field(description="The identity: user name, service account, ARN. Null: nobody is known.")
    kind: Literal["person", "break-glass", "controller", "ci", "cloud-service", "unknown"] = Field(
        description="Of the account; no proof of who held it."
    )
    short: str = Field("", description="How a person says it.")
    arn: str = ""
    through: str = Field("", description="The account that made the call for the one who asked.")


class WhoLine(_Part):
    """Who changed one field."""

    path: str = Field(description="JSON Pointer, for CloudTrail an attribute. Empty: the whole object.")
    actor: WhoActor
    via: str = Field(description="The path by which the change came, such as `kubectl edit`.")
    time: datetime | None
    confidence: float = Field(ge=0, le=1)
    grade: Literal["audit and body", "audit metadata", "managedFields", "guess"]
    event_ids: list[str]
    reasons: list[str]
    unit: str = Field("", description="Of a live session.")
    resource: str = Field("", description="Of a live session.")


class WhoRevision(_Part):
    """The newest deployed revision of a unit."""

    unit: str
    revision: str
    author: str | None
    deployed_at: datetime | None
    initiated_by: str | None
    message: str | None


class WhoMerge(_Part):
    """A commit that last touched fields that differ."""

    unit: str
    resource: str
    sha: str
    time: datetime | None = Field(description="When it came to be on the branch.")
    author: str
    title: str
    request: str = Field(description="Merge or pull request, such as `#812`; empty where none is known.")
    url: str
    paths: list[str] | None = Field(description="JSON Pointers. Null: which fields it touched is not known.")
    how: str = Field(
        "", description="By which key of a file of Helm values; left out where the field itself was looked at."
    )
    explains: str = Field(description="Which merge may explain the drift, and why; empty where none does.")


class WhoAnswer(_Part):
    """Lines best first; what could not be seen; and why other calls are not to blame."""

    schema_: Literal["drifttui.who/1"] = Field(alias="schema")
    lines: list[WhoLine]
    unseen: list[str]
    set_aside: list[str]
    revisions: list[WhoRevision] = Field([], description="Of a live session.")
    merges: list[WhoMerge] = Field([], description="Of a live session, where Git is read.")


def published() -> dict[str, Any]:
    """The JSON Schema as it stands in the documentation."""
    return {"$id": SCHEMA_ID, **WhoAnswer.model_json_schema()}
