"""Manifests edited in place: the parser says where a value stands, and nothing but that is replaced. Comments, order,
quoting and indentation of everything else stay as somebody wrote them.

Afterwards the text is parsed again: an edit that does not read back as wanted is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import yaml

from drifttui.core.planes import ABSENT
from drifttui.core.pointers import child, get

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as blocks, as people write them."""


def _text(dumper: yaml.SafeDumper, value: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


class CannotEdit(ValueError):
    """The file is left alone; one line says why."""


class Wanted(NamedTuple):
    """One field: its keys in this document, and the value to stand there, or `ABSENT`."""

    tokens: tuple[str, ...]
    value: Any


class Held(NamedTuple):
    """One document of a file."""

    number: int
    data: Any


def documents(text: str) -> list[Held]:
    """Raises `CannotEdit` for what is no YAML."""
    try:
        return [Held(number, data) for number, data in enumerate(yaml.load_all(text, _LOADER))]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CannotEdit(f"it is no YAML: {str(error).splitlines()[0] if str(error) else 'nested too deep'}") from None


def edited(text: str, document: int, wanted: Sequence[Wanted]) -> str:
    """The text with these fields of one of its documents as wanted. Raises `CannotEdit`."""
    for one in wanted:
        text = _edited(text, document, one)
    return text


def _edited(text: str, document: int, wanted: Wanted) -> str:
    before = documents(text)
    if get(before[document].data, wanted.tokens) == wanted.value and wanted.value is not ABSENT:
        return text
    node = _node(text, document)
    if "*" in text and _has_alias(text, document):
        raise CannotEdit("it uses anchors, and one edit would change several places")
    changed = _removed(text, node, wanted.tokens) if wanted.value is ABSENT else _set(text, node, wanted)
    after = documents(changed)
    others = [held.data for held in before if held.number != document]
    if get(after[document].data, wanted.tokens) != wanted.value or others != [
        held.data for held in after if held.number != document
    ]:
        raise CannotEdit("the edit did not read back as wanted")
    return changed


def _node(text: str, document: int) -> yaml.Node:
    for number, node in enumerate(yaml.compose_all(text, _LOADER)):
        if number == document and isinstance(node, yaml.CollectionNode):
            return node
    raise CannotEdit("that document is empty, or holds one value")


def _has_alias(text: str, document: int) -> bool:
    number = -1
    for event in yaml.parse(text, _LOADER):
        if isinstance(event, yaml.DocumentStartEvent):
            number += 1
        elif isinstance(event, yaml.AliasEvent) and number == document:
            return True
    return False


def _below(node: yaml.Node, token: str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key node (of a mapping) and the value node; None where there is none."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if getattr(key, "value", None) == token:
                return key, value
    elif isinstance(node, yaml.SequenceNode) and token.isdigit() and int(token) < len(node.value):
        return None, node.value[int(token)]
    return None, None


def _walk(node: yaml.Node, tokens: Sequence[str]) -> Iterator[tuple[yaml.Node | None, yaml.Node]]:
    for token in tokens:
        key, found = _below(node, token)
        if found is None:
            return
        yield key, found
        node = found


def _set(text: str, root: yaml.Node, wanted: Wanted) -> str:
    path = list(_walk(root, wanted.tokens))
    if len(path) == len(wanted.tokens):
        return _replaced(text, path, wanted)
    parent = path[-1][1] if path else root
    token, rest = wanted.tokens[len(path)], wanted.tokens[len(path) + 1 :]
    value = wanted.value
    for step in reversed(rest):
        if step.isdigit():
            raise CannotEdit("the list that it belongs to is not in this file")
        value = {step: value}
    if isinstance(parent, yaml.SequenceNode):
        return _appended(text, parent, value)
    if not isinstance(parent, yaml.MappingNode):
        raise CannotEdit(f"/{'/'.join(wanted.tokens[: len(path)])} is no mapping in this file")
    return _added(text, parent, token, value)


def _replaced(text: str, path: list[tuple[yaml.Node | None, yaml.Node]], wanted: Wanted) -> str:
    key, node = path[-1]
    start, end = node.start_mark.index, node.end_mark.index
    if (
        isinstance(node, yaml.ScalarNode)
        and node.style in (None, "'", '"')
        and not isinstance(wanted.value, (dict, list))
    ):
        return text[:start] + _scalar(wanted.value, node.style) + text[end:]
    flow = isinstance(node, yaml.CollectionNode) and node.flow_style
    if flow:
        return text[:start] + _flow(wanted.value) + text[end:]
    # A block: everything from behind the key to the end of the block.
    column = key.start_mark.column if key is not None else node.start_mark.column
    begin = key.end_mark.index + 1 if key is not None else start
    end = _trimmed(text, begin, end)
    body = _block(wanted.value, column + 2 if key is not None else column, inline=key is None)
    return text[:begin] + body + text[end:]


def _added(text: str, parent: yaml.MappingNode, token: str, value: Any) -> str:
    if parent.flow_style:
        end = parent.end_mark.index - 1
        comma = ", " if parent.value else ""
        return text[:end].rstrip() + f"{comma}{_plain_key(token)}: {_flow(value)}" + text[end:]
    if not parent.value:
        raise CannotEdit("its place in this file is an empty mapping")
    last_key, last = parent.value[-1]
    column: int = parent.value[0][0].start_mark.column
    end = _trimmed(text, last_key.start_mark.index, last.end_mark.index)
    line_end = text.find("\n", end)
    end = len(text) if line_end < 0 else line_end
    line = "\n" + " " * column + _plain_key(token) + ":" + _block(value, column + 2, inline=False)
    return text[:end] + line + text[end:]


def _appended(text: str, parent: yaml.SequenceNode, value: Any) -> str:
    if parent.flow_style:
        end = parent.end_mark.index - 1
        comma = ", " if parent.value else ""
        return text[:end].rstrip() + f"{comma}{_flow(value)}" + text[end:]
    last = parent.value[-1]
    column = parent.start_mark.column
    end = _trimmed(text, last.start_mark.index, last.end_mark.index)
    line_end = text.find("\n", end)
    end = len(text) if line_end < 0 else line_end
    return text[:end] + "\n" + " " * column + "-" + _block(value, column + 2, inline=True) + text[end:]


def _removed(text: str, root: yaml.Node, tokens: Sequence[str]) -> str:
    path = list(_walk(root, tokens))
    if len(path) < len(tokens):
        return text
    parent = path[-2][1] if len(path) > 1 else root
    if not isinstance(parent, yaml.CollectionNode):
        raise CannotEdit("its place in this file is no mapping")
    key, node = path[-1]
    if len(parent.value) == 1:
        raise CannotEdit("it is the only thing in its place: taking it away leaves nothing")
    if parent.flow_style:
        raise CannotEdit("it stands inside braces: take it away by hand")
    first = key.start_mark if key is not None else node.start_mark
    start = text.rfind("\n", 0, first.index) + 1
    if key is None and text[start : first.index].strip() not in ("-", ""):
        raise CannotEdit("the item does not begin a line")
    end = _trimmed(text, first.index, node.end_mark.index)
    line_end = text.find("\n", end)
    if key is not None and text[start : first.index].strip():
        raise CannotEdit("it shares its line with a dash: take it away by hand")
    return text[:start] + (text[line_end + 1 :] if line_end >= 0 else "")


def _trimmed(text: str, start: int, end: int) -> int:
    """The end of a block without the empty lines and comments behind it, which belong to what follows."""
    body = text[start:end]
    lines = body.split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return start + len("\n".join(lines).rstrip())


def _scalar(value: Any, style: str | None) -> str:
    if isinstance(value, str) and style in ("'", '"'):
        quoted = "'" + value.replace("'", "''") + "'"
        return quoted if style == "'" and "\n" not in value else json.dumps(value)
    return _plain(value)


def _plain(value: Any) -> str:
    """One scalar as YAML writes it: quoted only where it would be read as something else."""
    if not isinstance(value, str):
        return json.dumps(value)
    written = str(yaml.safe_dump(value, default_flow_style=True, width=1 << 30, allow_unicode=True)).split("\n...")[0]
    return written.strip() if "\n" not in written.strip() else json.dumps(value, ensure_ascii=False)


def _plain_key(token: str) -> str:
    return _plain(token)


def _flow(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return str(
            yaml.safe_dump(value, default_flow_style=True, width=1 << 30, sort_keys=False, allow_unicode=True)
        ).strip()
    return _plain(value)


def _block(value: Any, column: int, *, inline: bool) -> str:
    """What stands behind `key:` or `-`: a scalar on the same line, a collection on the lines below it."""
    if not isinstance(value, (dict, list)) or not value:
        return " " + _flow(value)
    whole = str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=1 << 30, allow_unicode=True))
    dumped = whole.rstrip("\n").split("\n")
    if inline:
        return " " + ("\n" + " " * column).join(dumped)
    return "".join("\n" + " " * column + line for line in dumped)


def in_document(document: Any, actual: Any, tokens: Sequence[str]) -> tuple[str, ...]:
    """Where a path of the actual object is in a manifest: list items are found again by their `name` (or `key`, `port`,
    `containerPort`), else by position where both lists are equally long. Raises `CannotEdit`."""
    found: list[str] = []
    for token in tokens:
        if isinstance(actual, list):
            item = child(actual, token)
            token = _position(document, actual, item, token)
        found.append(token)
        actual = child(actual, tokens[len(found) - 1])
        document = child(document, token)
    return tuple(found)


def _position(document: Any, actual: list[Any], item: Any, token: str) -> str:
    if not isinstance(document, list):
        raise CannotEdit("the list is not in this file")
    if isinstance(item, dict):
        for key in ("name", "key", "containerPort", "port", "mountPath"):
            if key in item:
                for number, other in enumerate(document):
                    if isinstance(other, dict) and other.get(key) == item[key]:
                        return str(number)
                return str(len(document))
    if len(document) == len(actual):
        return token
    raise CannotEdit("which item of the list it is cannot be told")
