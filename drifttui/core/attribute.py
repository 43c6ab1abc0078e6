"""Who wrote a field: the audit write that fits a change, and whether its account was held by whom it was made for.

A user agent and a field manager are chosen by the client. They can show that an account was held by a person; they
never show who that person was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from .actor_words import ENGINE_CLIENTS, ENGINES
from .actors import account
from .case import MACHINE_KINDS, PERSON_KINDS, AuditEvent, Case
from .finding import Change, Owner

CLOCKS_APART = timedelta(minutes=2)
"""managedFields and audit records of one write may disagree by this much."""
SAME_FIT = timedelta(seconds=1)
"""Two writes that are this close in distance fit equally well: audit times are whole seconds in some systems."""

_READ_VERBS = frozenset({"get", "list", "watch", "proxy", "head", "options"})
_READ_CALL = re.compile(
    r"(BatchGet|BatchDescribe|Get|List|Describe|Head|Lookup|Query|Scan|Search|Select|Assume|Decrypt|Test|Simulate|Preview|"
    r"Validate|Detect|Estimate|Check|ConsoleLogin|Verify|GenerateDataKey|View|Filter|Retrieve)(?=$|[A-Z])"
)

_PERSON_TOOLS = re.compile(
    r"console\.|signin\.|mozilla/|\bk9s\b|\blens\b|openlens|headlamp|cloudshell|s3console|azureportal|"
    r"argocd-cli|postman|insomnia",
    re.IGNORECASE,
)
_SHELL_TOOLS = re.compile(
    r"kubectl|oc/|helm/|aws-cli|azurecli|\baz/|gcloud|google-cloud-sdk|curl/|wget/|httpie", re.IGNORECASE
)
_WORKSTATION = re.compile(r"darwin|macos|mac os|windows|\bwin32\b|wsl", re.IGNORECASE)
_PERSON_MANAGERS = re.compile(r"kubectl-(edit|label|annotate)|k9s|lens|openlens|headlamp|mozilla", re.IGNORECASE)
_HAND_MANAGERS = re.compile(r"kubectl|k9s|lens|openlens|headlamp|mozilla|\boc\b|^helm$|curl|dashboard", re.IGNORECASE)

_INSIDE = tuple(
    ip_network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                "fc00::/7", "fe80::/10", "::1/128")
)  # fmt: skip


class Writer(NamedTuple):
    """The account behind a change, and how the write was matched to it."""

    event: AuditEvent
    how: str
    """`path`, `nearest`, or `only`."""
    misused: str = ""
    """Why a machine's account is taken to be in a person's hands; empty where it is not."""

    @property
    def actor(self) -> str:
        return self.event.actor

    @property
    def kind(self) -> str:
        return kind_of(self.event)

    @property
    def time(self) -> datetime | None:
        return self.event.time

    @property
    def person(self) -> bool:
        return self.kind in PERSON_KINDS or bool(self.misused)

    @property
    def proven(self) -> bool:
        """False where only managedFields names it: a client's word is no identity."""
        return self.event.source != "managed-fields"


class Attribution(NamedTuple):
    """The writer, or why there is none."""

    writer: Writer | None = None
    ambiguous: tuple[str, ...] = ()
    """Accounts that fit equally well."""
    unread: bool = False
    """The audit log could not be read."""
    later: AuditEvent | None = None
    """A fitting write after the observation, so that what was observed is not what is there now."""


@lru_cache(maxsize=4096)
def _kind_by_name(actor: str) -> str:
    """A name alone never makes a person: only what is surely a machine's counts."""
    kind = account(actor).kind
    return kind.case_word if kind.case_word in MACHINE_KINDS else "unknown"


def kind_of(event: AuditEvent) -> str:
    """The kind of an account; by its name where the record does not say and the name is a machine's."""
    return event.actor_kind if event.actor_kind != "unknown" else _kind_by_name(event.actor)


@lru_cache(maxsize=4096)
def is_write(verb: str) -> bool:
    """Whether a Kubernetes verb or an API call changes something. A record without a verb may have."""
    return verb.lower() not in _READ_VERBS and not _READ_CALL.match(verb)


@lru_cache(maxsize=16384)
def related(one: str, other: str) -> bool:
    """Equal paths, or one above the other. `""` is the whole object."""
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")


def newest(owners: Iterable[Owner]) -> Owner | None:
    """The field manager that wrote last; one without a time only where there is no other."""
    best: Owner | None = None
    for owner in owners:
        if best is None or (owner.time is not None and (best.time is None or owner.time > best.time)):
            best = owner
    return best


