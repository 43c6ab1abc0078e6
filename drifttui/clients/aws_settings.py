"""What an operator can set about AWS. Not beside the sources, so that `store` can read it from a file."""

from __future__ import annotations

from typing import Annotated

import msgspec

Positive = msgspec.Meta(gt=0)
Identifier = msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,254}$")
Account = msgspec.Meta(pattern=r"^\d{12}$")


class TrailBucket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[aws.trail]`: log files that a trail delivers to S3."""

    bucket: str
    prefix: str = ""
    """What stands before `AWSLogs/`."""
    organization: str = ""
    """`o-…` of an organisation trail. Unset: found by listing."""
    accounts: tuple[Annotated[str, Account], ...] = ()
    """Unset: those that the bucket holds, or the one of an ARN that is asked about."""
    region: str = ""
    """Region of the bucket. Unset: that of the account."""
    max_bytes: Annotated[int, Positive] = 256_000_000
    """Compressed bytes that one question may download; what is beyond is said."""
    look_back: Annotated[float, Positive] = 24 * 3600.0
    """Seconds that a question without a beginning goes back."""


class TrailTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[aws.athena]`: a table over the same files, as AWS documents its columns."""

    database: Annotated[str, Identifier]
    table: Annotated[str, Identifier]
    catalog: str = "AwsDataCatalog"
    workgroup: str = "primary"
    output: str = ""
    """`s3://…` for results. Unset: the workgroup says where."""
    region: str = ""
    partitions: tuple[Annotated[str, Identifier], ...] = ("timestamp",)
    """One column of `yyyy/MM/dd`, or three of year, month and day. Empty: none."""
    account_column: Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z_][A-Za-z0-9_]{0,254})?$")] = ""
    """Partition that holds the account. Unset: `recipientaccountid` is compared."""
    poll: Annotated[float, Positive] = 1.0
    query_timeout: Annotated[float, Positive] = 180.0
    look_back: Annotated[float, Positive] = 30 * 86400.0


class ClusterLog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[aws.cluster]]`: an EKS cluster whose audit log goes to CloudWatch Logs."""

    name: str
    """Of the cluster in EKS."""
    log_group: str = ""
    """Unset: `/aws/eks/<name>/cluster`."""
    region: str = ""
    covers: tuple[str, ...] = ()
    """Further names and URLs by which units call it."""
    insights_after: Annotated[float, Positive] = 6 * 3600.0
    """Ranges longer than so many seconds are asked through Logs Insights."""
    look_back: Annotated[float, Positive] = 24 * 3600.0
    query_timeout: Annotated[float, Positive] = 120.0
    poll: Annotated[float, Positive] = 1.0
    max_pages: Annotated[int, Positive] = 200


class StackDriftSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[aws.cloudformation]`: the account's stacks are units. Seconds."""

    regions: tuple[str, ...] = ()
    """Unset: those of the account."""
    stacks: tuple[str, ...] = ()
    """Names, with `*`. Unset: all."""
    detect_after: Annotated[float, msgspec.Meta(ge=0)] = 3600.0
    """A look into a stack detects drift anew where what was last detected is older. 0: only when the operator asks."""
    detect_timeout: Annotated[float, Positive] = 300.0
    poll: Annotated[float, Positive] = 1.0
    """Before the first question how a detection stands; later ones come slower."""


class AwsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[aws]]` in the configuration: one identity in one account. Seconds. The bounds hold for what a file says."""

    name: str = ""
    """How the account is called. Unset: its profile, else `default`."""
    profile: str = ""
    """Of ~/.aws/config. Unset: the default chain (environment, SSO, container, instance)."""
    region: str = ""
    """Unset: that of the profile or the environment."""
    regions: tuple[str, ...] = ()
    """Further regions in which CloudTrail is asked."""
    role_arn: str = ""
    """Assumed with the profile's credentials."""
    external_id: str = ""
    session_name: str = ""
    """Unset: `drifttui-<user>`."""
    account: str = ""
    """Twelve digits. Unset: asked from STS."""
    endpoint_url: str = ""
    connect_timeout: Annotated[float, Positive] = 5.0
    read_timeout: Annotated[float, Positive] = 20.0
    timeout: Annotated[float, Positive] = 60.0
    """Of one call over all tries."""
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=32)] = 8
    lookup: bool = True
    """Ask CloudTrail's LookupEvents."""
    lookup_calls: Annotated[int, Positive] = 40
    """Calls that one question may use; two a second are all that AWS allows for an account and region."""
    look_back: Annotated[float, Positive] = 7 * 86400.0
    """Seconds that LookupEvents goes back for a question without a beginning; 90 days are kept."""
    trail: TrailBucket | None = None
    athena: TrailTable | None = None
    cluster: tuple[ClusterLog, ...] = ()
    cloudformation: StackDriftSettings | None = None

    @property
    def shown_name(self) -> str:
        """Unique only as far as the operator made it so."""
        return (self.name or self.profile or "default").replace("/", "_")
