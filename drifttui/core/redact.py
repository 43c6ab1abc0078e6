"""Secret values become keyed digests before an observation exists (design rule 4).

What is secret by its place (data of a Secret, a variable called PASSWORD, a field called token) becomes
`{"digest": "hmac:…"}`; what is secret by its shape inside a longer text is replaced there by `hmac:…`, so that the text
stays a text. The digest is a keyed HMAC-SHA256 of the decoded value, cut to sixteen hex digits: equal values have equal
digests for everybody who holds the key, and nobody can try values out without it.

Masks of other programs (`++++++++` of Argo CD, `**SOPS**` of Flux) are no values and stay as they are.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from .errors import BadAnswer
from .planes import Document
from .pointers import MAX_DEPTH
from .secret_names import (
    looks_like_a_name,
    may_name_an_object,
    promises_secret,
    promises_secret_annotation,
    promises_secret_field,
)
from .secret_text import SEALED, Seal, is_placeholder, seal_text

DIGEST_HEX = 16
SOPS_MASK = "**SOPS**"

_ARGO_MASK = re.compile(r"\+{8,}")
_CIPHER = "ENC[AES256_GCM,"
_COPY_LENGTH = 6
"""Shortest value of a Secret that is looked for inside its annotations; shorter ones occur by chance."""


def digest(value: str | bytes, key: bytes) -> dict[str, str]:
    """`{"digest": "hmac:<16 hex>"}`. Text is taken as UTF-8, so that `data` and `stringData` agree."""
    return {"digest": seal(key, value)}


def redact_text(text: str, key: bytes) -> str:
    """For messages of events and bodies of errors: secrets that give themselves away are replaced by `hmac:…`."""
    return seal_text(text, partial(seal, key), prose=True)


def redact_document(document: Document, key: bytes) -> Document:
    """`document` with every secret value replaced; shares what it did not have to touch.

    Redacting twice changes nothing. Raises `BadAnswer` for a document that is nested too deep to be walked.
    """
    redacted: Document = _Walk(partial(seal, key)).value(document, 0)
    return redacted


def is_digest(value: Any) -> bool:
    """Whether this stands for a secret value."""
    if isinstance(value, dict):
        text = value.get("digest")
        return len(value) <= 2 and isinstance(text, str) and SEALED.fullmatch(text) is not None
    return False


def is_mask(value: Any) -> bool:
    """Whether this stands for a secret value that nobody told us: it can be equal to anything."""
    if isinstance(value, dict):
        return "masked" in value and is_digest(value)
    return isinstance(value, str) and (value == SOPS_MASK or _ARGO_MASK.fullmatch(value) is not None)


def holds_secret(value: Any) -> bool:
    """Whether a digest or a mask is anywhere in `value`."""
    if isinstance(value, str):
        return value == SOPS_MASK or ("hmac:" in value and SEALED.search(value) is not None)
    if isinstance(value, dict):
        return is_digest(value) or any(holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(holds_secret(item) for item in value)


def seal(key: bytes, value: str | bytes) -> str:
    """The text that stands for a secret, the same everywhere, so that equal values stay equal: `hmac:<16 hex>`."""
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return f"hmac:{hmac.digest(key, raw, 'sha256').hex()[:DIGEST_HEX]}"


class _Walk:
    """One walk over one document, with the key inside `seal`."""

    def __init__(self, seal: Callable[[str | bytes], str], *, secret: bool = False) -> None:
        self._seal_bytes = seal
        self._seal: Seal = seal
        self._secret = secret
        """The document, or what it is a copy of, is a Secret even where it does not say so."""

    def value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return self._object(value, depth)
        if isinstance(value, list):
            return self._list(value, depth)
        return value

    def _text(self, text: str) -> Any:
        if len(text) < 8:
            return text
        if text.startswith(_CIPHER) and text.endswith("]") and text.count("[") == 1:
            return {"digest": self._seal(text), "masked": "sops"}
        return seal_text(text, self._seal)

    def _list(self, items: list[Any], depth: int) -> list[Any]:
        if depth > MAX_DEPTH:
            raise BadAnswer("A document is nested too deep", f"more than {MAX_DEPTH} levels", "Nothing is compared.")
        new = [self.value(item, depth + 1) for item in items]
        for position in range(len(items) - 1):
            flag, follower = items[position], items[position + 1]
            if isinstance(flag, str) and isinstance(follower, str) and flag[:1] == "-" and follower[:1] != "-":
                sealed = SEALED.fullmatch(follower) is not None or is_placeholder(follower)
                if "=" not in flag and not sealed and promises_secret(flag.lstrip("-")):
                    new[position + 1] = self._seal(follower)
        return items if all(a is b for a, b in zip(items, new, strict=True)) else new

    def _object(self, held: dict[str, Any], depth: int) -> dict[str, Any]:
        if depth > MAX_DEPTH:
            raise BadAnswer("A document is nested too deep", f"more than {MAX_DEPTH} levels", "Nothing is compared.")
        if "digest" in held and is_digest(held):
            return held
        kind = held.get("kind")
        secret = kind == "Secret" or (self._secret and depth == 0)
        config = kind == "ConfigMap"
        variable = isinstance(held.get("name"), str) and isinstance(held.get("value"), str) and len(held) <= 4
        new: dict[str, Any] = {}
        changed = False
        for name, value in held.items():
            redacted: Any
            if secret and name in ("data", "stringData") and isinstance(value, dict):
                redacted = {k: self._secret_value(v, encoded=name == "data") for k, v in value.items()}
            elif config and name in ("data", "binaryData") and isinstance(value, dict):
                redacted = self._config(value, binary=name == "binaryData", depth=depth)
            elif name == "metadata" and isinstance(value, dict):
                redacted = self._metadata(value, held if secret else None, depth + 1)
            elif isinstance(value, str):
                if variable and name == "value" and promises_secret(held["name"]):
                    redacted = self._whole(value)
                elif name == "secretKey" and ("remoteRef" in held or "match" in held):
                    redacted = value  # External Secrets: the name of an entry.
                else:
                    redacted = self._field(name, value)
            elif isinstance(value, (dict, list)):
                redacted = self.value(value, depth + 1)
            else:
                redacted = value
            changed = changed or redacted is not value
            new[name] = redacted
        return new if changed else held

    def _field(self, name: str, value: str) -> Any:
        if not isinstance(name, str) or not promises_secret_field(name):
            return self._text(value)
        if may_name_an_object(name) and looks_like_a_name(value):
            return self._text(value)
        return self._whole(value)

    def _whole(self, value: str) -> Any:
        if is_placeholder(value) or is_mask(value):
            return value
        if value.startswith(_CIPHER):
            return {"digest": self._seal(value), "masked": "sops"}
        return {"digest": self._seal(value)}

    def _config(self, data: dict[str, Any], *, binary: bool, depth: int) -> dict[str, Any]:
        new: dict[str, Any] = {}
        for name, value in data.items():
            if not isinstance(value, str):
                new[name] = self.value(value, depth + 2)
            elif binary:
                new[name] = {"digest": self._seal_bytes(_decoded(value))} if value else value
            elif isinstance(name, str) and promises_secret(name) and "\n" not in value.strip():
                new[name] = self._whole(value)
            else:
                new[name] = self._text(value)
        return data if all(new[name] is value for name, value in data.items()) else new

    def _secret_value(self, value: Any, *, encoded: bool) -> Any:
        if value is None or value == "" or is_digest(value):
            return value
        if not isinstance(value, str):
            return {"digest": self._seal(json.dumps(value, sort_keys=True))}
        if is_mask(value):
            return value
        if value.startswith(_CIPHER):
            return {"digest": self._seal(value), "masked": "sops"}
        raw = _decoded(value) if encoded else value.encode("utf-8", "surrogatepass")
        if encoded and raw in (b"**SOPS**", b'{"mask":"**SOPS**"}'):
            return SOPS_MASK
        return {"digest": self._seal_bytes(raw)}

    def _metadata(self, metadata: dict[str, Any], secret: dict[str, Any] | None, depth: int) -> dict[str, Any]:
        """`managedFields` hold names of fields only, and are large: they are left alone."""
        new: dict[str, Any] = {}
        for name, value in metadata.items():
            if name == "managedFields":
                new[name] = value
            elif name in ("annotations", "labels") and isinstance(value, dict):
                new[name] = self._annotations(value, secret, by_name=name == "annotations")
            else:
                new[name] = self._field(name, value) if isinstance(value, str) else self.value(value, depth + 1)
        return new

    def _annotations(
        self, annotations: dict[str, Any], secret: dict[str, Any] | None, *, by_name: bool
    ) -> dict[str, Any]:
        """Annotations and labels stay texts, because everything that reads them expects texts."""
        copies = _copies(secret) if secret is not None else []
        new: dict[str, Any] = {}
        for name, value in annotations.items():
            if not isinstance(value, str) or not value:
                new[name] = value
                continue
            text = self._embedded(value, secret is not None)
            for copy, plain in copies:
                if copy in text:
                    text = text.replace(copy, self._seal_bytes(plain))
            if text == value and by_name and promises_secret_annotation(name):
                known = is_placeholder(value) or SEALED.search(value) is not None or is_mask(value)
                text = value if known or _names_a_secret(name, value) else self._seal(value)
            new[name] = text
        return new

    def _embedded(self, text: str, secret: bool) -> str:
        """A text that may be a whole object in JSON, such as `kubectl.kubernetes.io/last-applied-configuration`."""
        if text.lstrip()[:1] not in ("{", "["):
            return seal_text(text, self._seal)
        try:
            held = json.loads(text)
        except (ValueError, RecursionError):
            if not secret:
                return seal_text(text, self._seal)
            return text if SEALED.fullmatch(text) else self._seal(text)
        redacted = _Walk(self._seal_bytes, secret=secret).value(held, 0)
        return text if redacted is held else json.dumps(redacted, separators=(",", ":"), ensure_ascii=False)


def _names_a_secret(annotation: str, value: str) -> bool:
    """`nginx.ingress.kubernetes.io/auth-secret: shop/basic-auth` says where a secret is."""
    named = may_name_an_object(annotation.rsplit("/", 1)[-1]) or annotation.endswith("secret")
    return named and all(map(looks_like_a_name, value.split("/")))


def _decoded(value: str) -> bytes:
    """The bytes behind base64; what is none is taken as it stands."""
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return value.encode("utf-8", "surrogatepass")


def _copies(secret: dict[str, Any]) -> list[tuple[str, bytes]]:
    """Texts under which values of a Secret may be repeated, longest first, with the value that each stands for."""
    found: dict[str, bytes] = {}
    for name in ("data", "stringData"):
        values = secret.get(name)
        for value in values.values() if isinstance(values, dict) else ():
            if not isinstance(value, str) or is_mask(value):
                continue
            raw = _decoded(value) if name == "data" else value.encode("utf-8", "surrogatepass")
            if len(raw) < _COPY_LENGTH:
                continue
            found[base64.b64encode(raw).decode()] = raw
            try:
                found[raw.decode()] = raw
            except UnicodeDecodeError:
                continue
    return sorted(found.items(), key=lambda item: -len(item[0]))
