"""The policy: what the rules recommend, who owns which field, what may heal itself, and who owns which unit.

All of it is data. These models are the published format of a policy folder (`docs/schemas/policy.schema.json`); the
engine asks the compiled form in `policy_table`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

DriftClass = Literal[
    "unauthorized", "emergency", "controller-owned", "provider-read", "dependency", "stale-desired",
    "failed-reconciliation", "policy", "secret-delivery", "state", "render-noise", "unknown",
]  # fmt: skip
Domain = Literal[
    "identity", "network", "secret", "data", "artifact", "policy", "workload", "observability", "cost", "metadata"
]
Risk = Literal["info", "low", "medium", "high", "critical"]
Action = Literal[
    "revert-runtime", "update-git", "refresh-state", "import", "move-state", "ignore", "incident", "recreate",
    "restart-consumers", "repair-reconciler", "migrate", "investigate",
]  # fmt: skip
Environment = Literal["prod", "staging", "dev"]
Tier = Literal["critical", "standard", "low"]
Facet = Literal[
    "accepted", "added", "behaviour", "clean", "code", "consumers-behind", "contested", "covered", "default-moved",
    "delivery-failing", "expired-cover", "fight", "generated", "gone", "hand", "lag", "misused-account", "moved",
    "narrowed", "no-cover", "not-declared", "outdated-render", "privilege", "recorded-behind", "reference-missing",
    "resources", "respelled", "secret-behind", "security-log", "service-moved", "stale-look", "tag-moved", "unrecorded",
    "vanished", "warning",
]  # fmt: skip
"""Details of how a drift came about or of the field; `docs/verdicts.md` explains each."""


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _pointers(value: tuple[str, ...]) -> tuple[str, ...]:
    for path in value:
        if not path.startswith("/"):
            raise ValueError(f"{path!r} is no JSON pointer; it starts with a slash")
        if re.search(r"~(?![01])", path):
            raise ValueError(f"{path!r} is no JSON pointer; `~` is written ~0 and `/` inside a key ~1")
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_several)]
Pointers = Annotated[tuple[str, ...], BeforeValidator(_several), AfterValidator(_pointers)]
RuleId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,79}$")]
Span = Annotated[str, Field(pattern=r"^([0-9]{1,5}[smhdwy])+$", description="A span of time such as `90m` or `14d`.")]


class Part(BaseModel):
    """Everything in a policy is immutable, and a misspelled key is an error rather than a rule that never applies."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class When(Part):
    """All that is given must hold; within one list any item suffices. Nothing given holds always."""

    drift_class: Annotated[tuple[DriftClass, ...], BeforeValidator(_several)] = ()
    domain: Annotated[tuple[Domain, ...], BeforeValidator(_several)] = ()
    environment: Annotated[tuple[Environment, ...], BeforeValidator(_several)] = ()
    tier: Annotated[tuple[Tier, ...], BeforeValidator(_several)] = ()
    facet: Annotated[tuple[Facet, ...], BeforeValidator(_several)] = ()
    without: Annotated[tuple[Facet, ...], BeforeValidator(_several)] = Field(
        default=(), description="None of these facets."
    )
    open_incident: bool | None = Field(default=None, description="Is an incident open on this unit?")
    degraded: bool | None = Field(default=None, description="Did a signal get worse?")


class Decision(Part):
    """One row. The first row that applies and names a risk decides the risk; the same for the action."""

    id: RuleId
    when: When = When()
    risk: Risk | None = None
    action: Action | None = None
    note: str = ""

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if self.risk is None and self.action is None:
            raise ValueError("a row names a risk, an action, or both")
        return self


class Ownership(Part):
    """Who a field belongs to, whatever Git declares. The first rule that fits a field decides."""

    id: RuleId
    owner: Literal["git", "controller", "nobody"]
    kinds: Names = Field(default=(), description="Kinds, with `*`; none means every kind.")
    groups: Names = Field(default=(), description="API groups, with `*`; none means every group.")
    paths: Pointers = Field(
        description="JSON Pointers. `*` is any one key or position, `**` any number of them.", min_length=1
    )
    writers: Names = Field(
        default=(),
        description="Accounts, user agents or field managers, with `*`, that may write the field. `controller` only.",
    )
    unattributed: bool = Field(
        default=False,
        description="Also where Git leaves the field out and neither the audit log nor a field manager names a writer.",
    )
    note: str = ""

    @model_validator(mode="after")
    def _writers_of_a_controller(self) -> Self:
        if self.writers and self.owner != "controller":
            raise ValueError("writers belong to a rule whose owner is `controller`")
        return self


