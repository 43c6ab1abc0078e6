"""Manifests edited in place: the parser says where a value stands, and nothing but that is replaced. Comments, order,
quoting and indentation of everything else stay as somebody wrote them.

Afterwards the text is parsed again: an edit after which anything but what was wanted reads differently is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import yaml

from drifttui.core.json_patch import same
from drifttui.core.planes import ABSENT
from drifttui.core.pointers import MAX_DEPTH, child, get


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A date is a text, as it is to Kubernetes."""


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in resolvers if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as blocks, as people write them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


class _FlowDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


class CannotEdit(ValueError):
    """The file is left alone; one line says why."""


class Wanted(NamedTuple):
    """One field: its keys in this document, and the value to stand there, or `ABSENT`."""

    tokens: tuple[str, ...]
    value: Any


class Held(NamedTuple):
    """One document of a file. `shared`: it uses anchors, so that one place may stand for several."""

    number: int
    data: Any
    shared: bool = False


def documents(text: str) -> list[Held]:
    """Raises `CannotEdit` for what is no YAML, or nested so deep that reading it would break the reader."""
    try:
        shared = _looked_through(text)
        loaded = enumerate(yaml.load_all(text, _Loader))
        return [Held(number, data, number in shared) for number, data in loaded]
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, OverflowError) as error:
        if isinstance(error, CannotEdit):
            raise
        raise CannotEdit(f"it is no YAML: {str(error).splitlines()[0] if str(error) else 'unreadable'}") from None


def _looked_through(text: str) -> set[int]:
    """Numbers of the documents that use anchors. The composer is recursive and in C: depth is measured before it."""
    number, depth, shared = -1, 0, set()
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise CannotEdit("it is nested too deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            number += 1
        elif isinstance(event, yaml.AliasEvent):
            shared.add(number)
    return shared


def edited(text: str, document: int, wanted: Sequence[Wanted]) -> str:
    """The text with these fields of one of its documents as wanted. Raises `CannotEdit`."""
    if text.startswith("\ufeff"):
        return "\ufeff" + edited(text[1:], document, wanted)
    if "\r" in text:
        if text.count("\r\n") != text.count("\n") or text.count("\r") != text.count("\r\n"):
            raise CannotEdit("its lines end in different ways")
        return edited(text.replace("\r\n", "\n"), document, wanted).replace("\n", "\r\n")
    for one in wanted:
        text = _edited(text, document, one)
    return text


def _edited(text: str, document: int, wanted: Wanted) -> str:
    before = documents(text)
    if document >= len(before):
        raise CannotEdit("that document is empty, or holds one value")
    held = before[document]
    now = get(held.data, wanted.tokens)
    if now is wanted.value or (now is not ABSENT and wanted.value is not ABSENT and same(now, wanted.value)):
        return text
    if held.shared:
        raise CannotEdit("it uses anchors, and one edit would change several places")
    node = _node(text, document)
    as_json = _is_json(text)
    if wanted.value is ABSENT:
        changed = _removed(text, node, wanted.tokens)
    else:
        changed = _set(text, node, wanted, _json_flow if as_json else _flow)
    after = documents(changed)
    if not same(after[document].data, _expected(held.data, wanted.tokens, wanted.value)) or _others(
        text, document
    ) != _others(changed, document):
        raise CannotEdit("the edit did not read back as wanted")
    return changed


def _expected(data: Any, tokens: Sequence[str], value: Any) -> Any:
    """The document as it has to read afterwards. What becomes empty stays, empty."""
    token, rest = tokens[0], tokens[1:]
    inner = child(data, token)
    if isinstance(data, list):
        items = list(data)
        if inner is ABSENT:
            return [*items, value]
        place = int(token)
        if value is ABSENT and not rest:
            return items[:place] + items[place + 1 :]
        items[place] = _expected(inner, rest, value) if rest else value
        return items
    fields = dict(data) if isinstance(data, dict) else {}
    if value is ABSENT and not rest:
        fields.pop(token, None)
    elif rest:
        fields[token] = _expected({} if inner is ABSENT or inner is None else inner, rest, value)
    else:
        fields[token] = value
    return fields


def _others(text: str, document: int) -> list[tuple[object, ...]]:
    """The events of the other documents: comparing those stays linear whatever their anchors expand to."""
    number, told = -1, []
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.DocumentStartEvent):
            number += 1
        if number != document and not isinstance(event, (yaml.DocumentStartEvent, yaml.DocumentEndEvent)):
            told.append((number, type(event), *(getattr(event, name, None) for name in ("anchor", "tag", "value"))))
    return told


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _node(text: str, document: int) -> yaml.Node:
    for number, node in enumerate(yaml.compose_all(text, _Loader)):
        if number == document and isinstance(node, yaml.CollectionNode):
            return node
    raise CannotEdit("that document is empty, or holds one value")


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


