"""From flags and the settings file to running sources."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from drifttui.clients.access import Access
from drifttui.clients.argocd_settings import ArgoCDSettings
from drifttui.clients.audit_settings import AuditSettings
from drifttui.clients.aws_settings import AwsSettings
from drifttui.clients.flux_settings import FluxSettings
from drifttui.clients.git_settings import GitSettings
from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.clients.loki_settings import LokiSettings
from drifttui.clients.tofu_settings import StackSettings
from drifttui.clients.tracker_settings import TrackerSettings
from drifttui.core.errors import InputError, inert
from drifttui.core.ports import Clock, HistorySource, Source
from drifttui.store.redaction_key import redaction_key
from drifttui.store.settings import FileSettings, load_settings

if TYPE_CHECKING:
    from drifttui.store.recordings import Recording

ENTRY_POINTS = "drifttui.sources"
"""Group under which this and other distributions register sources."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Settings:
    """What every source factory is given. `source_settings` of third parties find theirs by name."""

    argocd: Sequence[ArgoCDSettings] = ()
    argocd_crd_contexts: Sequence[str] = ()
    kubernetes: KubernetesSettings = field(default_factory=KubernetesSettings)
    flux: FluxSettings = field(default_factory=FluxSettings)
    aws: Sequence[AwsSettings] = ()
    loki: Sequence[LokiSettings] = ()
    git: Sequence[GitSettings] = ()
    stacks: Sequence[StackSettings] = ()
    audit: AuditSettings = field(default_factory=AuditSettings)
    redaction_key: bytes = b""
    access: Access = Access.FULL
    recording: Recording | None = None
    trackers: Mapping[str, TrackerSettings] = field(default_factory=dict)
    policy: Path | None = None
    record: int = 512
    """Mebibytes on disk for what sessions saw; 0 keeps nothing."""
    ledger: str = ""
    """File or URL for `store.ledger.open_ledger`; empty for the one in the data folder."""
    theme: str = ""
    filter: str = ""
    incident: str = ""
    """The normal form of what everything done is linked to; empty where nothing was named."""
    keys: dict[str, str] = field(default_factory=dict)

    _aws_clients: dict[AwsSettings, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def read_only(self) -> bool:
        return self.access is not Access.FULL

    def kube_api(self, context: str) -> Any:
        """A Kubernetes client for one context. Raises `InputError` where the kubeconfig has none of that name."""
        from drifttui.clients.kube import KubeClient
        from drifttui.clients.kubeconfig import BrokenContext, in_cluster, kubeconfig_files, load
        from drifttui.core.redact import redact_text

        config = load(kubeconfig_files(self.kubernetes.kubeconfig, os.environ))
        found = next((entry for entry in config.contexts if entry.name == context), None)
        found = found or (in_cluster(os.environ) if context == "in-cluster" else None)
        if found is None:
            raise InputError(f"No context {context}", "in the kubeconfig", "`kubectl config get-contexts` lists them.")
        if isinstance(found, BrokenContext):
            raise found.error
        key = self.redaction_key
        return KubeClient(
            found,
            utc_now,
            settings=self.kubernetes,
            access=self.access,
            clean=lambda text: inert(redact_text(text, key)),
        )

    def aws_client(self, entry: AwsSettings) -> Any:
        """The client of one account, which all of its sources share."""
        if entry not in self._aws_clients:
            from drifttui.clients.aws import Aws
            from drifttui.core.redact import redact_text

            key = self.redaction_key
            self._aws_clients[entry] = Aws(
                entry, access=self.access, clean=lambda text: inert(redact_text(text, key)), clock=utc_now
            )
        return self._aws_clients[entry]


def settings_from(options: argparse.Namespace) -> Settings:
    """Flags over the environment over the settings file. Raises `InputError`."""
    file = load_settings(options.config)
    access = {"no": Access.FULL, "yes": Access.READ_ONLY, "strict": Access.STRICT}[options.read_only or file.read_only]
    return Settings(
        argocd=_argocd(options, file),
        argocd_crd_contexts=_crd_contexts(options, file),
        kubernetes=_kubernetes(options, file),
        flux=file.flux,
        aws=aws_from(options, file),
        loki=file.loki,
        git=file.git,
        stacks=_stacks(options, file),
        redaction_key=redaction_key(),
        access=access,
        policy=Path(options.policy) if options.policy else file.policy,
        record=0 if getattr(options, "no_record", False) else file.record,
        ledger=ledger_from(options, file),
        theme=getattr(options, "theme", "") or file.theme,
        filter=options.filter or file.filter,
        audit=_audit(options, file),
        trackers={str(name): entry for name, entry in file.trackers.items()},
        incident=incident_from(options, file),
        keys=file.keys,
    )


def incident_from(options: argparse.Namespace, file: FileSettings) -> str:
    """A flag wins over $DRIFTTUI_INCIDENT, and that over the file. Secrets in an address go no further."""
    text = getattr(options, "incident", "") or os.environ.get("DRIFTTUI_INCIDENT", "") or file.incident
    if not text:
        return ""
    from drifttui.core.link_refs import read_ref

    return read_ref(text).text


def ledger_from(options: argparse.Namespace, file: FileSettings) -> str:
    """The flag, then `DRIFTTUI_LEDGER`, then the settings file."""
    return getattr(options, "ledger", "") or os.environ.get("DRIFTTUI_LEDGER", "") or file.ledger


def aws_from(options: argparse.Namespace, file: FileSettings) -> Sequence[AwsSettings]:
    """The accounts of the settings file. `--aws-profile` chooses one of them by name or profile, or stands for itself;
    without either no account is read."""
    profile, region = getattr(options, "aws_profile", None), getattr(options, "aws_region", None)
    chosen = [entry for entry in file.aws if not profile or profile in (entry.name, entry.profile)]
    if profile and not chosen:
        chosen = [AwsSettings(profile=profile)]
    elif region and not chosen:
        chosen = [AwsSettings()]
    return [msgspec.structs.replace(entry, region=region) for entry in chosen] if region else chosen


def _argocd(options: argparse.Namespace, file: FileSettings) -> Sequence[ArgoCDSettings]:
    if options.argocd_crd:
        return ()
    if options.argocd_server or options.argocd_context:
        return (
            ArgoCDSettings(
                server=options.argocd_server or "",
                context=options.argocd_context or "",
                token_file=Path(options.argocd_token_file) if options.argocd_token_file else None,
                token_env="" if options.argocd_token_file else "ARGOCD_AUTH_TOKEN",
                ca_file=Path(options.argocd_ca_file) if options.argocd_ca_file else None,
                insecure=options.argocd_insecure,
            ),
        )
    if file.argocd:
        return file.argocd
    if server := os.environ.get("ARGOCD_SERVER", ""):
        token_file = Path(options.argocd_token_file) if options.argocd_token_file else None
        return (
            ArgoCDSettings(
                server=server,
                token_file=token_file,
                token_env="" if token_file else "ARGOCD_AUTH_TOKEN",
                ca_file=Path(options.argocd_ca_file) if options.argocd_ca_file else None,
                insecure=options.argocd_insecure,
            ),
        )
    from drifttui.clients.argocd_config import load

    return (ArgoCDSettings(),) if load(None).current else ()


def _audit(options: argparse.Namespace, file: FileSettings) -> AuditSettings:
    """Flags replace what the file says. Raises `InputError` for a path that is not there."""
    paths = tuple(Path(path) for path in getattr(options, "audit", ()) if path != "-")
    for path in paths:
        if not path.expanduser().exists():
            raise InputError(f"No file {path}", "", "Give audit log files, or folders of them, to --audit.")
    trails = tuple(Path(path) for path in getattr(options, "cloudtrail", ()) if path != "-")
    for path in trails:
        if not path.expanduser().exists():
            raise InputError(f"No file {path}", "", "Give files of CloudTrail, or folders of them, to --cloudtrail.")
    chosen = AuditSettings(paths=paths) if paths else file.audit
    return AuditSettings(paths=chosen.paths, clusters=chosen.clusters, cloudtrail=trails) if trails else chosen


def _stacks(options: argparse.Namespace, file: FileSettings) -> Sequence[StackSettings]:
    """`--stack` names one of the file's, or stands for itself: a folder, or a plan (`.tfstate`: a state) elsewhere."""
    chosen: list[StackSettings] = []
    for place in getattr(options, "stack", None) or ():
        named = [entry for entry in file.stack if place in (entry.name, entry.place)]
        if named:
            chosen += named
        elif Path(place).expanduser().is_dir():
            chosen.append(StackSettings(dir=place))
        elif place.split("?")[0].endswith(".tfstate"):
            chosen.append(StackSettings(state=place))
        elif "://" in place or Path(place).expanduser().exists():
            chosen.append(StackSettings(plan=place))
        else:
            raise InputError(f"No stack {place}", "", "Give a folder, a plan in JSON, a state, or a name of [[stack]].")
    names = [entry.shown_name for entry in chosen or file.stack]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"Two stacks are called {twice}", "", "Give one of them a name in [[stack]].")
    return chosen or file.stack


