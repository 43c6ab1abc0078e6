"""What an operator's reference to an incident or change names: which tracker, which record there, one normal form.

Any address or ticket id will do. Secrets in addresses (`user:password@`, `?token=`) are gone before anything keeps the
reference, and a token is never sent to a host that a reference names: resolvers ask the configured server only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from .errors import InputError, inert
from .secret_names import promises_secret, words
from .secret_text import seal_text

LONGEST: Final = 2000
"""Characters of a reference; browsers and trackers stay below."""

_WANTED: Final = "Give an http or https address, or an id."

LONGEST_ID: Final = 200
"""Characters of a ticket id that no known tracker gives."""

GONE: Final = "***"
"""Stands where a secret was inside a part that is kept."""


class Tracker(StrEnum):
    PAGERDUTY = "pagerduty"
    JIRA = "jira"
    SERVICENOW = "servicenow"
    GITHUB = "github"
    GITLAB = "gitlab"
    OTHER = "other"
    """Kept and shown; nobody reads its title."""


class LinkRef(NamedTuple):
    """One record of one tracker."""

    tracker: Tracker
    key: str
    """As the tracker calls it: `INC-9127`, `Q1AB2CD3EF4GH5`, `CHG0030001`, `acme/shop#42`; else the text itself."""
    host: str = ""
    """The host, and port, that the reference named; empty for a bare id and for what is hosted for everybody."""
    url: str = ""
    """Without anything secret; empty for a bare id."""
    table: str = ""
    """ServiceNow only: `incident`, `change_request`."""

    @property
    def text(self) -> str:
        """The normal form: what is kept as `LinkRecord.ref`, and read again to the same reference."""
        if self.url or self.tracker is Tracker.OTHER or _bare(self.key).tracker is self.tracker:
            return self.url or self.key
        return f"{self.tracker}:{self.key}"

    @property
    def id(self) -> str:
        """Twelve hex digits; the same reference gives the same on every machine."""
        import hashlib  # It brings OpenSSL along, which no first frame needs.

        return hashlib.sha256("\x00".join((self.tracker, self.host, self.key)).encode()).hexdigest()[:12]

    @property
    def display(self) -> str:
        """Short, for a row: `INC-9127`, `acme/shop#42`, `wiki.example.com/…/page`."""
        if self.tracker is not Tracker.OTHER or not self.url:
            return self.key
        parts = urlsplit(self.url)
        last = unquote(parts.path).rstrip("/").rpartition("/")[2]
        short = f"{self.host}/…/{last}" if parts.path.count("/") > 1 else f"{self.host}/{last}".rstrip("/")
        return inert(short, 60)

    @property
    def kind(self) -> str:
        """`incident` or `change`, where the operator does not say."""
        change = self.table == "change_request" or _CHANGE.match(self.key) is not None
        return "change" if change else "incident"


_CHANGE: Final = re.compile(r"(?:CHG|CHANGE|ECHG|CR|RFC)[-0-9]", re.IGNORECASE)
_JIRA_KEY: Final = re.compile(r"[A-Z][A-Z0-9_]{1,30}-[1-9][0-9]{0,9}")
_SERVICENOW_NUMBER: Final = re.compile(r"(INC|CHG|PRB|TASK|CTASK)[0-9]{5,12}")
_PAGERDUTY_ID: Final = re.compile(r"(?=[A-Z]*[0-9])(?:[PQ][A-Z0-9]{6}|Q[A-Z0-9]{13})")
_GITHUB_SHORT: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100})#([1-9][0-9]{0,9})")
_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}"
_GITLAB_SHORT: Final = re.compile(rf"((?:{_SEGMENT}/){{1,20}}{_SEGMENT})#([1-9][0-9]{{0,9}})")
_GITHUB_PATH: Final = re.compile(r"/([^/]+/[^/]+)/(?:issues|pull)/([1-9][0-9]{0,9})")
_GITLAB_PATH: Final = re.compile(r"/(.+?)/-/(?:issues|incidents|work_items)/(?:incident/)?([1-9][0-9]{0,9})")
_PAGERDUTY_PATH: Final = re.compile(r"/incidents/([A-Z0-9]{1,20})")
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?|[0-9a-f:]{2,45}")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}):")
_TABLES: Final[Mapping[str, str]] = {
    "INC": "incident",
    "CHG": "change_request",
    "PRB": "problem",
    "TASK": "task",
    "CTASK": "change_task",
}
_PREFIXES: Final[Mapping[str, Tracker]] = {
    **{str(tracker): tracker for tracker in Tracker if tracker is not Tracker.OTHER},
    "pd": Tracker.PAGERDUTY,
    "snow": Tracker.SERVICENOW,
}
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def read_ref(text: str) -> LinkRef:
    """What `text` names. Equal records give equal references, however their addresses were copied.

    `jira:INC-9127` or `gitlab:group/project#4` say the tracker where the id alone does not. Raises `InputError` for
    nothing, for more than an address can be, and for addresses that are not http or https; its text quotes no secret.
    """
    if len(text) > LONGEST:
        raise InputError("This is no reference", f"{len(text)} characters", f"At most {LONGEST}.")
    wanted = _unwrapped(inert(text, LONGEST))
    if not wanted:
        raise InputError("No reference", "", "Give an incident or change: an address or a ticket id.")
    scheme = _SCHEME.match(wanted)
    word = scheme[1].lower() if scheme else ""
    if scheme and word in _PREFIXES and not wanted.startswith("//", scheme.end()):
        return _named(_PREFIXES[word], wanted[scheme.end() :].strip())
    if scheme and wanted.startswith("//", scheme.end()):
        if word not in _DEFAULT_PORTS:
            raise InputError(
                f"{inert(word, 20)} addresses are no links", "", "Give an http or https address, or an id."
            )
        return _addressed(wanted, word)
    if word in ("javascript", "data", "file", "vbscript"):
        raise InputError(f"{word} addresses are no links", "", _WANTED)
    return _bare(wanted)


def _unwrapped(text: str) -> str:
    """Without the brackets or quotes that it was copied in."""
    while len(text) > 1 and (text[0], text[-1]) in (
        ("<", ">"),
        ("(", ")"),
        ("[", "]"),
        ('"', '"'),
        ("'", "'"),
        ("`", "`"),
    ):
        text = text[1:-1].strip()
    return text


def _bare(text: str) -> LinkRef:
    upper = text.upper()
    if _SERVICENOW_NUMBER.fullmatch(upper):
        return _servicenow(upper)
    if _JIRA_KEY.fullmatch(upper):
        return LinkRef(Tracker.JIRA, upper)
    if _PAGERDUTY_ID.fullmatch(text):
        return LinkRef(Tracker.PAGERDUTY, text)
    if match := _GITHUB_SHORT.fullmatch(text):
        return LinkRef(Tracker.GITHUB, f"{match[1].lower()}#{match[2]}")
    if match := _GITLAB_SHORT.fullmatch(text):
        return LinkRef(Tracker.GITLAB, f"{match[1].lower()}#{match[2]}")
    return LinkRef(Tracker.OTHER, inert(seal_text(text, lambda secret: GONE), LONGEST_ID))


def _named(tracker: Tracker, text: str) -> LinkRef:
    """`tracker:id`."""
    found = LinkRef(Tracker.OTHER, text)
    match tracker:
        case Tracker.JIRA if _JIRA_KEY.fullmatch(text.upper()):
            found = LinkRef(tracker, text.upper())
        case Tracker.SERVICENOW if _SERVICENOW_NUMBER.fullmatch(text.upper()):
            found = _servicenow(text.upper())
        case Tracker.PAGERDUTY if re.fullmatch(r"[A-Z0-9]{1,20}", text.upper()):
            found = LinkRef(tracker, text.upper())
        case Tracker.GITHUB if match := _GITHUB_SHORT.fullmatch(text):
            found = LinkRef(tracker, f"{match[1].lower()}#{match[2]}")
        case Tracker.GITLAB if match := _GITLAB_SHORT.fullmatch(text):
            found = LinkRef(tracker, f"{match[1].lower()}#{match[2]}")
    if found.tracker is Tracker.OTHER:
        raise InputError(f"{inert(_sealed(text), 60) or 'Nothing'} is no id of {tracker}", "", _SHAPES[tracker])
    return found


_SHAPES: Final[Mapping[Tracker, str]] = {
    Tracker.JIRA: "Such as jira:INC-9127.",
    Tracker.SERVICENOW: "Such as servicenow:CHG0030001.",
    Tracker.PAGERDUTY: "Such as pagerduty:Q1AB2CD3EF4GH5, or the incident's number.",
    Tracker.GITHUB: "Such as github:owner/repository#42.",
    Tracker.GITLAB: "Such as gitlab:group/project#42.",
}


def _servicenow(number: str) -> LinkRef:
    kind = _SERVICENOW_NUMBER.fullmatch(number)
    return LinkRef(Tracker.SERVICENOW, number, table=_TABLES[kind[1]] if kind else "")


def _addressed(text: str, scheme: str) -> LinkRef:
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise InputError("This address cannot be read", "", "Copy it from the tracker again.") from error
    host = host if _HOST.fullmatch(host) else _ascii(host)
    host = f"[{host}]" if ":" in host else host
    host += f":{port}" if port is not None and port != _DEFAULT_PORTS[scheme] else ""
    plain = parts._replace(scheme=scheme, netloc=host)
    for read in _READERS:
        if (found := read(host, plain)) is not None:
            return found
    url = _without_secrets(plain)
    if len(url) > LONGEST:
        raise InputError("This address is too long", f"{len(url)} characters", f"At most {LONGEST}.")
    return LinkRef(Tracker.OTHER, url, host, url)


def _ascii(host: str) -> str:
    """A name in another script as browsers send it, so that a look-alike is seen for what it is."""
    try:
        spelled = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        spelled = ""
    if not _HOST.fullmatch(spelled):
        raise InputError("This address names no host", "", "Copy it from the tracker again.")
    return spelled


def _jira(host: str, parts: SplitResult) -> LinkRef | None:
    head, _, tail = parts.path.rstrip("/").rpartition("/")
    chosen = dict(parse_qsl(parts.query)).get("selectedIssue", "").upper()
    key = tail.upper()
    hosted = host.endswith(".atlassian.net")
    known = hosted or re.search(r"/(browse|issues|servicedesk/.*|portal/[0-9]+)$", head) is not None
    if _JIRA_KEY.fullmatch(chosen):
        key, known = chosen, True
    if not known or not _JIRA_KEY.fullmatch(key):
        return None
    base = head.rpartition("/browse")[0] if head.endswith("/browse") and not hosted else ""
    return LinkRef(Tracker.JIRA, key, host, f"{parts.scheme}://{host}{base}/browse/{key}")


def _pagerduty(host: str, parts: SplitResult) -> LinkRef | None:
    found = _PAGERDUTY_PATH.match(parts.path)
    if found is None or not host.endswith(".pagerduty.com"):
        return None
    return LinkRef(Tracker.PAGERDUTY, found[1], host, f"https://{host}/incidents/{found[1]}")


def _servicenow_address(host: str, parts: SplitResult) -> LinkRef | None:
    """The table and number, or the sys_id, wherever the many shells of ServiceNow put them."""
    # Shells quote the inner address once or twice.
    whole = unquote(unquote(f"{parts.path}?{parts.query}"))[:LONGEST]
    table = re.search(r"\b(incident|change_request|problem|change_task)(?:\.do|/|\?|$)", whole)
    number = re.search(r"\b((?:INC|CHG|PRB|CTASK)[0-9]{5,12})\b", whole)
    sys_id = re.search(r"(?:sys_id=|/)([0-9a-f]{32})\b", whole)
    if not (host.endswith(".service-now.com") or ".do" in whole) or not (number or (table and sys_id)):
        return None
    if number:
        found = _servicenow(number[1])
        url = f"{parts.scheme}://{host}/nav_to.do?uri={found.table}.do?sysparm_query=number={found.key}"
        return found._replace(host=host, url=url)
    assert table is not None and sys_id is not None
    url = f"{parts.scheme}://{host}/{table[1]}.do?sys_id={sys_id[1]}"
    return LinkRef(Tracker.SERVICENOW, sys_id[1], host, url, table[1])


def _gitlab(host: str, parts: SplitResult) -> LinkRef | None:
    path = unquote(parts.path).rstrip("/")
    found = _GITLAB_PATH.fullmatch(path) or (_GITHUB_PATH.fullmatch(path) if host == "gitlab.com" else None)
    if found is None or not _GITLAB_SHORT.fullmatch(f"{found[1]}#{found[2]}"):
        return None
    key = f"{found[1].lower()}#{found[2]}"
    url = f"{parts.scheme}://{host}/{quote(found[1])}/-/issues/{found[2]}"
    return LinkRef(Tracker.GITLAB, key, "" if host == "gitlab.com" else host, url)


def _github(host: str, parts: SplitResult) -> LinkRef | None:
    """GitHub and what is spelled like it; a server of one's own is asked only where it is configured."""
    found = _GITHUB_PATH.match(parts.path + "/")
    if found is None or not _GITHUB_SHORT.fullmatch(f"{found[1]}#{found[2]}"):
        return None
    public = host in ("github.com", "www.github.com")
    host = "github.com" if public else host
    url = f"{parts.scheme}://{host}/{found[1]}/issues/{found[2]}"
    return LinkRef(Tracker.GITHUB, f"{found[1].lower()}#{found[2]}", "" if public else host, url)


