"""A real repository with a history worth asking about, made by git itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  template:
    spec:
      containers:
        - {{name: proxy, image: "proxy:1"}}
        - {{name: web, image: "web:{image}"}}
"""
FILE = "apps/web/base/deployment.yaml"


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._minute = 0

    def git(self, *words: str, author: str = "Alice") -> str:
        at = f"2026-11-21T08:{self._minute:02}:00Z"
        environment = {
            **os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_AUTHOR_DATE": at,
            "GIT_COMMITTER_NAME": "Merger", "GIT_COMMITTER_EMAIL": "m@example.com", "GIT_COMMITTER_DATE": at,
        }  # fmt: skip
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def commit(self, message: str, author: str = "Alice") -> str:
        """All that was written, one minute after the last."""
        self._minute += 1
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, author=author)
        return self.git("rev-parse", "HEAD")

    def merge(self, branch: str, message: str) -> str:
        self._minute += 1
        self.git("merge", "-q", "--no-ff", "-m", message, branch)
        return self.git("rev-parse", "HEAD")


def repository(folder: Path) -> tuple[Repository, dict[str, str]]:
    """`first` declares the object, `readme` does not touch it, `merged` brings Carol's `image` by #812, `scaled` is
    squashed as #813. `apps/web/prod` builds on the base and patches an annotation."""
    folder.mkdir(parents=True)
    made = Repository(folder)
    made.git("init", "-q", "-b", "main", ".")
    made.git("remote", "add", "origin", "git@git.example.com:team/shop.git")
    made.write(FILE, BASE.format(replicas=2, image=1))
    made.write("apps/web/base/kustomization.yaml", "resources: [deployment.yaml]\n")
    made.write("apps/web/prod/kustomization.yaml", "resources: [../base]\npatches: [{path: patch.yaml}]\n")
    made.write(
        "apps/web/prod/patch.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {a: b}}\n"
    )
    shas = {"first": made.commit("first")}
    made.git("checkout", "-q", "-b", "roles")
    made.write(FILE, BASE.format(replicas=2, image=2))
    shas["image"] = made.commit("tighten image", "Carol")
    made.git("checkout", "-q", "main")
    made.write("README", "hello\n")
    shas["readme"] = made.commit("readme")
    shas["merged"] = made.merge("roles", "Merge pull request #812 from team/roles\n\nTighten image")
    made.write(FILE, BASE.format(replicas=3, image=2))
    shas["scaled"] = made.commit("scale up (#813)", "Dave")
    return made, shas
