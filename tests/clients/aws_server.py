"""What moto does not implement (LookupEvents, results of Athena and Insights) and how AWS fails, in AWS's own format.

JSON 1.1 (`x-amz-json-1.1`): the operation is in `X-Amz-Target`, errors carry `__type` and a status of 400 or 500. The
answers go through the real SDK, whose parser follows the services' models, so that a shape that AWS does not have is
lost on the way and the test fails.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ACCOUNT = "123456789012"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::{ACCOUNT}:assumed-role/auditor/drifttui-bob</Arn><UserId>AROA:x</UserId><Account>{ACCOUNT}</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""


@dataclass(frozen=True)
class Call:
    service: str
    operation: str
    body: dict[str, Any]
    region: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Error:
    """How AWS refuses."""

    code: str
    message: str = ""
    status: int = 400
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    body: bytes
    status: int = 200
    content_type: str = "application/x-amz-json-1.1"


Answer = dict[str, Any] | Error | Raw
Handler = Callable[[Call], Answer]

_SERVICES = {
    "CloudApiService": "cloudcontrol",
    "CloudTrail_20131101": "cloudtrail",
    "AmazonAthena": "athena",
    "Logs_20140328": "logs",
}


class FakeAws:
    """`answers` maps operations to handlers. Every call is kept in `calls`; an operation nobody answers is a 400."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: dict[str, Handler] = {}
        self.url = ""

    def asked(self, operation: str) -> list[Call]:
        return [call for call in self.calls if call.operation == operation]

    def sequence(self, operation: str, *answers: Answer) -> None:
        """One answer after the other; the last one for ever."""
        waiting = list(answers)
        self.answers[operation] = lambda call: waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def reply(self, call: Call) -> Answer:
        self.calls.append(call)
        handler = self.answers.get(call.operation)
        if handler is not None:
            return handler(call)
        if call.operation == "GetCallerIdentity":
            return Raw(IDENTITY.encode(), content_type="text/xml")
        return Error("UnknownOperationException", call.operation)


@contextmanager
def serving(fake: FakeAws) -> Iterator[FakeAws]:
    class Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            scope = self.headers.get("authorization", "").partition("Credential=")[2].split("/")
            region, service = (scope[2], scope[3]) if len(scope) > 3 else ("", "")
            target = self.headers.get("x-amz-target", "")
            if target:
                prefix, _, operation = target.rpartition(".")
                service = _SERVICES[prefix.rpartition(".")[2]]
                asked = json.loads(body or b"{}")
            else:
                operation = body.decode().partition("Action=")[2].partition("&")[0]
                asked = {"query": body.decode()}
            answer = fake.reply(Call(service, operation, asked, region, dict(self.headers.items())))
            headers: dict[str, str] = {}
            if isinstance(answer, Error):
                headers, status = answer.headers, answer.status
                content, kind = json.dumps({"__type": answer.code, "message": answer.message}).encode(), None
            elif isinstance(answer, Raw):
                content, status, kind = answer.body, answer.status, answer.content_type
            else:
                content, status, kind = json.dumps(answer).encode(), 200, None
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-type", kind or "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that was cancelled hangs up in mid-answer."""

    server = Server(("127.0.0.1", 0), Requests)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()


def credentials(monkeypatch: pytest.MonkeyPatch, folder: Path, config: str = "") -> None:
    """Credentials and profiles of this test alone, and no metadata service."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (folder / "aws-credentials").write_text(
        f"[default]\naws_access_key_id={KEY_ID}\naws_secret_access_key={SECRET}\n"
        f"[base]\naws_access_key_id={KEY_ID}\naws_secret_access_key={SECRET}\n"
    )
    (folder / "aws-config").write_text(config or "[default]\nregion=eu-west-1\n[profile base]\nregion=eu-west-1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "aws-credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "aws-config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@contextmanager
def moto() -> Iterator[str]:
    """The address of moto's server, empty: S3, STS, CloudWatch Logs, CloudFormation, DynamoDB as far as it has them."""
    import logging
    import urllib.request

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        url = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        # What it holds is global to the process, and an earlier test may have filled it.
        urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST"), timeout=20).close()
        yield url
    finally:
        server.stop()
