"""What a kubeconfig user comes to on the wire, and how each way of writing it wrongly is told."""

from __future__ import annotations

import base64
import datetime as dt
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from drifttui.clients.kube import KubeClient
from drifttui.clients.kube_credentials import written
from drifttui.clients.kube_provider import ask_provider
from drifttui.clients.kube_proxy import proxy_of
from drifttui.clients.kubeconfig import KubeContext
from drifttui.core.errors import SourceError, Unauthenticated
from tests.clients.raw_http import Reply, Request, serving


def entry(user: dict[str, Any] | None = None, cluster: dict[str, str] | None = None) -> KubeContext:
    held = {"server": "https://prod", **(cluster or {})}
    return KubeContext("prod", Path("config"), "prod", "me", held, user or {})


def text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def test_each_way_of_writing_a_credential_is_understood(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(" from-file\n")
    assert written(entry()).headers == {}
    assert written(entry({"token": "t"})).headers == {"Authorization": "Bearer t"}
    both = {"token": "t", "tokenFile": str(tmp_path / "token")}
    assert written(entry(both)).headers == {"Authorization": "Bearer from-file"}
    assert written(entry({"username": "u", "password": "p"})).headers == {"Authorization": f"Basic {text('u:p')}"}
    pair = written(entry({"client-certificate-data": text("C"), "client-key-data": text("K")}))
    assert (pair.certificate, pair.key) == (b"C", b"K")
    assert "hunter2" not in repr(written(entry({"token": "hunter2"})))


@pytest.mark.parametrize(
    ("user", "says"),
    [
        ({"tokenFile": "/no/such/token"}, "tokenFile /no/such/token cannot be read: No such file"),
        ({"tokenFile": "/"}, "cannot be read"),
        ({"token": "a\nX-Evil: 1"}, "no single line of ASCII"),
        ({"token": "ключ"}, "no single line of ASCII"),
        ({"client-certificate-data": text("C")}, "has no client-key"),
        ({"client-key-data": text("C")}, "has no client-certificate"),
        (
            {"client-certificate-data": text("C"), "client-key-data": text("-----BEGIN ENCRYPTED PRIVATE KEY-----")},
            "protected by a passphrase",
        ),
        ({"client-certificate-data": "%%%=", "client-key-data": text("K")}, "client-certificate-data is not base64"),
    ],
)
def test_a_credential_that_cannot_be_used_names_the_file_and_not_its_content(user: dict[str, Any], says: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        written(entry(user))
    line = caught.value.one_line()
    assert says in line
    assert "config" in line
    assert "X-Evil" not in line


def test_a_token_file_that_is_empty_or_endless_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(Unauthenticated, match="is empty"):
        written(entry({"tokenFile": str(tmp_path / "empty")}))
    with pytest.raises(Unauthenticated, match="larger than a megabyte"):
        written(entry({"tokenFile": "/dev/zero"}))


def jwt(expires: int) -> str:
    parts: tuple[dict[str, Any], ...] = ({"alg": "none"}, {"exp": expires}, {})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


async def test_an_oidc_user_is_read_by_the_kubernetes_package() -> None:
    token = jwt(4_000_000_000)
    user = {"auth-provider": {"name": "oidc", "config": {"id-token": token}}}
    assert (await ask_provider(entry(user), timeout=20)).headers == {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "provider",
    [
        {"name": "oidc", "config": {"id-token": jwt(1)}},
        {"name": "oidc", "config": {"id-token": "no jwt"}},
        {"name": "azure", "config": {}},
        {"name": "oidc"},
        "text",
    ],
)
async def test_a_provider_that_gives_no_token_is_one_line(provider: Any) -> None:
    with pytest.raises(Unauthenticated) as caught:
        await ask_provider(entry({"auth-provider": provider}), timeout=20)
    assert "No credentials for prod: the auth-provider" in caught.value.one_line()


@pytest.mark.parametrize(
    ("server", "environment", "proxy"),
    [
        ("https://api.example", {}, None),
        ("https://api.example", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("http://api.example", {"HTTPS_PROXY": "http://p:1"}, None),
        ("https://api.example", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".example"}, None),
        ("https://10.1.2.3:6443", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "x, 10.0.0.0/8"}, None),
        ("https://11.1.2.3:6443", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, "http://p:1"),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": "http://p:1"}, None),
        ("https://localhost:6443", {"ALL_PROXY": "http://p:1"}, None),
    ],
)
def test_the_environment_decides_about_proxies(
    server: str, environment: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(entry({}, {"server": server})) == proxy
    assert proxy_of(entry({}, {"server": server, "proxy-url": "http://own:2"})) == "http://own:2"


async def test_a_proxy_that_cannot_be_used_is_one_line_without_its_password() -> None:
    for url in ("http://user:hunter2@127.0.0.1:9", "gopher://user:hunter2@p", "socks5://user:hunter2@p"):
        client = KubeClient(entry({}, {"proxy-url": url}), lambda: dt.datetime.now(dt.UTC))
        with pytest.raises(SourceError) as caught:
            await client.get("/version")
        assert "hunter2" not in caught.value.one_line()
        await client.close()


@pytest.mark.parametrize("authority", [text("not a certificate"), "/w==", text("-----BEGIN")])
async def test_an_authority_that_is_no_certificate_names_the_kubeconfig(authority: str) -> None:
    client = KubeClient(entry({}, {"certificate-authority-data": authority}), lambda: dt.datetime.now(dt.UTC))
    with pytest.raises(SourceError, match="No way to prod: config, context prod"):
        await client.get("/version")
    await client.close()


class Authority:
    """Issues certificates for one test."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
        self.pem = self._sign(self._name, self._key, ca=True).decode()

    def pair(self, name: str) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._sign(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]), key, host=name), secret

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool = False, host: str = "") -> bytes:
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if host:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


async def test_a_rotated_client_certificate_is_used_for_the_next_call(tmp_path: Path) -> None:
    """Also: the server is known by `tls-server-name` and by the authority in the kubeconfig."""
    authority = Authority()
    (tmp_path / "server.pem").write_bytes(b"\n".join(authority.pair("api.internal")))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.pem")
    tls.load_verify_locations(cadata=authority.pem)
    tls.verify_mode = ssl.CERT_REQUIRED
    answers = []
    for name in ("first", "second"):
        certificate, key = authority.pair(name)
        status = {
            "clientCertificateData": certificate.decode(),
            "clientKeyData": key.decode(),
            "expirationTimestamp": "2026-01-01T00:10:00Z",
        }
        answers.append({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status})
    script = tmp_path / "plugin.py"
    script.write_text(
        f"import os\nused = {str(tmp_path / 'used')!r}\nanswers = {[json.dumps(a) for a in answers]!r}\n"
        "print(answers[os.path.exists(used)])\nopen(used, 'w').close()\n"
    )
    spec = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": [str(script)]}
    peers: list[str] = []

    async def who(request: Request, reply: Reply) -> None:
        peer = reply.writer.get_extra_info("peercert")
        peers.append(dict(part for parts in peer["subject"] for part in parts)["commonName"])
        await reply.json({})

    moment = [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]
    async with serving(who, tls) as server:
        cluster = {
            "server": server.url,
            "certificate-authority-data": text(authority.pem),
            "tls-server-name": "api.internal",
        }
        client = KubeClient(entry({"exec": spec}, cluster), lambda: moment[0])
        await client.get("/version")
        await client.get("/version")
        moment[0] += dt.timedelta(minutes=10)
        await client.get("/version")
        await client.close()
    assert peers == ["first", "first", "second"]
