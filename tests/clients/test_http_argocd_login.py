"""Which Argo CD server is asked, and with which token."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from drifttui.clients.argocd_config import config_file, load, split_server
from drifttui.clients.argocd_settings import ArgoCDSettings
from drifttui.clients.argocd_token import Token
from drifttui.core.errors import InputError, Unauthenticated

CONFIG = f"""
contexts:
- {{name: eu, server: argocd.eu.example.com, user: eu}}
- {{name: us, server: argocd.us.example.com:8443, user: us}}
- {{name: core, server: kubernetes, user: ''}}
current-context: eu
servers:
- {{server: argocd.eu.example.com, grpc-web: true, grpc-web-root-path: /tools/argocd}}
- server: argocd.us.example.com:8443
  insecure: true
  client-certificate-data: {base64.b64encode(b"CERT").decode()}
  client-certificate-key-data: {base64.b64encode(b"KEY").decode()}
- {{server: kubernetes, core: true}}
users:
- {{name: eu, auth-token: token-eu, refresh-token: r}}
- {{name: us, auth-token: token-us}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(CONFIG)
    return path


def test_the_current_context_is_taken(config: Path) -> None:
    login = ArgoCDSettings(config_file=config).login()
    assert login.url == "https://argocd.eu.example.com/tools/argocd"
    assert login.token == "token-eu"


def test_a_named_context_brings_its_certificates(config: Path) -> None:
    settings = ArgoCDSettings(config_file=config, context="us")
    assert settings.login().url == "https://argocd.us.example.com:8443"
    tls = settings.tls()
    assert (tls.insecure, tls.cert_data, tls.key_data) == (True, b"CERT", b"KEY")


def test_a_context_that_is_not_there_names_those_that_are(config: Path) -> None:
    with pytest.raises(InputError, match="core, eu, us"):
        ArgoCDSettings(config_file=config, context="prod").login()


def test_a_core_login_is_recognised(config: Path) -> None:
    assert load(config).login("core").core


async def test_a_token_goes_only_to_the_server_that_it_was_made_for(config: Path) -> None:
    assert await Token(ArgoCDSettings(server="argocd.us.example.com:8443", config_file=config), {})(False) == {
        "authorization": "Bearer token-us"
    }
    stranger = ArgoCDSettings(server="argocd.elsewhere.example.com", config_file=config)
    with pytest.raises(Unauthenticated, match="No Argo CD token"):
        await Token(stranger, {"ARGOCD_AUTH_TOKEN": "for somebody else"})(False)


async def test_the_file_wins_over_the_variable_and_is_read_each_time(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("one\n")
    token = Token(ArgoCDSettings(server="a", token_file=path, token_env="T"), {"T": "variable"})
    assert await token(False) == {"authorization": "Bearer one"}
    path.write_text("two")
    assert await token(True) == {"authorization": "Bearer two"}
    assert str(path) in token.hint


async def test_a_variable_is_used_where_it_is_named() -> None:
    token = Token(ArgoCDSettings(server="a", token_env="T"), {"T": " variable "})
    assert await token(False) == {"authorization": "Bearer variable"}
    assert "start again" in token.hint


@pytest.mark.parametrize("text", ["", "two words", "line\nline", "b\u00e4d"])
async def test_a_file_that_holds_no_token_is_said_to_and_not_quoted(text: str, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    with pytest.raises(Unauthenticated) as caught:
        await Token(ArgoCDSettings(server="a", token_file=path), {})(False)
    assert not text or text not in caught.value.one_line()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("argocd.example.com", ("argocd.example.com", "", False)),
        ("https://argocd.example.com:8443/tools/", ("argocd.example.com:8443", "tools", False)),
        ("http://localhost:8080", ("localhost:8080", "", True)),
        ("[::1]:8080/x/y", ("[::1]:8080", "x/y", False)),
    ],
)
def test_a_server_is_written_in_many_ways(text: str, parts: tuple[str, str, bool]) -> None:
    assert split_server(text) == parts


def test_the_configuration_is_looked_for_where_the_cli_keeps_it(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    assert config_file(home) == tmp_path / ".config/argocd/config"
    assert config_file(home | {"XDG_CONFIG_HOME": "/x"}) == Path("/x/argocd/config")
    (tmp_path / ".argocd").mkdir()
    assert config_file(home | {"XDG_CONFIG_HOME": "/x"}) == tmp_path / ".argocd/config"
    assert config_file(home | {"ARGOCD_CONFIG_DIR": "/y"}) == Path("/y/config")


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "no YAML at line"), ("- list", "has no current context"), ("", "has no current context")],
)
def test_a_broken_configuration_says_which_file(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        ArgoCDSettings(config_file=path).login()
    assert str(path) in caught.value.one_line()


def test_tokens_are_not_printed(config: Path) -> None:
    assert "token-eu" not in repr(load(config)) + repr(load(config).login())
