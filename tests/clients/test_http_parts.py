"""The parts of the HTTP client that are easier to judge alone: delays, lines, certificates, error texts."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drifttui.clients.counters import Counters
from drifttui.clients.http import Http
from drifttui.clients.http_errors import http_date, refused_answer, retry_after
from drifttui.clients.lines import Lines
from drifttui.clients.retry import Backoff
from drifttui.clients.tls import Tls
from drifttui.core.errors import SourceError, Unreachable
from tests.clients.raw_http import serving
from tests.clients.test_http import certificate, fine

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def test_delays_grow_to_a_cap_and_spread() -> None:
    backoff = Backoff(base=1.0, cap=8.0)
    assert [backoff.delay(n, lambda: 0.5) for n in (1, 2, 3, 4, 5, 500)] == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert backoff.delay(3, lambda: 0.0) == 0.0
    assert backoff.delay(1, lambda: 0.0, retry_after=3.0) == 3.0
    assert backoff.delay(1, lambda: 0.0, retry_after=600.0) == 8.0


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_lines_do_not_depend_on_how_the_bytes_arrive(size: int) -> None:
    data = b"data: one\n\n:\ndata: " + b"x" * 40 + b"\nlast"
    lines = Lines(limit=20)
    found = [line for start in range(0, len(data), size) for line in lines.feed(data[start : start + size])]
    assert found == [b"data: one", b"", b":", None]
    assert lines.rest() == b"last"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), ("Sun, 01 Mar 2026 03:00:30 GMT", 30.0), ("Sun, 01 Mar 2026 02:00:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


def test_an_odd_date_is_no_date() -> None:
    assert http_date("yesterday") is None


@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff\xfe", b"null", b'{"message": 5}', b"", b"Bearer s3cret"])
def test_a_body_that_is_no_error_message_is_not_quoted(body: bytes) -> None:
    error = refused_answer("s", "/x", 500, {"content-type": "text/plain"}, body, now=NOW)
    assert "s3cret" not in error.one_line()
    assert error.one_line().startswith("s failed: /x: 500.")


def test_quoted_texts_are_cleaned_first() -> None:
    error = refused_answer(
        "s", "/x", 500, {}, b'{"message": "cannot clone https://u:hunter2@git"}', now=NOW, clean=lambda _: "(cleaned)"
    )
    assert "hunter2" not in error.one_line()
    assert "(cleaned)" in error.one_line()


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    time = [0.0]
    counters = Counters(lambda: time[0])
    counters.told(50)
    assert counters.rate == 5.0
    time[0] = 11.0
    counters.answered(NOW, 3.0)
    assert counters.rate == 0.1


async def test_a_client_certificate_is_shown_from_files_or_from_memory(tmp_path: Path) -> None:
    context, ca = certificate(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca)
    key = tmp_path / "key.pem"
    async with serving(fine, context) as server:
        for tls in (
            Tls(ca_file=str(ca), cert_file=str(ca), key_file=str(key)),
            Tls(ca_data=ca.read_bytes(), cert_data=ca.read_bytes(), key_data=key.read_bytes()),
        ):
            http = Http(server.url, name="s", tls=tls)
            await http.get("/x")
            await http.close()
        http = Http(server.url, name="s", tls=Tls(ca_file=str(ca)), backoff=Backoff(attempts=1))
        with pytest.raises(SourceError):
            await http.get("/x")
        await http.close()


async def test_a_broken_client_certificate_is_named(tmp_path: Path) -> None:
    path = tmp_path / "client.pem"
    path.write_text("no certificate")
    http = Http("https://127.0.0.1:9", name="s", tls=Tls(insecure=True, cert_file=str(path)))
    with pytest.raises(Unreachable, match=r"client\.pem") as caught:
        await http.get("/x")
    assert not caught.value.retryable