def _set(text: str, root: yaml.Node, wanted: Wanted, flow: Flow) -> str:
    path = list(_walk(root, wanted.tokens))
    if len(path) == len(wanted.tokens):
        return _replaced(text, root, path, wanted.value, flow)
    parent = path[-1][1] if path else root
    token, rest = wanted.tokens[len(path)], wanted.tokens[len(path) + 1 :]
    value = wanted.value
    for step in reversed(rest):
        if step.isdigit():
            raise CannotEdit("the list that it belongs to is not in this file")
        value = {step: value}
    if isinstance(parent, yaml.SequenceNode):
        if rest:
            raise CannotEdit("the item that it belongs to is not in this file")
        return _appended(text, parent, value, flow)
    empty = isinstance(parent, yaml.ScalarNode) and parent.value in ("", "~", "null")
    if path and (empty or (isinstance(parent, yaml.MappingNode) and not parent.value)):
        return _replaced(text, root, path, {token: value}, flow)
    if not isinstance(parent, yaml.MappingNode):
        raise CannotEdit(f"/{'/'.join(wanted.tokens[: len(path)])} is no mapping in this file")
    return _added(text, parent, token, value, flow)


def _replaced(
    text: str, root: yaml.Node, path: list[tuple[yaml.Node | None, yaml.Node]], value: Any, flow: Flow
) -> str:
    key, node = path[-1]
    start, end = node.start_mark.index, node.end_mark.index
    around = [each for each in (root, *(node for _, node in path[:-1])) if isinstance(each, yaml.CollectionNode)]
    if isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">") and not isinstance(value, (dict, list)):
        if start == end:
            return text[:start] + " " + _plain(value) + text[end:]
        inside = any(each.flow_style for each in around)
        return text[:start] + (_flow(value) if inside and not node.style else _scalar(value, node.style)) + text[end:]
    if any(each.flow_style for each in around):
        return text[:start] + flow(value) + text[end:]
    if isinstance(node, yaml.CollectionNode) and node.flow_style and (node.value or not value):
        return text[:start] + flow(value) + text[end:]
    # A block: everything from behind the key to the end of the block.
    column = key.start_mark.column if key is not None else node.start_mark.column
    begin = key.end_mark.index + 1 if key is not None else start
    end = max(begin, _trimmed(text, begin, end, node))
    if key is None:
        return text[:start] + _block(value, column, inline=True)[1:] + text[end:]
    return text[:begin] + _block(value, column + 2, inline=False) + text[end:]


def _added(text: str, parent: yaml.MappingNode, token: str, value: Any, flow: Flow) -> str:
    if parent.flow_style:
        name = json.dumps(token) if flow is _json_flow else _plain(token)
        return _in_braces(text, parent, parent.value[-1][1] if parent.value else None, f"{name}: {flow(value)}")
    if not parent.value:
        raise CannotEdit("its place in this file is an empty mapping")
    last_key, last = parent.value[-1]
    column: int = parent.value[0][0].start_mark.column
    end = _line_end(text, _trimmed(text, last_key.start_mark.index, max(last.end_mark.index, _behind(last_key)), last))
    return text[:end] + "\n" + " " * column + _plain(token) + ":" + _block(value, column + 2, inline=False) + text[end:]


def _behind(key: yaml.Node) -> int:
    return int(key.end_mark.index) + 1


def _appended(text: str, parent: yaml.SequenceNode, value: Any, flow: Flow) -> str:
    if parent.flow_style:
        return _in_braces(text, parent, parent.value[-1] if parent.value else None, flow(value))
    last = parent.value[-1]
    column = parent.start_mark.column
    end = _line_end(text, _trimmed(text, last.start_mark.index, last.end_mark.index, last))
    return text[:end] + "\n" + " " * column + "-" + _block(value, column + 2, inline=True) + text[end:]


