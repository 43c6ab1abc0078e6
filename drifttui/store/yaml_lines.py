"""YAML that remembers the line of every key, so that a message can name it.

Only plain data is read: no tags, times stay text (an offset must not get lost), and a key that stands twice is an error
rather than a silent choice. Size, depth and the expansion of aliases are bounded, because these files come from others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from drifttui.core.errors import InputError, inert

Where = tuple[str | int, ...]

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 100


class _Loader(yaml.SafeLoader):
    """SafeLoader without timestamps."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Located(NamedTuple):
    """A document and the line of everything in it. `name` is how messages call the file."""

    name: str
    data: Any
    lines: Mapping[Where, int]

    def error(self, where: Where, what: str) -> InputError:
        """One line that names file, line and key; the line is that of the nearest key that is there."""
        at = where
        while at and at not in self.lines:
            at = at[:-1]
        line = self.lines.get(at, 1)
        key = path_words(where)
        return InputError(f"{self.name}, line {line}{f', {key}' if key else ''}", what)


def path_words(where: Where) -> str:
    """`decisions[3].when.domain`"""
    words = ""
    for step in where:
        words += f"[{step}]" if isinstance(step, int) else f".{step}" if words else str(step)
    return inert(words, 160)


def read_text(path: Path) -> str:
    """The text of a file. Raises `InputError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"Cannot read {path}", error.strerror or str(error)) from error
    return decoded(raw, str(path))


def decoded(raw: bytes, name: str) -> str:
    if len(raw) > MAX_BYTES:
        raise InputError(f"{name} is too large", f"more than {MAX_BYTES // (1024 * 1024)} MB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"{name}, line {line}", "is no UTF-8") from error


def load(text: str, name: str) -> Located:
    """The one document in `text`. Raises `InputError` with the line."""
    name = inert(name, 160)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        builder = _Builder(loader, name)
        data = None if node is None else builder.build(node, (), 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{name}{line}", error.problem or "is no YAML") from error
    except yaml.YAMLError as error:
        raise InputError(name, f"is no YAML: {error}") from error
    except RecursionError as error:
        raise InputError(name, "is nested too deeply") from error
    except ValueError as error:
        raise InputError(name, str(error)) from error
    finally:
        loader.dispose()
    return Located(name, data, builder.lines)


class _Builder:
    """Turns nodes into data and notes their lines."""

    def __init__(self, loader: _Loader, name: str) -> None:
        self._loader = loader
        self._name = name
        self._left = MAX_NODES
        self.lines: dict[Where, int] = {(): 1}

    def build(self, node: yaml.Node, at: Where, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise InputError(self._name, f"has more than {MAX_NODES} values")
        if depth > MAX_DEPTH:
            raise InputError(f"{self._name}, line {node.start_mark.line + 1}", "is nested too deeply")
        self.lines.setdefault(at, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*at, index), depth + 1) for index, child in enumerate(node.value)]
        try:
            return self._loader.construct_object(node)
        except (ValueError, OverflowError) as error:
            raise InputError(f"{self._name}, line {node.start_mark.line + 1}", f"{error}") from error

    def _mapping(self, node: yaml.MappingNode, at: Where, depth: int) -> dict[str, Any]:
        self._loader.flatten_mapping(node)
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise InputError(f"{self._name}, line {key_node.start_mark.line + 1}", "a key must be a text")
            key = str(key_node.value)
            where = (*at, key)
            line = key_node.start_mark.line + 1
            if key in data:
                raise InputError(f"{self._name}, line {line}, {path_words(where)}", "stands twice")
            self.lines[where] = line
            data[key] = self.build(value_node, where, depth + 1)
        return data