_READERS: Final[tuple[Callable[[str, SplitResult], LinkRef | None], ...]] = (
    _pagerduty, _servicenow_address, _jira, _gitlab, _github,
)  # fmt: skip


def _without_secrets(parts: SplitResult) -> str:
    """The address without parameters that hold a secret by name or shape. A fragment goes with its first one."""
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _secret(name, value)]
    fragment = parts.fragment
    if any(_secret(name, value) for name, value in parse_qsl(fragment.rpartition("?")[2])):
        fragment = ""
    path, query = quote(parts.path, safe="/%:@!$&*+,;=~"), urlencode(kept, safe="/:@,*")
    sealed = _sealed(urlunsplit((parts.scheme, parts.netloc, path, query, quote(fragment, safe="/%:@!$&*+,;=~?"))))
    return sealed if sealed == _sealed(sealed) else f"{parts.scheme}://{parts.netloc}/"


def _secret(name: str, value: str) -> bool:
    lower = name.lower()
    named = promises_secret(name) or words(name)[-1:] in (("sig",), ("signature",)) or lower in _SECRET_PARAMETERS
    return named or lower.startswith("x-amz-") or _sealed(value) != value


_SECRET_PARAMETERS: Final = frozenset(
    {"auth", "authuser", "code", "jwt", "key", "otp", "session", "sessionid", "sid", "state", "ticket"}
)


def _sealed(text: str) -> str:
    return seal_text(text, lambda secret: GONE)
