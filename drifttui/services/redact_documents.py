"""Secrets by their place in a text that is a document: JSON, JSON Lines or YAML, whole or damaged.

YAML is mended in place, so that comments and order stay; JSON is written anew, in its own indentation, where something
was taken out. A text that is no document keeps its form, and what stands under `data` of a Secret in it is taken out
line by line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from drifttui.core.errors import BadAnswer
from drifttui.core.pointers import escape, unescape
from drifttui.core.redact import redact_document, seal
from drifttui.core.secret_names import promises_secret
from drifttui.core.secret_text import SEALED, is_placeholder

if TYPE_CHECKING:
    import yaml

Taken = tuple[int, str, str]
"""Line, JSON Pointer, digest."""

LARGEST_YAML = 8 * 1024 * 1024
"""Characters. PyYAML reads a megabyte a second; what is larger goes through the passes by line only."""

_VARIABLE = re.compile(
    r"(?P<head>\bname[\"']?\s*:\s*[\"']?(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,80})[\"']?\s*[,\n]\s*[\"']?value[\"']?\s*:\s*[\"']?)"
    r"(?P<secret>[^\s\"'},][^\"'\n},]*)"
)
"""`name: DB_PASSWORD` with its `value`, on one line or two."""

_SECRET = re.compile(r"[\"']?kind[\"']?\s*:\s*[\"']?Secret\b")
_DATA = re.compile(r"^(?P<indent>[ \t-]*)(?:data|stringData):[ \t]*$")
_ENTRY = re.compile(r"^(?P<head>\s*[^\s#:][^:]*:[ \t]*)(?P<value>\S.*)$")
_JSON_DATA = re.compile(r"\"(?:data|stringData)\"\s*:\s*\{[^{}]*\}?")
_JSON_ENTRY = re.compile(r"(\"(?:[^\"\\]|\\.)*\"\s*:\s*)\"((?:[^\"\\]|\\.)*)\"?")


class PathRule(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...


def redact_structure(text: str, key: bytes, rules: Sequence[PathRule] = ()) -> tuple[str, list[Taken]]:
    """The text without what is secret by its place, and what that was. Never raises: damage only makes it cruder."""
    start = text.lstrip()[:1]
    if start in ("{", "["):
        found = _json(text, key, rules)
        return found if found is not None else _lines(text, key)
    if ":" in text and len(text) <= LARGEST_YAML:
        mended = _yaml(text, key, rules)
        if mended is not None:
            return mended
    return _lines(text, key)


def _json(text: str, key: bytes, rules: Sequence[PathRule]) -> tuple[str, list[Taken]] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return _json_lines(text, key, rules)
    except RecursionError:
        return None
    redacted = _redacted(value, key, rules)
    if redacted is None:
        return None
    taken = [(1, where, digest) for where, digest in _differences(value, redacted, "")]
    if not taken:
        return text, []
    indent = re.match(r"\s*[{\[]\r?\n([ \t]+)", text)
    spaced = json.dumps(redacted, ensure_ascii=False, indent=indent[1] if indent else None)
    return spaced + text[len(text.rstrip()) :], taken


def _json_lines(text: str, key: bytes, rules: Sequence[PathRule]) -> tuple[str, list[Taken]] | None:
    """None where not one line is a document."""
    lines = text.split("\n")
    taken: list[Taken] = []
    good = 0
    for number, line in enumerate(lines):
        if line.lstrip()[:1] not in ("{", "["):
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            lines[number], crude = _lines(line, key)
            taken += [(number + 1, where, digest) for _, where, digest in crude]
            continue
        good += 1
        redacted = _redacted(value, key, rules)
        if redacted is None:
            lines[number] = '"' + seal(key, line) + '"'
            taken.append((number + 1, "nested too deep to be read", seal(key, line)))
            continue
        if found := [(number + 1, where, digest) for where, digest in _differences(value, redacted, "")]:
            taken += found
            lines[number] = json.dumps(redacted, ensure_ascii=False, separators=(",", ":"))
    return ("\n".join(lines), taken) if good else None


def _redacted(value: Any, key: bytes, rules: Sequence[PathRule]) -> Any:
    """None where it is nested too deep."""
    try:
        redacted = redact_document(value, key)
        for rule in rules:
            redacted = _by_path(redacted, rule.path.split("/")[1:], key)
    except (BadAnswer, RecursionError):
        return None
    return redacted


def _by_path(value: Any, steps: Sequence[str], key: bytes) -> Any:
    if not steps:
        return {"digest": seal(key, value if isinstance(value, str) else json.dumps(value, sort_keys=True))}
    step, rest = unescape(steps[0]), steps[1:]
    if isinstance(value, dict):
        return {k: _by_path(v, rest, key) if step in ("*", k) else v for k, v in value.items()}
    if isinstance(value, list):
        return [_by_path(v, rest, key) if step in ("*", str(n)) else v for n, v in enumerate(value)]
    return value


def _differences(before: Any, after: Any, where: str) -> Iterator[tuple[str, str]]:
    if before is after:
        return
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for name, value in before.items():
            escaped = escape(str(name))
            yield from _differences(value, after[name], f"{where}/{escaped}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, value in enumerate(before):
            yield from _differences(value, after[number], f"{where}/{number}")
    elif before != after:
        yield where, _digest_in(after)


def _digest_in(value: Any) -> str:
    found = SEALED.search(json.dumps(value))
    return found[0] if found else ""


# YAML, in place.


def _yaml(text: str, key: bytes, rules: Sequence[PathRule]) -> tuple[str, list[Taken]] | None:
    """None where it is no YAML, or holds no mapping."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    edits: list[tuple[int, int, str]] = []
    taken: list[Taken] = []
    try:
        for node in yaml.compose_all(text, Loader=loader):
            if not isinstance(node, (yaml.MappingNode, yaml.SequenceNode)):
                continue
            value = _plain(node, 0)
            redacted = _redacted(value, key, rules)
            if redacted is None:
                return None
            for found, where, new in _changed(node, value, redacted, ""):
                start, end = found.start_mark, found.end_mark
                taken.append((start.line + 1, where, _digest_in(new)))
                edits.append((start.index, end.index, _spelled(new, text[start.index : end.index])))
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    for begin, finish, new in sorted(set(edits), reverse=True):
        text = text[:begin] + new + text[finish:]
    return text, taken