def _in_braces(text: str, parent: yaml.CollectionNode, last: yaml.Node | None, more: str) -> str:
    """Behind the last entry; on a line of its own where that one has one."""
    if last is None:
        at = parent.end_mark.index - 1
        return text[:at].rstrip() + more + text[at:]
    at = last.end_mark.index
    first = parent.value[0][0] if isinstance(parent, yaml.MappingNode) else parent.value[0]
    apart = first.start_mark.line != parent.start_mark.line
    return text[:at] + "," + ("\n" + " " * first.start_mark.column if apart else " ") + more + text[at:]


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _removed(text: str, root: yaml.Node, tokens: Sequence[str]) -> str:
    path = list(_walk(root, tokens))
    parent = path[-2][1] if len(path) > 1 else root
    if not isinstance(parent, yaml.CollectionNode):
        raise CannotEdit("its place in this file is no mapping")
    key, node = path[-1]
    if len(parent.value) == 1:
        if len(path) == 1:
            raise CannotEdit("it is the only thing in this file")
        return _replaced(text, root, path[:-1], {} if key is not None else [], _flow)
    if parent.flow_style:
        return _out_of_braces(text, parent, node)
    first = key.start_mark if key is not None else node.start_mark
    start = text.rfind("\n", 0, first.index) + 1
    before = text[start : first.index].strip()
    if before and not (key is None and before == "-"):
        return _out_of_line(text, parent, node, first.index)
    end = _trimmed(text, first.index, node.end_mark.index, node)
    line_end = text.find("\n", end)
    return text[:start] + (text[line_end + 1 :] if line_end >= 0 else "")


def _out_of_line(text: str, parent: yaml.CollectionNode, node: yaml.Node, at: int) -> str:
    """The first entry, behind the dash of the item that it is in: the next one takes its place."""
    first, second = parent.value[0], parent.value[1]
    if (first[1] if isinstance(first, tuple) else first) is not node:
        raise CannotEdit("it shares its line with something else: take it away by hand")
    following = second[0] if isinstance(second, tuple) else second
    return text[:at] + text[following.start_mark.index :]


def _out_of_braces(text: str, parent: yaml.CollectionNode, node: yaml.Node) -> str:
    pairs = parent.value if isinstance(parent, yaml.MappingNode) else [(each, each) for each in parent.value]
    place = next(number for number, (_, value) in enumerate(pairs) if value is node)
    if place:
        return text[: pairs[place - 1][1].end_mark.index] + text[node.end_mark.index :]
    return text[: pairs[0][0].start_mark.index] + text[pairs[1][0].start_mark.index :]


def _trimmed(text: str, start: int, end: int, node: yaml.Node) -> int:
    """The end of a block without the empty lines and comments behind it, which belong to what follows."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    literal = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    lines = text[start:end].split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or (not literal and lines[-1].lstrip().startswith("#"))):
        lines.pop()
    return start + len("\n".join(lines).rstrip())


def _scalar(value: Any, style: str | None) -> str:
    if isinstance(value, str) and style in ("'", '"'):
        quoted = "'" + value.replace("'", "''") + "'"
        return quoted if style == "'" and "\n" not in value else json.dumps(value, ensure_ascii=False)
    return _plain(value)


def _plain(value: Any) -> str:
    """One scalar as YAML writes it: quoted only where it would be read as something else."""
    if not isinstance(value, str):
        return json.dumps(value)
    dumped = str(yaml.safe_dump(value, default_flow_style=True, width=1 << 30, allow_unicode=True))
    written = dumped.split("\n...")[0].strip()
    return written if "\n" not in written else json.dumps(value, ensure_ascii=False)


Flow = Callable[[Any], str]
"""How a value is written inside braces."""


def _flow(value: Any) -> str:
    if isinstance(value, (dict, list)):
        options: Any = {"default_flow_style": True, "width": 1 << 30, "sort_keys": False, "allow_unicode": True}
        return str(yaml.dump(value, Dumper=_FlowDumper, **options)).strip()
    if isinstance(value, str) and set(value) & set(",[]{}"):
        return json.dumps(value, ensure_ascii=False)
    return _plain(value)


def _json_flow(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _block(value: Any, column: int, *, inline: bool) -> str:
    """What stands behind `key:` or `-`: a scalar on the same line, a collection on the lines below it."""
    if isinstance(value, str) and "\n" in value:
        first, *rest = (
            str(yaml.dump([value], Dumper=_Dumper, width=1 << 30, allow_unicode=True)).rstrip("\n").split("\n")
        )
        return first[1:] + "".join("\n" + (" " * (column - 2) + line if line else "") for line in rest)
    if not isinstance(value, (dict, list)) or not value:
        return " " + (_flow(value) if isinstance(value, (dict, list)) else _plain(value))
    whole = str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=1 << 30, allow_unicode=True))
    dumped = whole.rstrip("\n").split("\n")
    if inline:
        return " " + ("\n" + " " * column).join(dumped)
    return "".join("\n" + " " * column + line for line in dumped)
