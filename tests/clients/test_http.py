"""What an operator sees when a server answers badly, slowly, or not at all."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest

from drifttui.clients.access import Access, Effect
from drifttui.clients.http import Http
from drifttui.clients.limits import Limits
from drifttui.clients.retry import Backoff
from drifttui.clients.tls import Tls
from drifttui.core.errors import (
    BadAnswer,
    Forbidden,
    Missing,
    ReadOnly,
    SourceError,
    Throttled,
    Unauthenticated,
    Unreachable,
)
from tests.clients.raw_http import RawServer, Reply, Request, serving

QUICK = Backoff(attempts=3, base=0.0, cap=0.0)
ONCE = Backoff(attempts=1)


async def fine(_: Request, reply: Reply) -> None:
    await reply.json({"fine": True})


def one_line(error: SourceError) -> str:
    text = error.one_line()
    assert "\n" not in text
    assert len(text) < 700
    return text


async def test_an_answer_is_counted_with_its_size_and_age() -> None:
    async with serving(fine) as server:
        http = Http(server.url, name="argocd:eu")
        answer = await http.get("/api/version")
        assert bytes(answer.body) == b'{"fine": true}'
        assert (http.counters.answers, http.counters.errors, http.counters.bytes) == (1, 0, len(answer.body))
        assert http.counters.newest_answer == answer.received_at
        assert http.counters.rate > 0
        await http.close()


async def test_connections_are_reused() -> None:
    ports = set()

    async def handler(request: Request, reply: Reply) -> None:
        ports.add(reply.writer.get_extra_info("peername")[1])
        await fine(request, reply)

    async with serving(handler) as server:
        http = Http(server.url, name="s")
        for _ in range(5):
            await http.get("/x")
        await http.close()
    assert len(ports) == 1


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, Unauthenticated, "does not accept the credentials"),
        (403, Forbidden, "Ask for the permission applications,get"),
        (404, Missing, "gone, or hidden"),
        (500, BadAnswer, "failed"),
        (503, BadAnswer, "failed"),
        (418, BadAnswer, "refused the question"),
    ],
)
async def test_each_refusal_says_what_where_and_what_to_do(status: int, kind: type[SourceError], words: str) -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.json({"error": "x", "message": "because \x1b[31mred\x1b[0m\nsecond line"}, status)

    async with serving(handler) as server:
        http = Http(server.url, name="argocd:eu", backoff=QUICK)
        with pytest.raises(kind) as caught:
            await http.get("/api/v1/applications", permission="applications,get")
        text = one_line(caught.value)
        assert words in text
        assert "argocd:eu" in text
        assert "/api/v1/applications" in text
        assert "\x1b" not in text
        await http.close()


async def test_a_permission_is_named_by_itself_too() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.json({}, 403)

    async with serving(handler) as server:
        http = Http(server.url, name="s")
        with pytest.raises(Forbidden) as caught:
            await http.get("/x", permission="applications,get")
        assert caught.value.permission == "applications,get"
        await http.close()


async def test_a_passing_failure_is_asked_again_and_not_shown() -> None:
    async def handler(request: Request, reply: Reply) -> None:
        if len(server.requests) < 3:
            await reply.json({}, 502)
        else:
            await fine(request, reply)

    async with serving(handler) as server:
        http = Http(server.url, name="s", backoff=QUICK)
        await http.get("/x")
        assert len(server.requests) == 3
        await http.close()


async def test_a_refused_question_is_not_asked_again() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.json({}, 400)

    async with serving(handler) as server:
        http = Http(server.url, name="s", backoff=QUICK)
        with pytest.raises(BadAnswer):
            await http.get("/x")
        assert len(server.requests) == 1
        await http.close()


async def test_a_throttling_server_is_given_the_time_it_asks_for() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def handler(request: Request, reply: Reply) -> None:
        if len(server.requests) == 1:
            await reply.json({}, 429, retry_after="2")
        else:
            await fine(request, reply)

    async with serving(handler) as server:
        http = Http(server.url, name="s", sleep=sleep, rng=lambda: 0.0)
        await http.get("/x")
        assert slept == [2.0]
        await http.close()


async def test_a_long_wait_is_told_instead_of_waited_for() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.json({}, 429, retry_after="600")

    async with serving(handler) as server:
        http = Http(server.url, name="s")
        with pytest.raises(Throttled) as caught:
            await http.get("/x")
        assert caught.value.retry_after == 600
        assert "600 s" in one_line(caught.value)
        await http.close()


async def test_one_byte_a_second_does_not_block_past_the_deadline() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.head(content_type="application/json", content_length="1000")
        while True:
            await reply.raw(b" ")
            await asyncio.sleep(0.02)

    async with serving(handler) as server:
        http = Http(server.url, name="s", limits=Limits(total=0.3))
        with pytest.raises(Unreachable, match="too slow"):
            await http.get("/x")
        assert http.counters.errors == 1
        await http.close()


async def test_a_server_that_stops_in_the_middle_is_noticed() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.head(content_type="application/json", content_length="1000")
        await reply.raw(b"{")
        await asyncio.Event().wait()

    async with serving(handler) as server:
        http = Http(server.url, name="s", backoff=ONCE, limits=Limits(between_bytes=0.1))
        with pytest.raises(Unreachable, match="stopped answering"):
            await http.get("/x")
        await http.close()


async def test_a_body_that_breaks_off_is_asked_again() -> None:
    async def handler(request: Request, reply: Reply) -> None:
        if len(server.requests) == 1:
            await reply.head(content_type="application/json", content_length="1000")
            await reply.raw(b'{"items": [')
            await reply.hang_up()
        else:
            await fine(request, reply)

    async with serving(handler) as server:
        http = Http(server.url, name="s", backoff=QUICK)
        await http.get("/x")
        assert len(server.requests) == 2
        await http.close()


async def test_a_body_that_always_breaks_off_is_told() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.head(content_type="application/json", transfer_encoding="chunked")
        await reply.chunk(b'{"items": [')
        await reply.hang_up()

    async with serving(handler) as server:
        http = Http(server.url, name="s", backoff=QUICK)
        with pytest.raises(BadAnswer, match="broke off"):
            await http.get("/x")
        await http.close()


@pytest.mark.parametrize("content_type", ["text/html", "application/json"])
async def test_a_login_page_is_told_from_an_answer(content_type: str) -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.send(b"\n<!doctype html><title>Sign in</title>", content_type=content_type)

    async with serving(handler) as server:
        http = Http(server.url, name="argocd:eu")
        with pytest.raises(BadAnswer, match="web page instead of JSON"):
            await http.get("/api/v1/applications")
        await http.close()


async def test_a_redirect_to_a_login_is_not_followed_and_its_query_not_shown() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.send(b"", 302, location="https://login.example.com/auth?state=s3cret")

    async with serving(handler) as server:
        http = Http(server.url, name="s")
        with pytest.raises(BadAnswer) as caught:
            await http.get("/x")
        assert "login.example.com" in one_line(caught.value)
        assert "s3cret" not in one_line(caught.value)
        await http.close()


async def test_an_oversized_answer_is_cut_while_reading() -> None:
    sent = 0

    async def handler(_: Request, reply: Reply) -> None:
        nonlocal sent
        await reply.head(content_type="application/json", transfer_encoding="chunked")
        for _count in range(1000):
            await reply.chunk(b"x" * 65536)
            sent += 65536
        await reply.raw(b"0\r\n\r\n")

    async with serving(handler) as server:
        http = Http(server.url, name="s", limits=Limits(body=1_000_000))
        with pytest.raises(BadAnswer, match="more than 1 MB"):
            await http.get("/x")
        await http.close()
    assert sent < 1000 * 65536


async def test_a_packed_answer_is_bounded_by_what_it_unpacks_to() -> None:
    packed = gzip.compress(b" " * 5_000_000)

    async def handler(_: Request, reply: Reply) -> None:
        await reply.send(packed, content_encoding="gzip")

    async with serving(handler) as server:
        http = Http(server.url, name="s", limits=Limits(body=1_000_000))
        with pytest.raises(BadAnswer, match="too large"):
            await http.get("/x")
        assert "gzip" in server.requests[0].headers["accept-encoding"]
        await http.close()


async def test_an_expired_token_is_read_anew_and_the_call_goes_through() -> None:
    tokens = iter(["old", "new"])

    async def auth(_: bool) -> Mapping[str, str]:
        return {"authorization": f"Bearer {next(tokens)}"}

    async def handler(request: Request, reply: Reply) -> None:
        if request.headers["authorization"] == "Bearer new":
            await fine(request, reply)
        else:
            await reply.json({"error": "token is expired"}, 401)

    async with serving(handler) as server:
        http = Http(server.url, name="s", auth=auth)
        await http.get("/x")
        assert [r.headers["authorization"] for r in server.requests] == ["Bearer old", "Bearer new"]
        await http.get("/x")
        assert len(server.requests) == 3
        await http.close()


async def test_an_expired_token_without_a_new_one_says_how_to_get_in() -> None:
    async def auth(_: bool) -> Mapping[str, str]:
        return {"authorization": "Bearer old"}

    async def handler(_: Request, reply: Reply) -> None:
        await reply.json({"error": "invalid session: token is expired"}, 401)

    async with serving(handler) as server:
        http = Http(server.url, name="argocd:eu", auth=auth, login="Write a new token into tokens/eu.")
        with pytest.raises(Unauthenticated) as caught:
            await http.get("/x")
        assert len(server.requests) == 1, "the same token is not tried twice"
        text = one_line(caught.value)
        assert "token is expired" in text
        assert "Write a new token into tokens/eu." in text
        assert "old" not in text
        await http.close()


async def test_read_only_stops_a_write_before_it_leaves() -> None:
    async with serving(fine) as server:
        http = Http(server.url, name="s", access=Access.READ_ONLY)
        with pytest.raises(ReadOnly, match="Nothing was sent"):
            await http.request("POST", "/sync", content=b"{}", effect=Effect.WRITE)
        with pytest.raises(ReadOnly):
            await http.request("DELETE", "/x", effect=Effect.NONE)
        assert server.requests == []
        await http.request("POST", "/selfsubjectaccessreviews", content=b"{}", effect=Effect.POSTED_READ)
        assert server.requests[0].headers["content-type"] == "application/json"
        await http.get("/managed-resources", effect=Effect.SIDE_EFFECT)
        await http.close()


async def test_strict_read_only_stops_reads_that_make_the_server_write() -> None:
    async with serving(fine) as server:
        http = Http(server.url, name="s", access=Access.STRICT)
        with pytest.raises(ReadOnly, match="strict"):
            await http.get("/managed-resources", effect=Effect.SIDE_EFFECT)
        assert server.requests == []
        await http.close()


async def test_a_write_without_an_answer_is_never_sent_twice() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.hang_up()

    async with serving(handler) as server:
        http = Http(server.url, name="s", backoff=QUICK)
        with pytest.raises(Unreachable):
            await http.request("PATCH", "/x", content=b"{}", effect=Effect.WRITE)
        assert len(server.requests) == 1
        await http.close()


@pytest.mark.parametrize("minutes", [-2, 0, 2])
async def test_a_clock_two_minutes_off_is_measured(minutes: int) -> None:
    now = dt.datetime(2026, 3, 1, 3, 0, 0, tzinfo=dt.UTC)
    async with serving(fine) as server:
        server.date = now + dt.timedelta(minutes=minutes)
        http = Http(server.url, name="s", clock=lambda: now)
        await http.get("/x")
        assert http.counters.clock_skew == dt.timedelta(minutes=minutes)
        await http.close()


async def test_a_dead_port_and_an_unknown_host_say_which() -> None:
    async with serving(fine) as server:
        url = server.url
    http = Http(url, name="argocd:eu", backoff=QUICK)
    with pytest.raises(Unreachable, match=r"argocd:eu.*127\.0\.0\.1") as refused:
        await http.get("/x")
    assert refused.value.retryable
    await http.close()
    http = Http("http://no-such-host.invalid", name="s", backoff=ONCE)
    with pytest.raises(Unreachable, match="no such host"):
        await http.get("/x")
    await http.close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server context for 127.0.0.1 and the file that proves it."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path, secret = folder / "ca.pem", folder / "key.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, secret)
    return context, path


async def test_a_server_that_cannot_prove_itself_is_not_asked_again(tmp_path: Path) -> None:
    context, ca = certificate(tmp_path)
    async with serving(fine, context) as server:
        wrong = Http(server.url, name="argocd:eu", backoff=QUICK)
        with pytest.raises(Unreachable, match="does not prove who it is") as caught:
            await wrong.get("/x")
        assert not caught.value.retryable
        assert server.requests == []
        await wrong.close()
        for tls in (Tls(ca_file=str(ca)), Tls(ca_data=ca.read_bytes()), Tls(insecure=True)):
            right = Http(server.url, name="s", tls=tls)
            await right.get("/x")
            await right.close()


async def test_plain_text_behind_https_is_named(tmp_path: Path) -> None:
    async with serving(fine) as server:
        http = Http(server.url.replace("http:", "https:"), name="s", backoff=ONCE, tls=Tls(insecure=True))
        with pytest.raises(Unreachable, match="no TLS connection"):
            await http.get("/x")
        await http.close()


async def test_a_ca_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    http = Http("https://127.0.0.1:1", name="argocd:eu", tls=Tls(ca_file=str(tmp_path / "gone.pem")))
    with pytest.raises(Unreachable, match=r"gone\.pem"):
        await http.get("/x")


async def streaming(server: RawServer, limits: Limits) -> list[bytes | None]:
    http = Http(server.url, name="s", limits=limits)
    try:
        return [line async for line in http.lines("/stream", accept="text/event-stream")]
    finally:
        await http.close()


async def test_a_stream_ends_with_the_last_whole_line() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.head(content_type="text/event-stream", transfer_encoding="chunked")
        await reply.chunk(b"data: o")
        await reply.chunk(b"ne\n:\ndata: two\nda")
        await reply.raw(b"0\r\n\r\n")

    async with serving(handler) as server:
        assert await streaming(server, Limits()) == [b"data: one", b":", b"data: two"]


async def test_a_line_past_the_limit_is_skipped_and_told() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.head(content_type="text/event-stream", transfer_encoding="chunked")
        for _count in range(10):
            await reply.chunk(b"x" * 500)
        await reply.chunk(b"\nshort\n")
        await reply.raw(b"0\r\n\r\n")

    async with serving(handler) as server:
        assert await streaming(server, Limits(line=1000)) == [None, b"short"]


async def test_a_half_open_stream_is_noticed_by_its_silence() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.head(content_type="text/event-stream", transfer_encoding="chunked")
        await reply.chunk(b":\n")
        await asyncio.Event().wait()

    async with serving(handler) as server:
        with pytest.raises(Unreachable, match="went silent"):
            await streaming(server, Limits(idle=0.1))


async def test_a_stream_cut_in_the_middle_is_an_error_not_an_end() -> None:
    async def handler(_: Request, reply: Reply) -> None:
        await reply.head(content_type="text/event-stream", transfer_encoding="chunked")
        await reply.chunk(b"data: one\n")
        await reply.hang_up()

    async with serving(handler) as server:
        with pytest.raises(SourceError, match="broke off"):
            await streaming(server, Limits())
