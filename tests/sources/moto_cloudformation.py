"""moto's CloudFormation with the drift detection that it lacks.

Stacks, their resources, events and policies are moto's own. DetectStackDrift, DescribeStackDriftDetectionStatus and
DescribeStackResourceDrifts, and `DriftInformation` in what DescribeStacks says after a detection, are answers in the
format of the API, put in front of it: moto raises NotImplementedError for them and knows of no drift.
"""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import boto3

from tests.clients.aws_server import KEY_ID, SECRET, moto
from tests.sources.test_cloudformation import xml

_KEPT = frozenset({"authorization", "content-type", "x-amz-date", "x-amz-security-token", "user-agent"})


@dataclass
class Account:
    """`drifts` are the entries of DescribeStackResourceDrifts by stack name; `polls` is how often a detection is still
    in progress."""

    moto: str
    url: str = ""
    drifts: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    polls: int = 1
    asked: list[str] = field(default_factory=list)
    """Operations of CloudFormation, in order."""
    _detected: dict[str, datetime] = field(default_factory=dict)
    _running: dict[str, int] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """The plain SDK, to make what is there."""
        return boto3.client(
            service, endpoint_url=self.moto, region_name="eu-west-1", aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )  # fmt: skip

    def answer(self, asked: Mapping[str, str]) -> bytes | None:
        """To what moto does not know; None for everything else."""
        operation, name = asked.get("Action", ""), _name(asked.get("StackName", ""))
        self.asked.append(operation)
        if operation == "DetectStackDrift":
            self._running[name] = self.polls
            return xml(operation, {"StackDriftDetectionId": f"detection-{name}"}).body
        if operation == "DescribeStackDriftDetectionStatus":
            name = asked["StackDriftDetectionId"].removeprefix("detection-")
            self._running[name] -= 1
            going = self._running[name] >= 0
            if not going:
                self._detected[name] = datetime.now(UTC)
            status = "DETECTION_IN_PROGRESS" if going else "DETECTION_COMPLETE"
            held = {"StackId": name, "StackDriftDetectionId": asked["StackDriftDetectionId"], "DetectionStatus": status,
                    "Timestamp": datetime.now(UTC).isoformat()}  # fmt: skip
            return xml(operation, held).body
        if operation == "DescribeStackResourceDrifts":
            found = self.drifts.get(name, []) if name in self._detected else []
            return xml(operation, {"StackResourceDrifts": found}).body
        return None

    def told(self, asked: Mapping[str, str], body: bytes) -> bytes:
        """moto's list of stacks, with what was detected meanwhile."""
        if asked.get("Action") != "DescribeStacks":
            return body
        for name, at in self._detected.items():
            drifted = any(one["StackResourceDriftStatus"] != "IN_SYNC" for one in self.drifts.get(name, []))
            said = (
                f"<DriftInformation><StackDriftStatus>{'DRIFTED' if drifted else 'IN_SYNC'}</StackDriftStatus>"
                f"<LastCheckTimestamp>{at.isoformat()}</LastCheckTimestamp></DriftInformation>"
            )
            named = f"<StackName>{name}</StackName>".encode()
            assert body.count(named) <= 1
            body = body.replace(named, named + said.encode())
        return body


def _name(stack: str) -> str:
    return stack.split("/")[1] if stack.startswith("arn:") else stack


@contextmanager
def account() -> Iterator[Account]:
    with moto() as behind:
        held = Account(behind)

        class Front(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                service = self.headers.get("authorization", "").split("/")[3:4]
                own = held.answer(asked) if service == ["cloudformation"] else None
                status, content = (200, own) if own is not None else self._behind(body)
                content = held.told(asked, content)
                self.send_response(status)
                self.send_header("content-type", "text/xml")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _behind(self, body: bytes) -> tuple[int, bytes]:
                headers = {name: value for name, value in self.headers.items() if name.lower() in _KEPT}
                request = urllib.request.Request(f"{held.moto}{self.path}", body, headers, method="POST")
                try:
                    with urllib.request.urlopen(request, timeout=30) as answer:
                        return answer.status, answer.read()
                except urllib.error.HTTPError as error:
                    with error:
                        return error.code, error.read()

            def log_message(self, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        held.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield held
        finally:
            server.shutdown()
            server.server_close()
