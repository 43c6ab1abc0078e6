"""One HTTP exchange as a file, the way a test replays it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.cluster.recorder.scrub import Scrubber

PATIENCE = 45.0
"""Seconds until the last line of a stream must have come: Argo CD looks at every unit again after 30."""

_DROPPED = {"content-length", "set-cookie", "transfer-encoding", "content-encoding"}
"""True of the bytes on the wire, not of the text that is kept."""


class Tape:
    """Writes exchanges below one folder. What is written is always clean."""

    def __init__(self, folder: Path, scrubber: Scrubber) -> None:
        self._folder = folder
        self._scrubber = scrubber

    def get(self, client: httpx.Client, name: str, path: str, **query: str) -> httpx.Response:
        answer = client.get(path, params=query or None)
        self.keep(name, answer, query, body=answer.text)
        return answer

    def post(self, client: httpx.Client, name: str, path: str, body: Mapping[str, object]) -> httpx.Response:
        answer = client.post(path, json=body)
        self.keep(name, answer, {}, body=answer.text, sent=json.dumps(body))
        return answer

    def keep(
        self,
        name: str,
        answer: httpx.Response,
        query: Mapping[str, str],
        *,
        body: str | None = None,
        lines: list[str] | None = None,
        sent: str | None = None,
    ) -> None:
        """`sent` is the request's body, for the few exchanges that have one; `lines` are those of a stream."""
        asked = {"accept": answer.request.headers.get("accept", "*/*")}
        document: dict[str, object] = {
            "method": answer.request.method,
            "path": answer.request.url.path,
            "query": dict(query),
            "request_headers": asked,
            "status": answer.status_code,
            "headers": {key: value for key, value in answer.headers.items() if key not in _DROPPED},
        }
        if sent is not None:
            document["request_body"] = self._scrubber.clean(sent)
        if lines is not None:
            document["lines"] = [self._scrubber.clean(line) for line in lines]
        else:
            document["body"] = self._scrubber.clean(body or "")
        self.write(f"{name}.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")

    def write(self, name: str, text: str) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._scrubber.clean(text))

    @contextmanager
    def listening(
        self,
        client: httpx.Client,
        name: str,
        path: str,
        query: Mapping[str, str],
        *,
        accept: str = "application/json",
        last: Callable[[str], bool] = lambda line: False,
    ) -> Iterator[None]:
        """Read a stream in the background while the block runs, and after it until a line is the `last`, or the end."""
        lines: list[str] = []
        held: list[httpx.Response] = []
        begun, leaving = threading.Event(), threading.Event()

        def read() -> None:
            request = client.build_request("GET", path, params=dict(query), headers={"Accept": accept})
            answer = client.send(request, stream=True)
            held.append(answer)
            begun.set()
            with suppress(httpx.HTTPError):
                for line in answer.iter_lines():
                    lines.append(line)
                    if leaving.is_set() and last(line):
                        break
            answer.close()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        # Argo CD sends not even its headers before the first event.
        begun.wait(1.5)
        yield
        leaving.set()
        reader.join(PATIENCE)
        self.keep(name, held[0], query, lines=list(lines))
