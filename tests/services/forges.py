"""GitHub and GitLab as their public REST pages describe them, holding one repository. Faults are put in by the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any

from tests.clients.raw_http import RawServer, Reply, Request, serving

TOKEN = "t0ken-Of-The-Tests-77"
MAIN = "a" * 40


@dataclass
class Repository:
    """Commits are maps of files; a branch names one."""

    files: dict[str, str]
    branches: dict[str, str] = field(default_factory=lambda: {"main": MAIN})
    requests: list[dict[str, Any]] = field(default_factory=list)
    commits: dict[str, dict[str, str]] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    trees: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.commits[MAIN] = dict(self.files)

    def commit(self, base: str, files: dict[str, str], message: str) -> str:
        whole = {**self.commits[base], **files}
        sha = sha1(json.dumps([base, whole, message]).encode(), usedforsecurity=False).hexdigest()
        self.commits[sha], self.messages[sha] = whole, message
        return sha


@dataclass
class Fault:
    """Once, for the first request that fits: `status` instead of an answer, or silence; `after` the work was done."""

    method: str
    path: str
    status: int = 0
    after: bool = False
    times: int = 1
    seen: int = 0


Handle = Callable[[Request, Reply], Any]


class Host:
    """`kind` is how it is called in the settings."""

    kind = ""

    def __init__(self, files: dict[str, str]) -> None:
        self.repository = Repository(files)
        self.faults: list[Fault] = []
        self.server: RawServer | None = None

    @property
    def writes(self) -> list[tuple[str, str]]:
        assert self.server is not None
        return [(one.method, one.path) for one in self.server.requests if one.method != "GET"]

    def writes_at(self, path: str) -> str:
        """The one write to a place. Two are a write that was sent again."""
        (found,) = [one for _, one in self.writes if one.endswith(path)]
        return found

    @property
    def system_name(self) -> str:
        return type(self).__name__

    async def __call__(self, request: Request, reply: Reply) -> None:
        fitting = (one for one in self.faults if one.seen < one.times and one.method == request.method)
        fault = next((one for one in fitting if request.path.endswith(one.path)), None)
        if fault is not None:
            fault.seen += 1
            if fault.after:
                self.answer(request)
            if fault.status:
                await reply.json({"message": f"said by the host {TOKEN}"}, fault.status)
            else:
                await asyncio.sleep(30)
            return
        if not self.allowed(request):
            await reply.json({"message": "401 Unauthorized"}, 401)
            return
        status, body = self.answer(request)
        if isinstance(body, str):
            await reply.send(body.encode(), status, "text/plain; charset=utf-8")
        else:
            await reply.json(body, status)

    def allowed(self, request: Request) -> bool:
        raise NotImplementedError

    def answer(self, request: Request) -> tuple[int, Any]:
        raise NotImplementedError


class GitHub(Host):
    kind = "github"

    @staticmethod
    def mode(path: str) -> str:
        """One of its files can be run, and has to stay so."""
        return "100755" if "ü" in path else "100644"

    def allowed(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {TOKEN}"

    def answer(self, request: Request) -> tuple[int, Any]:
        held, at = self.repository, "/api/v3/repos/acme/deploy"
        if not request.path.startswith(at):
            return 404, {"message": "Not Found"}
        path = request.path.removeprefix(at)
        body = json.loads(request.body) if request.body else {}
        match request.method, path:
            case "GET", "":
                return 200, {"full_name": "acme/deploy", "default_branch": "main"}
            case "GET", "/pulls":
                head = request.query["head"].partition(":")[2]
                return 200, [one for one in held.requests if one["head"]["ref"] == head]
            case "POST", "/git/trees":
                assert all(one["mode"] == self.mode(one["path"]) for one in body["tree"])
                base = held.trees[body["base_tree"]]
                sha = f"{len(held.trees):040x}"
                held.trees[sha] = base | {one["path"]: one["content"] for one in body["tree"]}
                return 201, {"sha": sha}
            case "POST", "/git/commits":
                (parent,) = body["parents"]
                return 201, {"sha": held.commit(parent, held.trees[body["tree"]], body["message"])}
            case "POST", "/git/refs":
                name = body["ref"].removeprefix("refs/heads/")
                if name in held.branches:
                    return 422, {"message": "Reference already exists"}
                held.branches[name] = body["sha"]
                return 201, {"ref": body["ref"], "object": {"type": "commit", "sha": body["sha"]}}
            case "POST", "/pulls":
                if any(one["head"]["ref"] == body["head"] and one["state"] == "open" for one in held.requests):
                    return 422, {
                        "message": "Validation Failed",
                        "errors": [{"message": "A pull request already exists"}],
                    }
                number = len(held.requests) + 1
                url = f"https://github.example.com/acme/deploy/pull/{number}"
                made = {"number": number, "html_url": url, "state": "open", "merged_at": None, "title": body["title"]}
                held.requests.append(
                    {**made, "head": {"ref": body["head"]}, "base": {"ref": body["base"]}, "body": body["body"]}
                )
                return 201, held.requests[-1]
        if path.startswith("/git/ref/heads/"):
            tip = held.branches.get(path.removeprefix("/git/ref/heads/"))
            return (200, {"object": {"type": "commit", "sha": tip}}) if tip else (404, {"message": "Not Found"})
        if path.startswith("/git/trees/"):
            assert request.query == {"recursive": "1"}
            names = held.trees[path.removeprefix("/git/trees/")]
            listed = [{"path": one, "mode": self.mode(one), "type": "blob", "sha": "0" * 40} for one in names]
            return 200, {"tree": listed, "truncated": False}
        if path.startswith("/git/commits/"):
            sha = path.removeprefix("/git/commits/")
            tree = f"{int(sha[:8], 16):040x}"
            held.trees[tree] = held.commits[sha]
            return 200, {"sha": sha, "tree": {"sha": tree}}
        if path.startswith("/contents/"):
            text = held.commits[request.query["ref"]].get(path.removeprefix("/contents/"))
            assert request.headers["accept"] == "application/vnd.github.raw"
            return (200, text) if text is not None else (404, {"message": "Not Found"})
        return 404, {"message": "Not Found"}


class GitLab(Host):
    kind = "gitlab"

    def allowed(self, request: Request) -> bool:
        return request.headers.get("private-token") == TOKEN

    def answer(self, request: Request) -> tuple[int, Any]:
        held, at = self.repository, "/api/v4/projects/acme/deploy"
        if not request.path.startswith(at):
            return 404, {"message": "404 Project Not Found"}
        path = request.path.removeprefix(at)
        body = json.loads(request.body) if request.body else {}
        match request.method, path:
            case "GET", "":
                return 200, {"path_with_namespace": "acme/deploy", "default_branch": "main"}
            case "GET", "/merge_requests":
                return 200, [one for one in held.requests if one["source_branch"] == request.query["source_branch"]]
            case "POST", "/repository/commits":
                if body["branch"] in held.branches:
                    return 400, {"message": f"A branch called '{body['branch']}' already exists."}
                files = {one["file_path"]: one["content"] for one in body["actions"] if one["action"] == "update"}
                sha = held.commit(body["start_sha"], files, body["commit_message"])
                held.branches[body["branch"]] = sha
                return 201, {"id": sha, "short_id": sha[:8]}
            case "POST", "/merge_requests":
                if any(
                    one["source_branch"] == body["source_branch"] and one["state"] == "opened" for one in held.requests
                ):
                    return 409, {"message": ["Another open merge request already exists for this source branch: !1"]}
                url = f"https://gitlab.example.com/acme/deploy/-/merge_requests/{len(held.requests) + 1}"
                held.requests.append({"web_url": url, "state": "opened", **body})
                return 201, held.requests[-1]
        if path.startswith("/repository/branches/"):
            head = held.branches.get(path.removeprefix("/repository/branches/"))
            return (200, {"commit": {"id": head}}) if head else (404, {"message": "404 Branch Not Found"})
        if path.startswith("/repository/files/"):
            name = path.removeprefix("/repository/files/").removesuffix("/raw")
            text = held.commits[request.query["ref"]].get(name)
            return (200, text) if text is not None else (404, {"message": "404 File Not Found"})
        return 404, {"message": "404 Not Found"}


@asynccontextmanager
async def hosted(host: Host) -> AsyncIterator[Host]:
    async with serving(host) as server:
        host.server = server
        yield host
