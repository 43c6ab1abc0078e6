"""Addresses of resource instances, spelled as plans spell them: `module.x["k"].aws_instance.web[0]`."""

from __future__ import annotations

import re
from typing import Any, Final

from .terraform_fields import wrong

_KEY: Final = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\]')
_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def composed(module: str, mode: str, kind: str, name: str, key: Any, where: str) -> str:
    """The address of one instance. `module` is the whole address of its module, `key` that of `count` or `for_each`.

    Raises `InputError` naming `where` for a key that is neither text nor number.
    """
    base = ".".join(part for part in (module, "data" if mode == "data" else "", kind, name) if part)
    if key is None:
        return base
    if isinstance(key, str):
        return f"{base}[{quoted(key)}]"
    if isinstance(key, (int, float)) and not isinstance(key, bool):
        return f"{base}[{int(key)}]"
    raise wrong(f"{where}.index", "a text or a number", key)


def quoted(key: str) -> str:
    """A `for_each` key as HCL quotes it, where `${` is written `$${`."""
    written = []
    for at, char in enumerate(key):
        if char in _ESCAPES:
            written.append(_ESCAPES[char])
        elif char in "$%" and key[at + 1 : at + 2] == "{":
            written.append(char * 2)
        elif char.isprintable():
            written.append(char)
        else:
            written.append(f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}")
    return f'"{"".join(written)}"'


def without_keys(address: str) -> str:
    """The address in the configuration: `module.a["x"].t.n[0]` is `module.a.t.n`."""
    return _KEY.sub("", address) if "[" in address else address


def type_in(address: str) -> str:
    """The resource type that an address names; the whole address where it names none."""
    labels = without_keys(address).split(".")
    return labels[-2] if len(labels) > 1 and labels[-2] else address
