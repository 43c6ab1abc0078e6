"""Evaluates jq paths for `clients.jq_process`, as a process that can be killed: jq itself cannot be interrupted.

`python -P jq_worker.py SECONDS` says `READY` and then answers two blocks, a path and a document in JSON, with two
others: `left` and JSON, `broken` and why the path is no jq, or `failed` and why jq gave up on this document. A block is
four bytes of length, big endian, and UTF-8. What takes more than SECONDS of processor time ends the process by SIGXCPU,
whoever waits for it or not.
"""

from __future__ import annotations

import resource
import sys
import time
from contextlib import suppress
from typing import Any, BinaryIO

READY = b"ready"
HEAD = 4
MEMORY = 1 << 30
"""Bytes that a path may make of a document before the process ends."""


def block(content: bytes) -> bytes:
    return len(content).to_bytes(HEAD, "big") + content


def serve(questions: BinaryIO, answers: BinaryIO, seconds: int) -> None:
    import jq

    programs: dict[str, Any] = {}

    def answer(path: str, document: str) -> tuple[str, str]:
        try:
            program = programs.get(path) or programs.setdefault(path, jq.compile(f"del({path})"))
        except ValueError as error:
            return "broken", str(error)
        try:
            return "left", program.input_text(document).text().partition("\n")[0]
        except ValueError as error:
            return "failed", str(error)

    answers.write(READY)
    answers.flush()
    while len(head := questions.read(HEAD)) == HEAD:
        path = questions.read(int.from_bytes(head, "big")).decode()
        document = questions.read(int.from_bytes(questions.read(HEAD), "big")).decode()
        spent = int(time.process_time()) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))
        kind, text = answer(path, document)
        answers.write(block(kind.encode()) + block(text.encode("utf-8", "replace")))
        answers.flush()


if __name__ == "__main__":
    for which, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # Not every system has every limit.
            resource.setrlimit(which, (most, most))
    with open(0, "rb") as asked, open(1, "wb") as told:
        serve(asked, told, int(sys.argv[1]))
