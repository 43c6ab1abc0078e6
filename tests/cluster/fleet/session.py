"""A session of drifttui on the fleet, as the screen has one, that keeps its record; and the commands beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drifttui.cli import screen_parser
from drifttui.core.board import Board, Depth
from drifttui.core.finding import Finding
from drifttui.services.collect import Collector
from drifttui.services.live import live_collector

from .units import Fleet

INCIDENT = "INC-9127"
HUB = "prod-eu-west-1"
"""The cluster in which Argo CD and Flux run."""
HOST, OPERATOR = "oncall-2", "alice"
"""What the ledger calls whoever acts: the login, and the name of a machine that this one takes for a command."""
LIMIT = 90.0


class Session:
    """Its data is under `home`. Steps may wait for what it sees."""

    def __init__(self, units: Fleet, home: Path, stack: Path, program: str, say: Callable[[str], None]) -> None:
        self._units, self._home, self._say = units, home, say
        state = units.cluster.state
        kubeconfig = units.kubeconfig(home / "kubeconfig")
        argocd = (
            f'[[argocd]]\nname = "hub"\nserver = "{state.argocd_url}"\n'
            f'token_file = "{state.token_file("operator")}"\nca_file = "{state.ca}"\n'
            f'[kubernetes]\nkubeconfig = "{kubeconfig}"\nargocd_context = "{HUB}"\n'
        )
        self._brief, self._whole = home / "brief.toml", home / "whole.toml"
        self._brief.write_text(f'{argocd}contexts = ["{HUB}"]\n[flux]\nenabled = false\n')
        self._whole.write_text(
            f'{argocd}[flux]\ncontexts = ["{HUB}"]\n[audit]\npaths = ["{state.audit_log.parent}"]\n'
            f'[[git]]\nclone = "{state.data / "checkout-platform"}"\nrepo = "{state.git_url}"\n'
            f'[[stack]]\nname = "edge"\ndir = "{stack}"\nbinary = "{program}"\nenvironment = "prod"\n'
            f'cluster = "{HUB}"\ninterval = 60\n'
        )
        os.environ.update(self._folders)
        self._collector: Collector | None = None
        self._board = Board()
        self.began = 0.0
        self.ids: dict[str, str] = {}
        """What drifted → the id of its finding."""

    @property
    def _folders(self) -> dict[str, str]:
        names = ("DATA", "CONFIG", "CACHE", "STATE")
        return {"HOME": str(self._home)} | {f"XDG_{name}_HOME": str(self._home / name.lower()) for name in names}

    @contextmanager
    def running(self) -> Iterator[None]:
        options = screen_parser().parse_args(["--config", str(self._whole), "--incident", INCIDENT])
        self._collector, _ = live_collector(options, ledger=True)
        self.began = time.monotonic()
        self._collector.start()
        try:
            yield
        finally:
            self._collector.stop(30)

    def board(self) -> Board:
        assert self._collector is not None
        self._board = self._collector.drain() or self._board
        return self._board

    def look_everywhere(self) -> int:
        """Into every unit once; how many were looked into so far."""
        board = self.board()
        assert self._collector is not None
        for key in board.units:
            if board.look(key).depth is Depth.LISTED:
                self._collector.refresh(key)
        return sum(look.depth in (Depth.READ, Depth.FAILED) for look in board.looks.values())

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def ask(self, *units: str) -> None:
        """As `ctrl+r` does: look into these again now."""
        assert self._collector is not None
        for key in self.board().units:
            if key.name in units:
                self._collector.refresh(key)

    def until(self, seconds: float) -> None:
        """So long after the beginning, or now where that is over."""
        while self.elapsed < seconds:
            self.board()
            time.sleep(0.2)

    def finding(self, unit: str, kind: str) -> Finding | None:
        for one in self.board().findings:
            if (one.unit.name, one.ref.kind) == (unit, kind):
                return one
        return None

    def known(self, what: str, unit: str, kind: str) -> None:
        """Wait until it was found, and who did it; it is called `what` from then on."""

        def found() -> Finding | None:
            one = self.finding(unit, kind)
            named = one is not None and one.who is not None and any(line.event_ids for line in one.who.lines)
            return one if named else None

        one = self.wait(f"{kind} of {unit} is known", found)
        self.ids[what] = one.id

    def gone(self, unit: str, kind: str) -> None:
        self.wait(f"{kind} of {unit} differs no more", lambda: self.finding(unit, kind) is None)

    def wait(self, what: str, ask: Callable[[], Any]) -> Any:
        ends = time.monotonic() + LIMIT
        while not (answer := ask()):
            if time.monotonic() > ends:
                raise TimeoutError(f"waited {LIMIT:.0f} s until {what}")
            time.sleep(0.2)
        self._say(f"{self.elapsed:6.1f} s  {what}")
        return answer

    def drifttui(
        self, *arguments: str, code: int = 0, meanwhile: Callable[[], None] = lambda: None, config: bool = False
    ) -> Any:
        """A command of drifttui as alice types it at `oncall-2`; what its JSON says. `config`: it reads systems."""
        command = [sys.executable, "-m", "drifttui", *arguments, "--json"]
        command += ["--config", str(self._brief)] if config else []
        named = [_program("unshare"), "--uts", "sh", "-c", f'hostname {HOST} && exec "$@"', "sh", *command]
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        environment = {**kept, "LOGNAME": OPERATOR, **self._folders}
        with subprocess.Popen(
            named, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            while running.poll() is None:
                meanwhile()
                time.sleep(0.2)
            out, errors = running.communicate()
        if running.returncode != code:
            raise RuntimeError(f"drifttui {' '.join(arguments)}: {running.returncode}\n{out}\n{errors}")
        self._say(f"{self.elapsed:6.1f} s  drifttui {' '.join(arguments)[:90]}")
        return json.loads(out)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed")
    return found
