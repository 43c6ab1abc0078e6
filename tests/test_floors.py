"""The layers hold: imports run only downward, the core is pure, and no source knows another."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "drifttui"

FLOORS = ("core", "clients", "store", "sources", "services", "widgets", "screens")
"""Lowest first. `app`, `cli`, `commands` and `__main__` stand on top of all of them."""

WIDGETS_MAY_KNOW = {"core", "widgets"}
SCREENS_MAY_KNOW = {"core", "services", "widgets", "screens"}

IMPURE = {
    "asyncio",
    "boto3",
    "botocore",
    "concurrent",
    "fcntl",
    "ftplib",
    "http",
    "httpx",
    "io",
    "jq",
    "kubernetes",
    "msgspec",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "requests",
    "rich",
    "secrets",
    "select",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "textual",
    "threading",
    "time",
    "urllib.request",
    "yaml",
}
"""What `core` must not import: IO, clocks, concurrency, and every third-party package but pydantic."""

IMPURE_CALLS = {"open", "print", "input", "now", "utcnow", "today"}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def room(module: tuple[str, ...]) -> str:
    """`core`, `sources`, … or `top` for what stands above all rooms."""
    return module[0] if module and module[0] in FLOORS else "top"


def imports(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(line, absolute dotted name) of every import, also those inside functions; `drifttui.` names lose that prefix."""
    here = path.relative_to(PACKAGE).with_suffix("").parts
    package = here[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, tuple(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            base = ("drifttui", *package[: len(package) - node.level + 1]) if node.level else ()
            name = (*base, *(node.module.split(".") if node.module else ()))
            for alias in node.names:
                yield node.lineno, (*name, alias.name)


def ours(name: tuple[str, ...]) -> tuple[str, ...] | None:
    return name[1:] if name[:1] == ("drifttui",) else None


def test_imports_run_only_downward() -> None:
    wrong = []
    for path in modules():
        here = room(path.relative_to(PACKAGE).with_suffix("").parts)
        for line, name in imports(path):
            inside = ours(name)
            if inside is None or inside == ("__version__",) or here == "top":
                continue
            there = room(inside)
            if there == "top" or FLOORS.index(there) > FLOORS.index(here):
                wrong.append(f"{path.relative_to(PACKAGE)}:{line} imports {'.'.join(name)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("floor", "allowed"), [("widgets", WIDGETS_MAY_KNOW), ("screens", SCREENS_MAY_KNOW)])
def test_the_screen_knows_only_what_it_may(floor: str, allowed: set[str]) -> None:
    wrong = []
    for path in modules():
        if path.relative_to(PACKAGE).parts[0] != floor:
            continue
        for line, name in imports(path):
            inside = ours(name)
            if inside is not None and inside != ("__version__",) and room(inside) not in allowed:
                wrong.append(f"{path.relative_to(PACKAGE)}:{line} imports {'.'.join(name)}")
    assert not wrong, "\n".join(wrong)


def test_core_is_pure() -> None:
    wrong = []
    for path in (PACKAGE / "core").rglob("*.py"):
        for line, name in imports(path):
            if name[0] in IMPURE or ".".join(name[:2]) in IMPURE:
                wrong.append(f"{path.relative_to(PACKAGE)}:{line} imports {'.'.join(name)}")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = node.func
                word = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                if word in IMPURE_CALLS:
                    wrong.append(f"{path.relative_to(PACKAGE)}:{node.lineno} calls {word}()")
    assert not wrong, "\n".join(wrong)


def test_core_imports_nothing_but_the_standard_library_and_pydantic() -> None:
    allowed = set(sys.stdlib_module_names) | {"pydantic", "pydantic_core", "typing_extensions", "drifttui"}
    wrong = [
        f"{path.relative_to(PACKAGE)}:{line} imports {'.'.join(name)}"
        for path in (PACKAGE / "core").rglob("*.py")
        for line, name in imports(path)
        if name[0] not in allowed
    ]
    assert not wrong, "\n".join(wrong)


def test_no_source_imports_another_source() -> None:
    wrong = []
    for path in (PACKAGE / "sources").rglob("*.py"):
        own = path.relative_to(PACKAGE / "sources").with_suffix("").parts[0]
        for line, name in imports(path):
            inside = ours(name)
            if inside and inside[0] == "sources" and len(inside) > 1 and inside[1] != own and own != "__init__":
                wrong.append(f"{path.relative_to(PACKAGE)}:{line} imports {'.'.join(name)}")
    assert not wrong, "\n".join(wrong)


def test_only_clients_open_sockets_or_start_processes() -> None:
    """`store` may touch files and SQLite; the network and child processes belong to `clients`."""
    wrong = []
    for path in modules():
        here = path.relative_to(PACKAGE).parts[0]
        if here == "clients":
            continue
        for line, name in imports(path):
            if name[0] in {"httpx", "socket", "subprocess", "boto3", "botocore", "kubernetes", "ssl"}:
                wrong.append(f"{path.relative_to(PACKAGE)}:{line} imports {'.'.join(name)}")
    assert not wrong, "\n".join(wrong)


def test_help_and_version_stay_light() -> None:
    """`--help` at 3 a.m. on a cold machine imports no screen, no HTTP client and no cloud library."""
    code = (
        "import sys\n"
        "from drifttui.cli import main\n"
        "try:\n    main([{argument!r}])\nexcept SystemExit as e:\n    assert not e.code, e.code\n"
        "heavy = {{'textual', 'httpx', 'kubernetes', 'boto3', 'pydantic', 'yaml', 'rich'}} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    for argument in ("--help", "--version"):
        done = subprocess.run(
            [sys.executable, "-c", code.format(argument=argument)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "drifttui" in done.stdout