class HealRule(Part):
    """What may be put back without asking, within what the program allows at all."""

    id: RuleId
    domains: Annotated[tuple[Domain, ...], BeforeValidator(_several)] = ()
    environments: Annotated[tuple[Environment, ...], BeforeValidator(_several)] = ()
    tiers: Annotated[tuple[Tier, ...], BeforeValidator(_several)] = ()
    kinds: Names = ()
    paths: Pointers = ()
    units: Names = Field(default=(), description="Unit ids, with `*`.")


class AutoHeal(Part):
    enabled: bool = True
    rules: tuple[HealRule, ...] = ()


class Budget(Part):
    """How much drift a team tolerates before it is told."""

    id: RuleId
    domain: Annotated[tuple[Domain, ...], BeforeValidator(_several)] = ()
    environment: Annotated[tuple[Environment, ...], BeforeValidator(_several)] = ()
    max_open: int | None = Field(default=None, ge=0, description="Findings open at one time.")
    max_age: Span | None = Field(default=None, description="Oldest finding.")

    @model_validator(mode="after")
    def _limits(self) -> Self:
        if self.max_open is None and self.max_age is None:
            raise ValueError("a budget names max_open, max_age, or both")
        return self


class UnitEntry(Part):
    """One line of the registry. For each fact the first entry that matches and names it decides."""

    match: Names = Field(description="Unit ids or names, with `*`.", min_length=1)
    owner: str | None = None
    environment: Environment | None = None
    risk_tier: Tier | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.owner is None and self.environment is None and self.risk_tier is None:
            raise ValueError("an entry names owner, environment or risk_tier")
        return self


class Redaction(Part):
    """What a team withholds from everything that leaves, besides what the program takes for a secret."""

    id: RuleId
    path: str = Field(default="", description="A JSON Pointer in any document; `*` is any one key or position.")
    pattern: str = Field(default="", max_length=500, description="A regular expression in any line of text.")
    note: str = ""

    @model_validator(mode="after")
    def _finds_something(self) -> Self:
        if bool(self.path) == bool(self.pattern):
            raise ValueError("a rule names a path or a pattern")
        if self.path:
            _pointers((self.path,))
        try:
            empty = bool(self.pattern) and re.compile(self.pattern).search("") is not None
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is no regular expression: {error}") from None
        if empty:
            raise ValueError(f"{self.pattern!r} matches the empty text")
        return self


class PolicyFile(Part):
    """One file of a policy folder. Every key is optional; files are read in the order of their names."""

    version: Literal[1] = 1
    defaults: bool = Field(default=True, description="False leaves out the rows that come with the program.")
    decisions: tuple[Decision, ...] = Field(
        default=(), description="Stand before the default rows; the same id replaces one."
    )
    ownership: tuple[Ownership, ...] = Field(
        default=(), description="Stand before the default rules; the same id replaces one."
    )
    auto_heal: AutoHeal | None = Field(default=None, description="Replaces the default.")
    budgets: tuple[Budget, ...] = ()
    units: tuple[UnitEntry, ...] = ()
    redact: tuple[Redaction, ...] = ()


def merged(files: list[PolicyFile], default: PolicyFile) -> PolicyFile:
    """A team's files over the default policy. Rows of a team are asked first."""
    keep = all(file.defaults for file in files)
    decisions = {row.id: row for file in files for row in file.decisions}
    ownership = {row.id: row for file in files for row in file.ownership}
    heal = next((file.auto_heal for file in reversed(files) if file.auto_heal is not None), default.auto_heal)
    return PolicyFile(
        defaults=keep,
        decisions=(*decisions.values(), *(row for row in default.decisions if keep and row.id not in decisions)),
        ownership=(*ownership.values(), *(row for row in default.ownership if keep and row.id not in ownership)),
        auto_heal=heal,
        budgets=tuple(row for file in files for row in file.budgets) or default.budgets,
        units=(*(row for file in files for row in file.units), *default.units),
        redact=tuple(row for file in files for row in file.redact),
    )
