"""A policy folder: YAML files over the default policy, refused with messages that name file, line and key."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from drifttui.core.errors import InputError
from drifttui.core.policy import PolicyFile, Redaction, merged
from drifttui.core.policy_table import Policy

from .paths import config_directory
from .yaml_lines import Located, load, read_text

SUFFIXES = (".yaml", ".yml")


@lru_cache(maxsize=1)
def default_file() -> PolicyFile:
    """The policy that comes with the program."""
    text = (files("drifttui") / "assets" / "policy.yaml").read_text(encoding="utf-8")
    return PolicyFile.model_validate(load(text, "assets/policy.yaml").data)


@lru_cache(maxsize=1)
def default_policy() -> Policy:
    return Policy(default_file())


def policy_folder(explicit: str | Path | None) -> Path | None:
    """The folder asked for, else the operator's own where it is there."""
    if explicit:
        return Path(explicit)
    own = config_directory() / "policy"
    return own if own.is_dir() else None


def load_policy(folder: str | Path | None = None) -> Policy:
    """The policy of a folder over the default; the default for None. Raises `InputError` for the first problem."""
    if folder is None:
        return default_policy()
    found, problems = read_folder(Path(folder))
    if problems:
        raise problems[0]
    return Policy(merged(found, default_file()))


def load_redactions(folder: str | Path | None = None) -> tuple[Redaction, ...]:
    """What a policy folder withholds besides; nothing for None. Raises `InputError` for the first problem."""
    found, problems = read_folder(Path(folder)) if folder is not None else ([], [])
    if problems:
        raise problems[0]
    return tuple(row for file in found for row in file.redact)


def read_folder(folder: Path) -> tuple[list[PolicyFile], list[InputError]]:
    """The files of a folder that hold, and every problem of those that do not."""
    if not folder.is_dir():
        raise InputError(f"No policy folder {folder}", "", "Check --policy.")
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    except OSError as error:
        raise InputError(f"Cannot read {folder}", error.strerror or str(error)) from error
    held: list[PolicyFile] = []
    problems: list[InputError] = []
    seen: dict[tuple[str, str], str] = {}
    for path in paths:
        try:
            located = load(read_text(path), str(path))
        except InputError as error:
            problems.append(error)
            continue
        wrong = problems_of(located) or _repeated(located, seen)
        problems.extend(wrong)
        if not wrong:
            held.append(PolicyFile.model_validate(located.data or {}))
    return held, problems


def problems_of(located: Located) -> list[InputError]:
    """What is wrong with one file, in the order of its lines."""
    if located.data is not None and not isinstance(located.data, dict):
        return [located.error((), "a policy is a mapping")]
    try:
        PolicyFile.model_validate(located.data or {})
    except ValidationError as error:
        found = [(located, tuple(one["loc"]), one) for one in error.errors(include_url=False)]
        problems = [(_line(located, where), located.error(where, _words(where, one))) for located, where, one in found]
        return [problem for _, problem in sorted(problems, key=lambda pair: pair[0])]
    return []


def _line(located: Located, where: tuple[str | int, ...]) -> int:
    while where and where not in located.lines:
        where = where[:-1]
    return located.lines.get(where, 1)


def _words(where: tuple[str | int, ...], one: Any) -> str:
    """What is wrong, without the validator's jargon."""
    kind, context = one["type"], one.get("ctx") or {}
    if kind == "extra_forbidden":
        near = get_close_matches(str(where[-1]), _keys(where), n=1)
        return "is no key of a policy" + (f"; {near[0]} is near" if near else "")
    if kind == "missing":
        return "is required"
    if kind == "literal_error":
        return f"{one['input']!r} is none of {context.get('expected', '')}".replace("'", "")
    if kind == "value_error":
        return str(context.get("error", one["msg"]))
    if kind == "string_pattern_mismatch":
        return f"{one['input']!r} does not fit {context.get('pattern', '')}"
    return f"{one['msg'][:1].lower()}{one['msg'][1:]}"


def _keys(where: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand where this one does."""
    schema = PolicyFile.model_json_schema()
    here: Any = schema
    for step in where[:-1]:
        here = here.get("items", {}) if isinstance(step, int) else here.get("properties", {}).get(step, {})
        for option in [here, *here.get("anyOf", [])]:
            if "$ref" in option:
                here = schema["$defs"][option["$ref"].rsplit("/", 1)[-1]]
    return list(here.get("properties", {}))


def _repeated(located: Located, seen: dict[tuple[str, str], str]) -> list[InputError]:
    """An id that stands twice in a folder: one of the two rows would silently win."""
    problems = []
    for part in ("decisions", "ownership", "budgets", "redact"):
        for position, row in enumerate((located.data or {}).get(part) or []):
            key = (part, str(row.get("id")))
            if key in seen:
                where = (part, position, "id")
                problems.append(located.error(where, f"{key[1]!r} stands already in {seen[key]}"))
            seen.setdefault(key, located.name)
    return problems
