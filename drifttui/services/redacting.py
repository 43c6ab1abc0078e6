"""The last pass over everything that leaves: what still looks like a secret is withheld, and listed.

Sources redact by structure before an observation exists; this pass trusts none of that. It reads finished text: first
as a document where it is one (JSON, JSON Lines, YAML), then line by line with our own shapes and the detectors of
`detect-secrets`, then base64 with something of that kind inside.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from drifttui.core.redact import seal
from drifttui.core.secret_text import SEALED, seal_text

from .redact_documents import redact_structure

_LEFT_OUT = frozenset({"PrivateKeyDetector", "IPPublicDetector", "KeywordDetector"})
"""Private keys are taken whole by our own shape, keywords with more sense of Kubernetes; addresses are no secrets."""

_TAILS = ("api", "key", "pwd", "pw", "pass", "token")
_CHEAP: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ArtifactoryDetector": (("AKC", "AP"), ()),
    "AWSKeyDetector": (("A3T", "ABIA", "ACCA", "AKIA", "ASIA"), ("aws",)),
    "AzureStorageKeyDetector": (("AccountKey=",), ()),
    "BasicAuthDetector": (("://",), ()),
    "CloudantDetector": ((), ("clou", "cl_", "cl-", *("cl" + tail for tail in _TAILS))),
    "IbmCloudIamDetector": ((), ("ibm", "cloud")),
    "IbmCosHmacDetector": ((), ("secret",)),
    "JwtTokenDetector": (("eyJ",), ()),
    "MailchimpDetector": (("-us",), ()),
    "NpmDetector": (("_authToken",), ()),
    "OpenAIDetector": (("T3BlbkFJ",), ()),
    "SoftlayerDetector": ((), ("softlayer", "sl_", "sl-", *("sl" + tail for tail in _TAILS))),
    "TwilioKeyDetector": (("AC", "SK"), ()),
}
"""Per detector, texts (as they stand; in small letters) without one of which its patterns cannot match. Others are
always asked."""

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{24,}={0,2}(?![A-Za-z0-9+/=])")
_LONGEST_BASE64 = 1024 * 1024


class Withheld(NamedTuple):
    """One value that was taken out. The digest tells equal values, to whoever holds the key."""

    file: str
    line: int
    """From 1, in the text before."""
    what: str
    """The detector or the rule: `shape`, `GitHub Token`, `team:internal-ids`, `/data/password`."""
    digest: str


class TeamRule(NamedTuple):
    """What a team withholds besides: what matches `pattern`, or stands at `path` (JSON Pointer; `*` is any step)."""

    name: str
    pattern: re.Pattern[str] | None = None
    path: str = ""


def team_rules(folder: str | Path | None) -> tuple[TeamRule, ...]:
    """Those of a policy folder. Raises `InputError`."""
    from drifttui.store.policy_files import load_redactions

    return tuple(
        TeamRule(row.id, re.compile(row.pattern) if row.pattern else None, row.path) for row in load_redactions(folder)
    )


class LastPass:
    """One pass with one key. `withheld` grows with every text."""

    def __init__(self, key: bytes, rules: Sequence[TeamRule] = ()) -> None:
        self._key = key
        self._rules = tuple(rules)
        self.withheld: list[Withheld] = []

    def text(self, name: str, text: str, *, first: int = 1) -> str:
        """`text` without secrets; the same text where it holds none. `first` is the number of its first line."""
        found, taken = redact_structure(text, self._key, [rule for rule in self._rules if rule.path])
        for number, where, digest in taken:
            self.withheld.append(Withheld(name, first + number - 1, where, digest))
        found = _PEM.sub(lambda match: self._pem(name, first, found, match), found)
        lines = found.split("\n")
        for number, line in enumerate(lines):
            if line:
                lines[number] = self._line(name, first + number, line)
        return "\n".join(lines)

    def _pem(self, name: str, first: int, text: str, match: re.Match[str]) -> str:
        if SEALED.search(match[0]):
            return match[0]
        line = first + text.count("\n", 0, match.start())
        return f"-----BEGIN {match[1]}----- {self._take(name, line, 'private key', match[0])}"

    def _take(self, name: str, line: int, what: str, secret: str) -> str:
        digest = seal(self._key, secret)
        self.withheld.append(Withheld(name, line, what, digest))
        return digest

    def _line(self, name: str, number: int, line: str) -> str:
        line = seal_text(line, lambda secret: self._take(name, number, "shape", secret))
        for what, secret in detected(line):
            if not SEALED.search(secret):
                line = line.replace(secret, self._take(name, number, what, secret))
        for rule in self._rules:
            if rule.pattern is not None:
                line = rule.pattern.sub(
                    lambda m, rule=rule: self._take(name, number, f"team:{rule.name}", m[0]),  # type: ignore[misc]
                    line,
                )
        return _BASE64.sub(lambda match: self._encoded(name, number, match[0]), line)

    def _encoded(self, name: str, number: int, blob: str) -> str:
        if len(blob) > _LONGEST_BASE64 or len(blob) % 4 == 1:
            return blob
        try:
            inside = base64.b64decode(blob + "=" * (-len(blob) % 4), validate=True).decode()
        except (binascii.Error, ValueError):
            return blob
        sealed = seal_text(inside, lambda secret: seal(self._key, secret)) != inside
        if sealed or any(True for _ in detected(inside)):
            return self._take(name, number, "secret in base64", blob)
        return blob


@lru_cache(maxsize=1)
def _detectors() -> tuple[tuple[Any, tuple[str, ...], tuple[str, ...]], ...]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector

    kinds: Any = get_mapping_from_secret_type_to_class().values()
    wanted = [kind for kind in kinds if issubclass(kind, RegexBasedDetector) and kind.__name__ not in _LEFT_OUT]
    return tuple((kind(), *_CHEAP.get(kind.__name__, ((), ()))) for kind in wanted)


def detected(line: str) -> Iterator[tuple[str, str]]:
    """What the detectors of `detect-secrets` find in one line: its kind and the secret itself."""
    small = line.lower()
    for detector, exact, lowered in _detectors():
        anyhow = not exact and not lowered
        if anyhow or any(text in line for text in exact) or any(text in small for text in lowered):
            for secret in sorted(set(detector.analyze_string(line)), key=len, reverse=True):
                yield detector.secret_type, secret
