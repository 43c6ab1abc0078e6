"""What a credential plugin can do to an incident session: nothing but fail with one clear line."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients import child
from drifttui.clients.kube_exec import run_plugin
from drifttui.clients.kube_login import Login
from drifttui.clients.kubeconfig import KubeContext
from drifttui.core.errors import Unauthenticated

V1 = "client.authentication.k8s.io/v1"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def plugin(folder: Path, body: str, **spec: Any) -> KubeContext:
    script = folder / "plugin.py"
    script.write_text(f"import json, os, sys, time\n{body}\n")
    return context({"apiVersion": V1, "command": sys.executable, "args": [str(script)], **spec}, folder)


def context(spec: dict[str, Any], folder: Path, **cluster: Any) -> KubeContext:
    return KubeContext(
        name="prod",
        file=folder / "config",
        cluster_name="prod",
        user_name="me",
        cluster={"server": "https://prod.example", **cluster},
        user={"exec": spec},
        folder=folder,
    )


def answering(**status: Any) -> str:
    return f"print(json.dumps({{'apiVersion': {V1!r}, 'kind': 'ExecCredential', 'status': {status!r}}}))"


async def failure(entry: KubeContext, timeout: float = 20) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await run_plugin(entry, timeout=timeout)
    line = caught.value.one_line()
    assert "No credentials for prod" in line
    assert "\n" not in line and "\x1b" not in line
    return line


async def test_a_token_and_its_expiry_are_read(tmp_path: Path) -> None:
    got = await run_plugin(
        plugin(tmp_path, answering(token="abc", expirationTimestamp="2026-01-01T00:15:00Z")), timeout=20
    )
    assert got.headers == {"Authorization": "Bearer abc"}
    assert got.expires_at == NOW + timedelta(minutes=15)
    assert "abc" not in repr(got)


async def test_the_plugin_is_told_that_nobody_can_answer_it_and_about_the_cluster(tmp_path: Path) -> None:
    body = (
        "info = os.environ['KUBERNETES_EXEC_INFO']; assert os.environ['STAGE'] == 'prod'; assert not sys.stdin.read()\n"
        + answering(token="x").replace("'x'", "__import__('base64').b16encode(info.encode()).decode()")
    )
    entry = plugin(tmp_path, body, provideClusterInfo=True, env=[{"name": "STAGE", "value": "prod"}])
    extension = [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}]
    entry = context(dict(entry.user["exec"]), tmp_path, **{"tls-server-name": "api", "extensions": extension})
    got = await run_plugin(entry, timeout=20)
    info = json.loads(bytes.fromhex(got.headers["Authorization"].removeprefix("Bearer ")))
    assert info["spec"]["interactive"] is False
    assert info["spec"]["cluster"] == {
        "server": "https://prod.example",
        "tls-server-name": "api",
        "config": {"audience": "a"},
    }


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("print('hello')", "not JSON"),
        ("sys.stdout.buffer.write(bytes(range(256)))", "not JSON"),
        ("print('[' * 100000)", "not JSON"),
        ("print('[]')", "no ExecCredential"),
        (answering(), "neither a token nor a client certificate"),
        (answering(clientCertificateData="c"), "neither a token nor a client certificate"),
        (answering(clientCertificateData="c", clientKeyData="-----BEGIN ENCRYPTED"), "protected by a passphrase"),
        (answering(token="a\nX-Evil: 1"), "no single line"),
        (answering(token="t", expirationTimestamp="soon"), "expirationTimestamp soon"),
        (answering(token="t").replace("k8s.io/v1", "k8s.io/v1beta1"), "instead of client.authentication.k8s.io/v1"),
        ("sys.exit(3)", "exit code 3, and it said nothing"),
        ("sys.stderr.write('\\x1b[2Jtoken\\nhas expired'); sys.exit(1)", "exit code 1, [2Jtoken has expired"),
        ("sys.stderr.write('x' * 5000); sys.exit(1)", "x…"),
        ("os.kill(os.getpid(), 9)", "signal 9"),
        ("sys.stdout.write('x' * 3_000_000)", "more than a megabyte"),
        ("open('/dev/tty', 'w').write('over your screen')", "exit code 1"),
    ],
)
async def test_a_plugin_that_fails_is_one_clear_line(tmp_path: Path, body: str, says: str) -> None:
    assert says in await failure(plugin(tmp_path, body))


async def test_a_plugin_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 600 & echo $$ $! > {pids}; wait"
    line = await failure(context({"apiVersion": V1, "command": "sh", "args": ["-c", script]}, tmp_path), timeout=2)
    assert "no answer in 2 s" in line
    for pid in pids.read_text().split():
        for _ in range(200):
            status = Path(f"/proc/{pid}/stat")
            if not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                break
            await asyncio.sleep(0.01)
        else:
            pytest.fail(f"process {pid} is still there")


async def test_a_daemon_that_keeps_the_pipes_open_does_not_hold_up_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "GRACE", 0.05)
    body = "os.fork() or (time.sleep(5), os._exit(0))\n" + answering(token="t")
    assert (await run_plugin(plugin(tmp_path, body), timeout=20)).headers


async def test_leaving_the_program_ends_a_hanging_plugin(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    body = f"open({str(pid)!r} + '.new', 'w').write(str(os.getpid())); os.rename({str(pid)!r} + '.new', {str(pid)!r})\n"
    asking = asyncio.create_task(run_plugin(plugin(tmp_path, body + "time.sleep(600)"), timeout=300))
    while not pid.exists():
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not Path(f"/proc/{pid.read_text()}").exists()


async def test_a_plugin_that_is_not_installed_says_how_to_get_it(tmp_path: Path) -> None:
    spec = {"apiVersion": V1, "command": "no-such-plugin", "installHint": "brew install it\x1b[0m"}
    line = await failure(context(spec, tmp_path))
    assert "no-such-plugin is not installed" in line
    assert "brew install it" in line


async def test_a_plugin_that_wants_a_terminal_is_not_started(tmp_path: Path) -> None:
    entry = plugin(tmp_path, "open('started', 'w')", interactiveMode="Always")
    assert "kubectl --context prod" in await failure(entry)
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({}, "names no command"),
        ({"command": "x", "apiVersion": "client.authentication.k8s.io/v1alpha1"}, "v1alpha1"),
        ({"command": "a\0b", "apiVersion": V1}, "cannot be started"),
        ({"command": "./denied", "apiVersion": V1}, "Permission denied"),
    ],
)
async def test_an_entry_that_cannot_be_used_says_why(tmp_path: Path, spec: dict[str, Any], says: str) -> None:
    (tmp_path / "denied").write_text("")
    (tmp_path / "denied").chmod(0o600)
    if spec == {}:
        spec = {"args": []}
    assert says in await failure(context(spec, tmp_path))


class Moment:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def counting(folder: Path, *expires: str) -> KubeContext:
    """A plugin whose token is the number of its runs, with the expiry of that run."""
    count = folder / "count"
    body = (
        f"n = int(open({str(count)!r}).read()) if os.path.exists({str(count)!r}) else 0\n"
        f"open({str(count)!r}, 'w').write(str(n + 1)); when = {list(expires)!r}[n]\n"
        f"print(json.dumps({{'apiVersion': {V1!r}, 'kind': 'ExecCredential',"
        " 'status': {'token': str(n), 'expirationTimestamp': when}}))"
    )
    return plugin(folder, body)


def token(credential: Any) -> str:
    return str(credential.headers["Authorization"]).removeprefix("Bearer ")


async def test_many_calls_run_the_plugin_once_and_again_before_it_expires(tmp_path: Path) -> None:
    clock = Moment()
    login = Login(counting(tmp_path, "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"), clock, timeout=20)
    assert {token(c) for c in await asyncio.gather(*(login.current() for _ in range(20)))} == {"0"}
    clock.now = NOW + timedelta(minutes=14, seconds=20)
    assert token(await login.current()) == "0"
    clock.now = NOW + timedelta(minutes=14, seconds=31)
    assert {token(c) for c in await asyncio.gather(*(login.current() for _ in range(20)))} == {"1"}


async def test_expired_tokens_straight_from_the_plugin_do_not_start_it_for_every_call(tmp_path: Path) -> None:
    login = Login(counting(tmp_path, "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"), Moment(), timeout=20)
    assert [token(await login.current()) for _ in range(5)] == ["0"] * 5


async def test_a_rejected_token_is_replaced_once(tmp_path: Path) -> None:
    clock = Moment()
    login = Login(counting(tmp_path, *["2026-01-01T00:15:00Z"] * 3), clock, timeout=20)
    first = await login.current()
    renewed = await asyncio.gather(*(login.current(first) for _ in range(5)))
    assert {token(c) for c in renewed} == {"1"}
    assert token(await login.current(renewed[0])) == "1"
    clock.now += timedelta(seconds=11)
    assert token(await login.current(renewed[0])) == "2"


async def test_a_failing_plugin_is_not_started_for_every_call(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    clock = Moment()
    login = Login(plugin(tmp_path, f"open({str(runs)!r}, 'a').write('x'); sys.exit(1)"), clock, timeout=20)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await login.current()
    assert runs.read_text() == "x"
    clock.now += timedelta(seconds=11)
    with pytest.raises(Unauthenticated):
        await login.current()
    assert runs.read_text() == "xx"


async def test_a_token_in_what_a_plugin_said_is_taken_out(tmp_path: Path) -> None:
    entry = plugin(tmp_path, "sys.stderr.write('refused: token hunter2'); sys.exit(1)")
    login = Login(entry, Moment(), timeout=20, clean=lambda text: text.replace("hunter2", "(digest)"))
    with pytest.raises(Unauthenticated) as caught:
        await login.current()
    assert "refused: token (digest)" in caught.value.one_line()


INSIDE_A_TERMINAL = """
import asyncio, datetime, fcntl, sys, termios
from pathlib import Path
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
open("/dev/tty", "w").write("terminal is here.")
from drifttui.clients.kube import KubeClient
from drifttui.clients.kubeconfig import KubeContext
spec = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": [sys.argv[1]]}
context = KubeContext("prod", Path("config"), "c", "u", {"server": "https://127.0.0.1:1"}, {"exec": spec})

