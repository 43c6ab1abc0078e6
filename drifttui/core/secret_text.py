"""Secrets inside text: what gives itself away by its shape, wherever it stands.

Every rule replaces the secret part alone by `hmac:…`, so that the rest stays readable and equality stays visible. What
is replaced already is left alone, which makes the whole idempotent.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .secret_names import looks_like_a_name, may_name_an_object, promises_secret, words

Seal = Callable[[str], str]
"""Turns a secret into its `hmac:…` text."""

_TRIGGER = re.compile(
    r"://[^\s]{0,1024}@|-----BEGIN|ENC\[|eyJ|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|glptt-|xox[abeprs]-|xapp-"
    r"|hooks\.slack|sk[-_]|rk_|AIza|ya29\.|hv[sb]\.|dop_v1_|SG\.|npm_|pypi-|AGE-SECRET|dckr_pat_|shpat_"
    r"|(?i:bearer|basic |passw|passphrase|pwd|secret|token|api[-_]?key|access[-_]?key|account[-_]?key|private[-_]?key"
    r"|signing[-_]?key|credential|_?auth|sig=)"
)
"""Cheap first look: nothing below can match where none of this stands."""

SEALED = re.compile(r"hmac:[0-9a-f]{16}")

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_SOPS = re.compile(r"ENC\[AES256_GCM,[^\]]*\]")
_URL = re.compile(
    r"(?P<head>://(?:[^\s:/@'\"<>]{0,256}:(?!\d{1,5}/))?)"
    r"(?P<secret>(?<=:)[^\s/'\"<>]{1,512}(?:/[^\s/@'\"<>]{0,128}){0,4}?|(?<=//)[A-Za-z0-9_-]{20,256})(?=@)"
)
"""The password of `scheme://user:password@host`, or a long user that can only be a token. A port is no password, so
that `oci://registry:5000/app@sha256:…` stays as it is."""

_TOKENS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|gl(?:pat|ptt|dt|rt|soat)-[A-Za-z0-9_=.-]{16,}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"
    r"|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|sk-(?:[a-z0-9]{2,10}-){0,2}[A-Za-z0-9]{20,}"
    r"|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}"
    r"|hv[sb]\.[A-Za-z0-9_-]{20,}|dop_v1_[0-9a-f]{32,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|AGE-SECRET-KEY-1[A-Z0-9]{20,}|dckr_pat_[A-Za-z0-9_-]{16,}"
    r"|shpat_[0-9a-f]{24,})(?![A-Za-z0-9])"
)
_SLACK_HOOK = re.compile(r"(?P<head>hooks\.slack\.com/(?:services|workflows)/)(?P<secret>[A-Za-z0-9/_-]{8,})")
_AUTHORIZATION = re.compile(
    r"(?P<head>\b(?:bearer|basic|authorization[\"']?\s*[:=]\s*[\"']?(?:token|apikey))\s+)(?P<secret>[A-Za-z0-9._~+/=-]{8,})",
    re.IGNORECASE,
)
_DOCKER_AUTH = re.compile(r"(?P<head>\"(?:auth|identitytoken|registrytoken)\"\s*:\s*\")(?P<secret>[^\"\\]{4,})(?=\")")

_NAME = r"[A-Za-z0-9_.-]{0,60}(?:passw(?:or)?d|passphrase|pwd|secret|token|key|credentials?|pass|sig)[A-Za-z0-9_]{0,20}"
_ASSIGNED = re.compile(
    rf"(?<![A-Za-z0-9_.])(?P<name>-{{0,2}}{_NAME})(?P<to>=|\s*:=\s*)(?P<quote>\\?[\"']?)(?P<secret>[^\s\"'&;,<>\\]+)",
    re.IGNORECASE,
)
"""`--password=x`, `?token=x&`, `Password=x;`, `TOKEN=x`."""

_LINE = re.compile(
    rf"^(?P<head>[ \t]*(?:-[ \t]+)?(?:export[ \t]+)?[\"']?(?P<name>{_NAME})[\"']?[ \t]*[:=][ \t]*)"
    r"(?P<secret>[^\s][^\r\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
"""A line of a properties, INI, YAML or dotenv file, also inside a ConfigMap."""

_QUOTED = re.compile(
    rf"(?P<head>(?P<quote>\\?[\"'])(?P<name>{_NAME})(?P=quote)\s*:\s*(?P=quote))(?P<secret>(?:(?!(?P=quote)).)+)",
    re.IGNORECASE,
)
"""`"password": "x"` in JSON, also in JSON inside JSON."""

_FLAG = re.compile(rf"(?P<head>(?:^|\s)--?(?P<name>{_NAME})\s+)(?P<secret>[^\s\"'-][^\s\"']*)", re.IGNORECASE)

_PLACEHOLDER = re.compile(
    r"(?:\$\([^)]*\)|\$\{[^}]*\}|\{\{(?:(?!\}\}).)*\}\}|<[^>]*>|\*+|\++|\*\*SOPS\*\*|null|nil|none|true|false|~|"
    r"\(unset\)|required|optional|x{3,}|(?:vault|ref\+[a-z]+|secretref|awssm|gcpsm)(?::|://)\S*|[|>][-+0-9]*)",
    re.IGNORECASE | re.DOTALL,
)
"""Values that stand for a secret without being one."""


def is_placeholder(value: str) -> bool:
    """Empty, or a reference that something else fills in: `$(TOKEN)`, `{{ .Values.x }}`, `vault:path#key`."""
    stripped = value.strip()
    return not stripped or _PLACEHOLDER.fullmatch(stripped) is not None


def _nests(value: str) -> bool:
    """Whether this opens an object or list rather than being a value that happens to start with a bracket."""
    return len(value) == 1 or value[-1] in "]}" or ":" in value


def seal_text(text: str, seal: Seal, *, prose: bool = False) -> str:
    """`text` with every secret in it replaced.

    `prose` leaves lines of the form `token: word` alone, which in a message are words and in a file are values.
    """
    if _TRIGGER.search(text) is None:
        return text

    def part(match: re.Match[str]) -> str:
        secret = match["secret"]
        start = match.start("secret")
        bare = secret.strip(" \t,\"'")
        if SEALED.search(secret) or is_placeholder(bare):
            return match[0]
        start += secret.index(bare)
        end = start + len(bare)
        secret = bare
        return match[0][: start - match.start()] + seal(secret) + match[0][end - match.start() :]

    def named(match: re.Match[str]) -> str:
        name = match["name"].lstrip("-")
        secret = match["secret"].strip(" \t,\"'")
        if not (promises_secret(name) or words(name)[-1:] == ("sig",)) or (secret[:1] in ("{", "[") and _nests(secret)):
            return match[0]
        return match[0] if may_name_an_object(name) and looks_like_a_name(secret) else part(match)

    text = _PEM.sub(lambda m: f"-----BEGIN {m[1]}----- {seal(m[0])}" if not SEALED.search(m[0]) else m[0], text)
    text = _SOPS.sub(lambda m: seal(m[0]), text)
    if "://" in text:
        text = _URL.sub(part, text)
        text = _SLACK_HOOK.sub(part, text)
    text = _AUTHORIZATION.sub(lambda m: m[0] if m["secret"].isalpha() and m["secret"].islower() else part(m), text)
    text = _TOKENS.sub(lambda m: seal(m[0]), text)
    text = _DOCKER_AUTH.sub(part, text)
    text = _QUOTED.sub(named, text)
    if not prose:
        text = _LINE.sub(named, text)
    text = _ASSIGNED.sub(named, text)
    return _FLAG.sub(named, text)
