"""`--read-only` is enforced where requests leave: every way to write is found in the source and tried; none arrives."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients import argocd_write, kube_write
from drifttui.clients.access import Access
from drifttui.clients.http import Http
from drifttui.core.errors import ReadOnly
from drifttui.core.pause import Door, Target, WriteKind
from drifttui.services.doors import ArgoCDWay, KubernetesWay
from tests.clients.raw_http import RawServer, Reply, Request, serving
from tests.services.fake_kube import kube_client

PACKAGE = Path(__file__).parents[2] / "drifttui"
MODULES = {"clients/kube_write.py": kube_write, "clients/argocd_write.py": argocd_write}
TARGET = Target(Door.KUBERNETES, "prod", "argoproj.io", "v1alpha1", "applications", "Application", "argocd", "web", "p")
GIVEN: dict[str, Any] = {
    "target": TARGET,
    "patch": [{"op": "test", "path": "/metadata/uid", "value": "u"}],
    "document": {"spec": {}},
}
"""An argument for every parameter that a writing method has."""

FORGES = {"clients/forge.py"}
"""What opens requests. Its ways to write are tried in `tests/services/test_proposing.py`."""

READING = {"ArgoCDWriter.application"}
"""Public methods of the writing classes that only read."""


def functions(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """(`Class.name` or `name`, node) of every function of a file."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{each.name}", each)
                for each in node.body
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))
            )
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node


def found(matches: Callable[[ast.AST], bool]) -> set[str]:
    """`clients/kube_write.py KubeWriter._send` for every function of the program with such a node."""
    return {
        f"{path.relative_to(PACKAGE)} {name}"
        for path in PACKAGE.rglob("*.py")
        for name, node in functions(path)
        if any(matches(each) for each in ast.walk(node))
    }


def called(name: str) -> Callable[[ast.AST], bool]:
    def matches(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        function = node.func
        return (function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")) == name

    return matches


def is_write(node: ast.AST) -> bool:
    """`Effect.WRITE` as an argument: comparing with it is no write."""
    return isinstance(node, ast.keyword) and node.arg == "effect" and ast.unparse(node.value).endswith("WRITE")


def writers() -> dict[str, Callable[..., Awaitable[Any]]]:
    """Every public method of the modules that write, by `Class.method`."""
    return {
        f"{cls.__name__}.{name}": method
        for module in MODULES.values()
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if cls.__module__ == module.__name__
        for name, method in inspect.getmembers(cls, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }


WRITERS = sorted(writers().keys() - READING)


def test_there_is_one_place_where_a_write_leaves() -> None:
    assert found(is_write) == {"clients/write_once.py write_once"}


def test_only_the_modules_that_are_tried_here_use_it() -> None:
    users = found(called("write_once"))
    assert {user.split(" ")[0] for user in users} == MODULES.keys() | FORGES
    assert WRITERS == ["ArgoCDWriter.patch", "ArgoCDWriter.stop_operation", "KubeWriter.merge", "KubeWriter.patch"]


def test_every_request_says_what_it_may_change() -> None:
    """Whatever is no known read is refused by its effect or by its method (`clients.access.permit`)."""
    assert found(called("build_request")) == {"clients/http.py Http._opened"}
    for user in found(called("request")) - {"clients/http.py Http.get"}:
        path, name = user.split(" ", 1)
        nodes = ast.walk(dict(functions(PACKAGE / path))[name])
        effects = [ast.unparse(each.value) for each in nodes if isinstance(each, ast.keyword) and each.arg == "effect"]
        assert effects, f"{user} does not say what its requests change"


async def answer(request: Request, reply: Reply) -> None:
    await reply.json({"metadata": {"name": "web", "uid": "u"}})


async def tried(name: str, server: RawServer, access: Access) -> None:
    http = Http(server.url, name="local", access=access)
    owner = getattr(kube_write, name.split(".")[0], None) or getattr(argocd_write, name.split(".")[0])
    method = getattr(owner(http), name.split(".")[1])
    try:
        await method(*(GIVEN[parameter] for parameter in inspect.signature(method).parameters))
    finally:
        await http.close()


@pytest.mark.parametrize("access", [Access.READ_ONLY, Access.STRICT])
@pytest.mark.parametrize("name", WRITERS)
async def test_no_write_leaves_under_read_only(name: str, access: Access) -> None:
    async with serving(answer) as server:
        with pytest.raises(ReadOnly, match="Nothing was sent"):
            await tried(name, server, access)
        assert server.requests == []


@pytest.mark.parametrize("name", WRITERS)
async def test_the_same_calls_do_leave_without_it(name: str) -> None:
    async with serving(answer) as server:
        await tried(name, server, Access.FULL)
        assert [request.method for request in server.requests] in (["PATCH"], ["DELETE"])


@pytest.mark.parametrize("access", [Access.READ_ONLY, Access.STRICT])
@pytest.mark.parametrize("kind", list(WriteKind))
async def test_nor_by_the_ways_that_plans_take(kind: WriteKind, access: Access) -> None:
    async with serving(answer) as server:
        client = kube_client(server.url, access=access)
        http = Http(server.url, name="argocd", access=access)
        for way in (KubernetesWay(client), ArgoCDWay(argocd_write.ArgoCDWriter(http), http.close)):
            with pytest.raises(ReadOnly):
                await way.write(TARGET, kind, GIVEN["patch"])
            await way.close()
        assert server.requests == []
