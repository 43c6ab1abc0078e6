"""A real Loki, where one is built: `$DRIFTTUI_LOKI`, `loki` on the path, or in the cache of the test control plane.

Debian has none, and a cold build takes longer than anybody waits for a test:

    mkdir loki && cd loki && go mod init x && go get github.com/grafana/loki/v3/cmd/loki@v3.7.8
    # and its `replace` lines, without which it does not compile
    go build -o ~/.cache/drifttui-cluster/loki-v3.7.8/loki github.com/grafana/loki/v3/cmd/loki

No smaller one would do: of the 2,157 packages of `cmd/loki` its querier alone needs 2,107. Where it is not built its
recorded answers stand in (`loki_recording`).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIG = """
auth_enabled: true
server:
  http_listen_address: 127.0.0.1
  http_listen_port: {http}
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: {grpc}
  log_level: error
common:
  path_prefix: {folder}
  replication_factor: 1
  instance_addr: 127.0.0.1
  instance_interface_names: [lo]
  ring: {{instance_addr: 127.0.0.1, kvstore: {{store: inmemory}}}}
  storage: {{filesystem: {{chunks_directory: {folder}/chunks, rules_directory: {folder}/rules}}}}
memberlist: {{bind_addr: [127.0.0.1], bind_port: {gossip}}}
schema_config:
  configs:
    - {{from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {{prefix: i_, period: 24h}}}}
limits_config: {{max_line_size: 8MB, ingestion_rate_mb: 100, ingestion_burst_size_mb: 200}}
analytics: {{reporting_enabled: false}}
"""


def binary() -> str | None:
    if os.environ.get("DRIFTTUI_CLUSTER") == "off":
        return None
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "drifttui-cluster"
    built = sorted(cache.glob("loki-*/loki"))
    return os.environ.get("DRIFTTUI_LOKI") or shutil.which("loki") or (str(built[-1]) if built else None)


def _port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@contextmanager
def running(program: str, folder: Path) -> Iterator[str]:
    """The address of a Loki that is ready."""
    http, grpc, gossip = _port(), _port(), _port()
    config = folder / "loki.yaml"
    config.write_text(CONFIG.format(http=http, grpc=grpc, gossip=gossip, folder=folder))
    with (folder / "loki.log").open("wb") as log:
        process = subprocess.Popen([program, f"-config.file={config}"], stdout=log, stderr=log)
        url = f"http://127.0.0.1:{http}"
        try:
            for _ in range(600):
                if process.poll() is not None:
                    raise RuntimeError((folder / "loki.log").read_text()[-2000:])
                try:
                    with urllib.request.urlopen(f"{url}/ready", timeout=2) as answer:
                        if answer.status == 200:
                            break
                except (urllib.error.URLError, OSError):
                    time.sleep(0.2)
            else:
                raise RuntimeError("Loki did not become ready: " + (folder / "loki.log").read_text()[-2000:])
            yield url
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
