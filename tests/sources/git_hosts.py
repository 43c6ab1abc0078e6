"""GitHub, GitLab and Gitea on this machine, in the wire format of their public documentation.

What they answer is read from a real repository. `faults` maps the beginning of a path to (status, headers, body).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import CalledProcessError
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.sources.git_repository import Repository

TOKEN = "sesame-0123456789"
Answer = tuple[int, dict[str, str], bytes]


class Host:
    def __init__(self, kind: str, made: Repository, shas: dict[str, str]) -> None:
        self.kind, self.made, self.shas = kind, made, shas
        self.faults: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.headers: dict[str, str] = {}
        """Sent with every answer."""
        self.pulls = {shas["merged"]: 812, shas["image"]: 812, shas["scaled"]: 813}
        self.merged_at = {812: "2026-11-21T08:04:30Z", 813: "2026-11-21T08:05:30Z"}
        self.port = 0

    # What the repository says.

    def log(self, revision: str, path: str) -> list[dict[str, Any]]:
        wanted = ["--", path] if path else []
        told = self.made.git("log", "--format=%H%x09%an%x09%cn%x09%cI%x09%s", revision or "main", *wanted)
        keys = ("sha", "author", "committer", "at", "message")
        return [dict(zip(keys, line.split("\t", 4), strict=True)) for line in told.splitlines()]

    def one(self, revision: str) -> dict[str, Any] | None:
        try:
            return self.log(revision, "")[0]
        except CalledProcessError:
            return None

    def files(self, sha: str) -> list[str]:
        return self.made.git("show", "--name-only", "--format=", sha).splitlines()

    def tree(self, revision: str) -> list[dict[str, str]]:
        told = self.made.git("ls-tree", "-r", "-t", revision).splitlines()
        return [{"path": line.split("\t")[1], "type": line.split()[1], "mode": line.split()[0]} for line in told]

    def content(self, revision: str, file: str) -> Answer:
        try:
            return (
                200,
                {"content-type": "text/plain; charset=utf-8"},
                self.made.git("show", f"{revision}:{file}").encode(),
            )
        except CalledProcessError:
            return 404, {}, b'{"message": "Not Found"}'

    # What is asked.

    def answer(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Answer:
        self.asked.append((path, query, headers))
        for beginning, fault in self.faults.items():
            if path.startswith(beginning):
                return fault
        proof = headers.get("authorization", "")
        if not proof.endswith(TOKEN):
            return 401, {}, b'{"message": "Bad credentials"}'
        found = {"github": self.github, "gitlab": self.gitlab, "gitea": self.gitea}[self.kind](path, query, headers)
        return found if isinstance(found, tuple) else _json(found)

    def _paged(self, entries: list[Any], query: dict[str, str]) -> list[Any]:
        size = int(query.get("per_page") or query.get("limit") or 30)
        first = (int(query.get("page", 1)) - 1) * size
        return entries[first : first + size]

    def github(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Any:
        """https://docs.github.com/en/rest/commits/commits, /git/trees, /repos/contents"""
        rest = path.removeprefix("/api/v3/repos/team/shop")
        if path == "/api/v3/rate_limit":
            return {"resources": {}, "rate": {"limit": 5000, "remaining": 4999}}
        if rest.startswith("/commits/") and rest.endswith("/pulls"):
            number = self.pulls.get(rest.split("/")[2])
            head = {"number": number, "html_url": f"https://git.example.com/team/shop/pull/{number}", "title": "x"}
            return [{**head, "merged_at": self.merged_at[number], "state": "closed"}] if number else []
        if rest.startswith("/commits/"):
            found = self.one(unquote(rest.removeprefix("/commits/")))
            if found is None:
                return 422, {}, b'{"message": "No commit found for SHA"}'
            return {**self._github(found), "files": [{"filename": name} for name in self.files(found["sha"])]}
        if rest == "/commits":
            return [self._github(one) for one in self._paged(self.log(query["sha"], query.get("path", "")), query)]
        if rest.startswith("/git/trees/"):
            return {"sha": "x", "tree": self.tree(rest.split("/")[3]), "truncated": False}
        if rest.startswith("/contents/"):
            assert headers["accept"] == "application/vnd.github.raw"
            return self.content(query["ref"], unquote(rest.removeprefix("/contents/")))
        return 404, {}, b'{"message": "Not Found"}'

    def _github(self, one: dict[str, Any]) -> dict[str, Any]:
        return {
            "sha": one["sha"],
            "html_url": f"https://git.example.com/team/shop/commit/{one['sha']}",
            "commit": {
                "message": one["message"],
                "author": {"name": one["author"], "email": "a@example.com", "date": one["at"]},
                "committer": {"name": one["committer"], "email": "m@example.com", "date": one["at"]},
            },
            "author": {"login": one["author"].lower()},
        }

    def gitea(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Any:
        """https://docs.gitea.com/api (`/repos/{owner}/{repo}/commits`, `/git/commits`, `/git/trees`, `/raw`)"""
        rest = path.removeprefix("/api/v1/repos/team/shop")
        if path == "/api/v1/user":
            return {"login": "robot"}
        if rest.startswith("/commits/") and rest.endswith("/pull"):
            number = self.pulls.get(rest.split("/")[2])
            if number is None:
                return 404, {}, b'{"message": "pull request does not exist"}'
            url = f"https://git.example.com/team/shop/pulls/{number}"
            return {"number": number, "merged": True, "merged_at": self.merged_at[number], "html_url": url}
        if rest.startswith("/git/commits/"):
            found = self.one(rest.removeprefix("/git/commits/"))
            if found is None:
                return 404, {}, b'{"message": "not found"}'
            return {**self._github(found), "files": [{"filename": name} for name in self.files(found["sha"])]}
        if rest == "/commits":
            assert int(query["limit"]) <= 50
            return [
                self._github(one) for one in self._paged(self.log(query.get("sha", ""), query.get("path", "")), query)
            ]
        if rest.startswith("/git/trees/"):
            tree = self.tree(rest.split("/")[3])
            page, size = int(query["page"]), 4  # A server may give less than it is asked for, and says so.
            return {"tree": tree[(page - 1) * size : page * size], "truncated": page * size < len(tree), "page": page}
        if rest.startswith("/raw/"):
            return self.content(query["ref"], unquote(rest.removeprefix("/raw/")))
        return 404, {}, b'{"message": "Not Found"}'

    def gitlab(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Any:
        """https://docs.gitlab.com/api/commits, /api/repositories, /api/repository_files"""
        rest = path.removeprefix("/api/v4/projects/team%2Fshop/repository")
        if path == "/api/v4/user":
            return {"username": "robot"}
        if rest.endswith("/merge_requests"):
            number = self.pulls.get(rest.split("/")[2])
            if number is None:
                return []
            url = f"https://git.example.com/team/shop/-/merge_requests/{number}"
            return [{"iid": number, "state": "merged", "merged_at": self.merged_at[number], "web_url": url}]
        if rest.endswith("/diff"):
            return [{"old_path": name, "new_path": name} for name in self.files(rest.split("/")[2])]
        if rest.startswith("/commits/"):
            found = self.one(rest.removeprefix("/commits/"))
            return self._gitlab(found) if found else (404, {}, b'{"message": "404 Commit Not Found"}')
        if rest == "/commits":
            listed = self.log(query.get("ref_name", ""), query.get("path", ""))
            return [self._gitlab(one) for one in self._paged(listed, query)]
        if rest == "/tree":
            return self._paged(self.tree(query["ref"]), query)
        if rest.startswith("/files/"):
            return self.content(query["ref"], unquote(rest.removeprefix("/files/").removesuffix("/raw")))
        return 404, {}, b'{"message": "404 Not Found"}'

    def _gitlab(self, one: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": one["sha"], "short_id": one["sha"][:8], "title": one["message"], "message": one["message"] + "\n",
            "author_name": one["author"], "committer_name": one["committer"], "committed_date": one["at"],
            "web_url": f"https://git.example.com/team/shop/-/commit/{one['sha']}",
        }  # fmt: skip


def _json(document: Any) -> Answer:
    return 200, {"content-type": "application/json; charset=utf-8"}, json.dumps(document).encode()


@contextmanager
def serving(host: Host) -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, answered, body = host.answer(parts.path, query, headers)
            self.send_response(status)
            for name, value in {**host.headers, **answered, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                return  # It had enough.

        def log_message(self, *_: Any) -> None:
            """Each request is in `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    host.port = server.server_address[1]
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
