"""Which names promise a secret value: of environment variables, of keys in configuration, of fields."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SECRET_WORDS = _set(
    """password passwd passwort pwd pass passphrase passcode secret secrets token tokens apikey credential credentials
    authtoken privatekey secretkey accesskey clientsecret"""
)
_KEY_BEFORE = _set(
    """api access private secret signing encryption master account ssh license auth shared storage session deploy
    service hmac jwt aes app rsa"""
)
"""A `key` is a secret behind one of these words; alone it is the name of an entry."""

_DESCRIBES = _set(
    """name names path paths file files filename dir directory ttl expiry expires expiration length min max type kind
    enabled enable disabled count ref refs selector id ids mount mounts algorithm issuer header policy store namespace
    seconds minutes timeout interval endpoint host port region version format user username size limit audience scope
    scopes rotation prefix suffix checksum hash sha sha1 sha256 digest fingerprint url uri provider class label field
    public required optional strategy mode rate cost reset lifetime age period template engine backend source location
    revision generation status state rules method index keyref env schedule lookup manager operator controller"""
)
"""Last words that say something about a secret rather than hold it: `tokenPath`, `PASSWORD_MIN_LENGTH`."""

_NEVER = frozenset({"public", "checksum", "hash", "fingerprint", "digest"})

_OBJECT_BEFORE = _set("existing image pull tls ca cert certificate token password credentials credential")

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")

_NAME_OF_AN_OBJECT = re.compile(r"[a-z0-9]([-a-z0-9.]{0,250}[a-z0-9])?")
_DIGIT = re.compile(r"[0-9]")


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """Lower-case words of `snake_case`, `kebab-case`, `dotted.names` and `camelCase`."""
    return tuple(word.lower() for word in _WORD.findall(name[:200]))


@lru_cache(maxsize=4096)
def promises_secret(name: str) -> bool:
    """Whether a variable of this name is expected to hold a secret rather than to describe one."""
    found = words(name)
    if not found or found[-1] in _DESCRIBES or not _NEVER.isdisjoint(found):
        return False
    if not _SECRET_WORDS.isdisjoint(found):
        return True
    return any(word == "key" and before in _KEY_BEFORE for before, word in pairwise(found))


@lru_cache(maxsize=4096)
def promises_secret_field(name: str) -> bool:
    """The same for a field of an object, where `passwordKey` names an entry of a Secret."""
    found = words(name)
    if len(found) > 1 and found[-1] == "key" and found[-2] not in _KEY_BEFORE:
        return False
    return promises_secret(name)


@lru_cache(maxsize=4096)
def promises_secret_annotation(name: str) -> bool:
    """The same for an annotation, where only the last word counts: `agent-inject-secret-db` holds a path."""
    found = words(name.rsplit("/", 1)[-1])
    if not promises_secret(name.rsplit("/", 1)[-1]) or not _NEVER.isdisjoint(words(name)):
        return False
    return found[-1] in _SECRET_WORDS or found[-1] == "key"


@lru_cache(maxsize=4096)
def may_name_an_object(name: str) -> bool:
    """Whether a field of this name holds the *name* of a Secret: `existingSecret`, `tlsSecret`, `imagePullSecret`."""
    found = words(name)
    return len(found) > 1 and found[-1] in ("secret", "secrets") and found[0] in _OBJECT_BEFORE


def looks_like_a_name(value: str) -> bool:
    """Whether a value is a plausible object name rather than random text: lower case, and not a long run of hex."""
    if not _NAME_OF_AN_OBJECT.fullmatch(value):
        return False
    longest = max(value.replace(".", "-").split("-"), key=len)
    return len(longest) < 20 or len(_DIGIT.findall(longest)) < 3
