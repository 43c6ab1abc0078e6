"""Typed access to documents that others wrote. A wrong type is one line that says where.

Go writes nil lists and maps as `null` or leaves them out, so that null and absent read as empty everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .errors import InputError

_NAMES: Final = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def wrong(where: str, wanted: str, found: Any) -> InputError:
    """The error for a value of the wrong type at `where`."""
    return InputError(
        "This is no plan or state as tofu and terraform write them",
        f"{where} is {_NAMES.get(type(found), 'something else')}, not {wanted}",
        "Make it again with `show -json`.",
    )


def mapping(held: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    value = held.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong(_at(where, key), "an object", value)
    return value


def items(held: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = held.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong(_at(where, key), "a list", value)
    return value


def objects(held: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    found = items(held, key, where)
    for position, item in enumerate(found):
        if not isinstance(item, dict):
            raise wrong(f"{_at(where, key)}[{position}]", "an object", item)
    return found


def text(held: Mapping[str, Any], key: str, where: str) -> str:
    value = held.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong(_at(where, key), "a text", value)
    return value


def flag(held: Mapping[str, Any], key: str, where: str) -> bool | None:
    """None where nobody said."""
    value = held.get(key)
    if value is not None and not isinstance(value, bool):
        raise wrong(_at(where, key), "true or false", value)
    return value


def _at(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