def _crd_contexts(options: argparse.Namespace, file: FileSettings) -> Sequence[str]:
    if not options.argocd_crd:
        return file.argocd_crd_contexts
    contexts = [options.argocd_cluster] if options.argocd_cluster else list(options.context)
    if contexts:
        return contexts
    from drifttui.clients.kubeconfig import kubeconfig_files, load

    config = load(kubeconfig_files(Path(options.kubeconfig) if options.kubeconfig else None, os.environ))
    return [config.current] if config.current else []


def _kubernetes(options: argparse.Namespace, file: FileSettings) -> KubernetesSettings:
    changes: dict[str, Any] = {}
    if options.kubeconfig:
        changes["kubeconfig"] = Path(options.kubeconfig)
    if options.context:
        changes["contexts"] = tuple(options.context)
    if options.argocd_cluster:
        changes["argocd_context"] = options.argocd_cluster
    if options.no_kubernetes:
        changes["enabled"] = False
    return msgspec.structs.replace(file.kubernetes, **changes)


def build_sources(settings: Settings, clock: Clock) -> Sequence[Source]:
    """Every source that is configured. Raises `InputError` where there is none, or two share a name."""
    from importlib.metadata import entry_points

    sources: list[Source] = []
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        try:
            factory = entry.load()
        except (ImportError, AttributeError) as error:
            raise InputError(
                f"The source {entry.name} cannot be loaded",
                str(error),
                f"Reinstall or remove {entry.value.split(':')[0]}.",
            ) from error
        sources.extend(factory(settings, clock))
    names = [source.name for source in sources]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"Two sources are called {twice}", "", "Give one of them a name in the settings file.")
    if all(isinstance(source, HistorySource) for source in sources):
        raise InputError(
            "Nothing to read",
            "no Argo CD server, no kubeconfig context",
            "Give --argocd-server or --kubeconfig, or try `drifttui demo`.",
        )
    return sources
