"""Secret values reach nothing: they become digests wherever they stand, and nothing else does."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest

from drifttui.core.errors import BadAnswer
from drifttui.core.redact import digest, is_digest, is_mask, redact_document, redact_text

KEY = b"k" * 32


def secret(data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": data or {}, **more}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def everything(document: Any) -> str:
    return json.dumps(redact_document(document, KEY))


def test_the_same_value_has_the_same_digest_through_data_and_string_data() -> None:
    encoded = redact_document(secret({"password": b64("hunter2")}), KEY)
    plain = redact_document({**secret(), "data": None, "stringData": {"password": "hunter2"}}, KEY)
    assert encoded["data"]["password"] == plain["stringData"]["password"] == digest("hunter2", KEY)
    assert encoded["data"]["password"] != digest("hunter2", b"another key")


def test_copies_of_a_secret_inside_annotations_are_gone_too() -> None:
    document = secret({"password": b64("correct horse"), "pin": b64("12")})
    document["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps(secret({"password": b64("an older one")})),
        "team/note": f"rotated, was {b64('correct horse')} before",
        "team/plain": "it is correct horse",
        "tool/last": json.dumps({"data": {"password": b64("correct horse")}}),
    }
    text = everything(document)
    for leak in ("correct horse", b64("correct horse"), b64("an older one"), b64("12")):
        assert leak not in text
    applied = redact_document(document, KEY)["metadata"]["annotations"][
        "kubectl.kubernetes.io/last-applied-configuration"
    ]
    assert json.loads(applied)["data"]["password"] == digest("an older one", KEY)


@pytest.mark.parametrize(
    "leak",
    [
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
        "glpat-aBcDeFgHiJkLmNoPqRsT",
    ],
)
def test_tokens_are_found_in_any_string(leak: str) -> None:
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "annotations": {"note": f"use {leak} please"}},
        "data": {"app.conf": f"first line\nuse={leak}\n", "bare": leak},
        "spec": {"args": ["run", f"--with={leak}"]},
    }
    assert leak not in everything(document)


@pytest.mark.parametrize(
    ("text", "leak"),
    [
        ("postgres://app:s3cr3t-pw@db:5432/app", "s3cr3t-pw"),
        ("postgres://app:pw/with/slash@db:5432/app", "pw/with/slash"),
        ("Server=db;User Id=sa;Password=Sup3rPw;Encrypt=true", "Sup3rPw"),
        ("DefaultEndpointsProtocol=https;AccountKey=abcd1234efgh==;Suffix=x", "abcd1234efgh"),
        ("https://x.example/hook?token=abc123def&x=1", "abc123def"),
        ("--db-password=opensesame --verbose", "opensesame"),
        ("--password opensesame --verbose", "opensesame"),
        ("Authorization: Bearer abcdef1234567890", "abcdef1234567890"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----", "MIIEabc"),
        ("a: 1\npassword: opensesame\nb: 2", "opensesame"),
        ("spring.datasource.password = opensesame", "opensesame"),
        ('{"user": "x", "password": "open sesame"}', "open sesame"),
        ('{"auths":{"r.example":{"auth":"dXNlcjpwYXNz"}}}', "dXNlcjpwYXNz"),
    ],
)
def test_credentials_inside_texts_are_replaced_and_the_rest_stays(text: str, leak: str) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"file": text}}
    redacted = redact_document(document, KEY)["data"]["file"]
    assert leak not in redacted
    assert "hmac:" in redacted
    assert redact_document({"data": {"file": redacted}}, KEY) == {"data": {"file": redacted}}


def test_secret_looking_variables_lose_their_literal_value_only() -> None:
    env = [
        {"name": "DB_PASSWORD", "value": "hunter2"},
        {"name": "API_KEY", "value": "abc"},
        {"name": "TOKEN_TTL_SECONDS", "value": "3600"},
        {"name": "SECRET_NAME", "value": "web-tls"},
        {"name": "COLOR", "value": "blue"},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        {"name": "TOKEN", "value": "$(OTHER_TOKEN)"},
    ]
    redacted = redact_document({"spec": {"containers": [{"name": "web", "env": env}]}}, KEY)
    shown = redacted["spec"]["containers"][0]["env"]
    assert shown[0]["value"] == digest("hunter2", KEY)
    assert is_digest(shown[1]["value"])
    assert shown[2:] == env[2:]


def test_an_argument_behind_a_secret_flag_is_sealed() -> None:
    redacted = redact_document({"args": ["--token", "abcdef", "--secret-name", "web", "--verbose"]}, KEY)
    assert "abcdef" not in json.dumps(redacted)
    assert redacted["args"][2:] == ["--secret-name", "web", "--verbose"]


def test_ordinary_names_stay_readable() -> None:
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "token-service",
            "labels": {"app.kubernetes.io/name": "secret-operator", "checksum": "0123456789abcdef0123"},
            "annotations": {
                "nginx.ingress.kubernetes.io/auth-secret": "shop/basic-auth",
                "checksum/secret": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            },
        },
        "spec": {
            "serviceAccountName": "token-reader",
            "automountServiceAccountToken": True,
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "web",
                            "image": "registry.example:5000/team/app@sha256:" + "1f0c52d9" * 8,
                            "envFrom": [{"secretRef": {"name": "web-secret"}}],
                            "args": [
                                "--token-path=/var/run/token",
                                "--secret-name=db",
                                "oci://r.example:5000/a@sha256:1f",
                            ],
                        }
                    ],
                    "volumes": [
                        {"name": "tls", "secret": {"secretName": "web-tls"}},
                        {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
                    ],
                    "imagePullSecrets": [{"name": "registry"}],
                }
            },
            "tokenPath": "/var/run/secrets/token",
            "existingSecret": "redis-auth",
            "passwordSecretRef": {"name": "db", "key": "password"},
            "rules": [{"resources": ["secrets", "tokenreviews"], "verbs": ["get"]}],
        },
    }
    assert redact_document(document, KEY) == document


def test_masks_stay_recognisable_and_are_no_values() -> None:
    document = secret(
        {"a": "++++++++", "b": "++++++++++++", "c": b64("**SOPS**"), "d": "ENC[AES256_GCM,data:x,type:str]"}
    )
    data = redact_document(document, KEY)["data"]
    assert (data["a"], data["b"], data["c"]) == ("++++++++", "++++++++++++", "**SOPS**")
    assert all(is_mask(value) for value in data.values())
    assert not is_mask(digest("x", KEY))


def test_redacting_twice_changes_nothing_and_the_original_is_left_alone() -> None:
    document = secret({"password": b64("hunter2"), "empty": "", "none": None}, stringData={"x": "y"})
    document["metadata"]["annotations"] = {"a": "password=hunter2", "b/password": "hunter2"}
    before = copy.deepcopy(document)
    once = redact_document(document, KEY)
    assert document == before
    assert redact_document(once, KEY) == once
    assert once["data"]["empty"] == "" and once["data"]["none"] is None


def test_messages_keep_their_words() -> None:
    message = 'Failed to pull: secret "db" not found; token: expired, see https://u:hunter2@git.example/x'
    shown = redact_text(message, KEY)
    assert "hunter2" not in shown
    assert shown.startswith('Failed to pull: secret "db" not found; token: expired, see https://u:hmac:')


def test_a_document_nested_beyond_reason_is_refused_in_one_line() -> None:
    document: Any = {}
    for _ in range(10_000):
        document = {"a": document}
    with pytest.raises(BadAnswer, match="nested too deep"):
        redact_document(document, KEY)


def test_hostile_text_is_read_in_bounded_time() -> None:
    for text in (
        "://a:" * 20_000,
        "token: " + " " * 100_000 + "x",
        "password" * 20_000,
        '"' * 50_000,
        "a_" * 60_000 + "token",
    ):
        redact_text(text, KEY)
        redact_document({"data": {"x": text}}, KEY)