def attribute(case: Case, change: Change) -> Attribution:
    """The latest audit write on this path; else, of records without paths, the one nearest the newest manager time."""
    if case.audit is None:
        return Attribution(unread=True)
    seen_at = case.unit.observed_at
    writes, later = [], None
    for event in case.audit:
        if not is_write(event.verb) or (event.touches is not None and not _touches(event, change.path)):
            continue
        if event.time is not None and seen_at is not None and event.time > seen_at + CLOCKS_APART:
            later = event if event.touches is not None else later
            continue
        writes.append(event)
    logged = [event for event in writes if event.source != "managed-fields"]
    for events in (logged, writes):
        exact = [event for event in events if event.touches is not None]
        found = _latest(exact) if exact else _nearest([e for e in events if e.touches is None], change)
        if found is not None:
            best, how = found
            if len(best) > 1:
                return Attribution(ambiguous=tuple(sorted({event.actor for event in best})), later=later)
            return Attribution(Writer(best[0], how, misuse(case, change, best[0])), later=later)
    return Attribution(later=later)


def _touches(event: AuditEvent, path: str) -> bool:
    return any(related(touched, path) for touched in event.touches or ())


Found = tuple[Sequence[AuditEvent], str]


def _latest(events: Sequence[AuditEvent]) -> Found:
    """The newest write; several where different accounts wrote at that instant."""
    dated = [event for event in events if event.time is not None]
    if not dated:
        return _one_per_actor(events), "path"
    last = max(event.time for event in dated if event.time)
    return _one_per_actor([event for event in dated if event.time == last]), "path"


def _nearest(events: Sequence[AuditEvent], change: Change) -> Found | None:
    if not events:
        return None
    owner = newest(change.owners)
    if owner is None or owner.time is None:
        # Without a manager's time, one account's last write is all that can be said; of two accounts neither.
        dated = sorted((e for e in events if e.time), key=_moment, reverse=True)
        return _one_per_actor(dated or events), "only"
    at = owner.time
    fitting = [(abs(e.time - at), e) for e in events if e.time is not None and abs(e.time - at) <= CLOCKS_APART]
    if not fitting:
        return None
    best = min(distance for distance, _ in fitting)
    return _one_per_actor([event for distance, event in fitting if distance - best <= SAME_FIT]), "nearest"


def _moment(event: AuditEvent) -> float:
    return event.time.timestamp() if event.time else 0.0


def _one_per_actor(events: Sequence[AuditEvent]) -> Sequence[AuditEvent]:
    return list({event.actor: event for event in reversed(events)}.values())


def misuse(case: Case, change: Change, event: AuditEvent) -> str:
    """Why a machine's account looks held by a person: an interactive tool, a workstation, an address outside.

    A pipeline on a hosted runner also comes from a public address, so an address alone counts only together with a
    shell's tool and without a merge behind the write (the caller asks for the merge).
    """
    if kind_of(event) not in MACHINE_KINDS or event.source == "managed-fields":
        return ""
    agent = event.user_agent
    if found := _WORKSTATION.search(agent):
        return f"the client runs on {found.group(0).lower()}"
    if _PERSON_TOOLS.search(agent):
        return "the client is one that people use"
    owner = newest(change.owners)
    if (
        owner is not None
        and _PERSON_MANAGERS.search(owner.manager)
        and (owner.time is None or event.time is None or abs(owner.time - event.time) <= CLOCKS_APART)
    ):
        return f"the field manager {owner.manager} is an interactive one"
    if _SHELL_TOOLS.search(agent) and outside(event.source_ip):
        return "a shell's tool called from a public address"
    return ""


@lru_cache(maxsize=4096)
def outside(address: str) -> bool:
    """Whether an address is none of a private network's. Unreadable ones (a service name) are not."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return not any(ip in net for net in _INSIDE if net.version == ip.version)


def by_shell(agent: str) -> bool:
    """Whether a client is a command-line tool or a browser rather than a controller's own library."""
    return bool(_SHELL_TOOLS.search(agent) or _PERSON_TOOLS.search(agent))


@lru_cache(maxsize=4096)
def by_hand(manager: str) -> bool:
    """Whether a field manager's name is that of a tool which people hold in their hands."""
    return bool(_HAND_MANAGERS.search(manager))


@lru_cache(maxsize=4096)
def engine_manager(manager: str) -> bool:
    """Whether a field manager is the control plane that applies Git."""
    return bool(ENGINE_CLIENTS.search(manager))


def engine_actor(event: AuditEvent) -> bool:
    """Whether an account is the control plane that applies Git, or the pipeline of a stack."""
    return bool(ENGINES.search(event.actor) or ENGINE_CLIENTS.search(event.user_agent))


def taking_turns(case: Case, change: Change) -> tuple[str, ...]:
    """Machines that overwrite each other on this field: at least A, B, A. Empty where there is no such fight."""
    events = sorted(
        (
            event
            for event in case.audit or ()
            if event.time is not None
            and is_write(event.verb)
            and event.touches is not None
            and any(touched == change.path or change.path.startswith(touched + "/") for touched in event.touches)
        ),
        key=_moment,
    )
    turns: list[AuditEvent] = []
    for event in events:
        if not turns or turns[-1].actor != event.actor:
            turns.append(event)
    last = turns[-3:]
    if len(last) < 3 or last[0].actor != last[2].actor:
        return ()
    if any(kind_of(event) not in MACHINE_KINDS or misuse(case, change, event) for event in last):
        return ()
    return (last[0].actor, last[1].actor)