async def main():
    client = KubeClient(context, lambda: datetime.datetime.now(datetime.UTC))
    try:
        await client.get("/version")
    except Exception as error:
        Path(sys.argv[2]).write_text(str(error))
    await client.close()

asyncio.run(main())
"""


def test_a_plugin_cannot_paint_over_the_screen_or_eat_keys(tmp_path: Path) -> None:
    """In a real terminal: it shows what the program itself wrote, and the key typed meanwhile is still there."""
    script, said = tmp_path / "plugin.py", tmp_path / "said"
    script.write_text(
        "import sys\ntry:\n    open('/dev/tty', 'w').write('PAINTED')\n"
        "except OSError:\n    print('no tty', file=sys.stderr)\n"
        "print(repr(sys.stdin.read()), file=sys.stderr)\nprint('PAINTED')\nsys.exit(1)\n"
    )
    screen, keyboard = os.openpty()
    os.write(screen, b"j\n")
    command = [sys.executable, "-c", INSIDE_A_TERMINAL, str(script), str(said)]
    done = subprocess.run(
        command, stdin=keyboard, stdout=keyboard, stderr=keyboard, start_new_session=True, check=False, timeout=60
    )
    assert done.returncode == 0
    assert os.read(keyboard, 100) == b"j\n"
    assert os.read(screen, 10_000).replace(b"j\r\n", b"") == b"terminal is here."
    assert "exit code 1, no tty ''" in said.read_text()
    os.close(keyboard)
    os.close(screen)
