"""Case files: one finding with its context, perhaps with the judgement that is expected of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from drifttui.core.case import Case, CaseProblem, Expectation
from drifttui.core.case_parse import parse_case, parse_expectation
from drifttui.core.errors import InputError

from .yaml_lines import decoded, load, read_text


class CaseFile(NamedTuple):
    name: str
    case: Case
    expected: Expectation | None
    """None where the case carries no label."""


def parse(text: str, name: str, *, label: bool = True) -> CaseFile:
    """A case from YAML or JSON. Raises `InputError` that names file, line and key.

    Without `label` an expectation is not looked at, so that a broken one does not stop a judgement.
    """
    located = load(text, name)
    try:
        return CaseFile(name, parse_case(located.data), parse_expectation(located.data) if label else None)
    except CaseProblem as problem:
        raise located.error(problem.where, str(problem)) from problem


def read(path: str, *, label: bool = True) -> CaseFile:
    """The case in a file, or on standard input for `-`."""
    if path == "-":
        return parse(decoded(sys.stdin.buffer.read(), "standard input"), "standard input", label=label)
    return parse(read_text(Path(path)), path, label=label)


def labelled(folder: Path) -> Iterator[CaseFile]:
    """Every case under a folder, in the order of their paths. Files without a label are refused."""
    if not folder.exists():
        raise InputError(f"No folder {folder}", "", "Give the folder that holds the labelled cases.")
    paths = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.suffix in (".yaml", ".yml"))
    if not paths:
        raise InputError(f"No cases in {folder}", "no file ends in .yaml")
    for path in paths:
        found = parse(read_text(path), str(path))
        if found.expected is None:
            raise InputError(f"{path}", "has no `expect`, so nothing can be tested against it")
        yield found