def _plain(node: yaml.Node, depth: int) -> Any:
    """Texts, lists and mappings; keys that stand twice keep apart, so that no value hides behind another."""
    import yaml

    if depth > 100:
        raise ValueError("nested too deep")
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, depth + 1) for item in node.value]
    found: dict[str, Any] = {}
    for name, value in node.value:
        found.setdefault(str(getattr(name, "value", "")), _plain(value, depth + 1))
    return found


def _changed(node: yaml.Node, before: Any, after: Any, where: str) -> Iterator[tuple[yaml.Node, str, Any]]:
    import yaml

    if before is after:
        return
    if isinstance(node, yaml.MappingNode) and isinstance(after, dict) and isinstance(before, dict):
        if before.keys() == after.keys():
            for name, value in node.value:
                plain = str(getattr(name, "value", ""))
                escaped = escape(plain)
                own = _plain(value, 0)
                same = own == before[plain]
                # A second value under the same key is hidden from most readers, and is withheld with the first.
                new = after[plain] if same else after[plain] if after[plain] != before[plain] else own
                yield from _changed(value, own, new, f"{where}/{escaped}")
            return
    elif isinstance(node, yaml.SequenceNode) and isinstance(after, list) and isinstance(before, list):
        for number, item in enumerate(node.value):
            yield from _changed(item, before[number], after[number], f"{where}/{number}")
        return
    if before != after:
        yield node, where, after


def _spelled(value: Any, instead: str) -> str:
    """JSON is YAML; a block scalar ends with its newline."""
    return json.dumps(value, ensure_ascii=False) + ("\n" if instead.endswith("\n") else "")


# What is no document.


def _lines(text: str, key: bytes) -> tuple[str, list[Taken]]:
    taken: list[Taken] = []

    def variable(match: re.Match[str]) -> str:
        if not promises_secret(match["name"]) or is_placeholder(match["secret"]) or SEALED.search(match["secret"]):
            return match[0]
        digest = seal(key, match["secret"])
        taken.append((text.count("\n", 0, match.start()) + 1, f"value of {match['name'][:60]}", digest))
        return match["head"] + digest

    text = _VARIABLE.sub(variable, text)
    if not _SECRET.search(text):
        return text, taken

    def entry(number: int) -> Callable[[re.Match[str]], str]:
        def sealed(match: re.Match[str]) -> str:
            if not match[2] or SEALED.search(match[2]):
                return match[0]
            taken.append((number, "data of a Secret", seal(key, match[2])))
            return f'{match[1]}"{seal(key, match[2])}"'

        return sealed

    def inline(match: re.Match[str]) -> str:
        return _JSON_ENTRY.sub(entry(text.count("\n", 0, match.start()) + 1), match[0])

    text = _JSON_DATA.sub(inline, text)
    lines = text.split("\n")
    under: int | None = None
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip(" \t-"))
        if (found := _DATA.match(line)) is not None:
            under = len(found["indent"])
        elif under is not None and line.strip() and not line.lstrip().startswith("#"):
            if indent <= under or line.startswith("---"):
                under = None
            elif (held := _ENTRY.match(line)) is not None and not SEALED.search(line):
                taken.append((number + 1, "data of a Secret", seal(key, held["value"])))
                lines[number] = f"{held['head']}{seal(key, held['value'])}"
            elif not SEALED.search(line):
                taken.append((number + 1, "data of a Secret", seal(key, line.strip())))
                lines[number] = f"{line[:indent]}{seal(key, line.strip())}"
    return "\n".join(lines), taken
