"""What leaves holds no secret: by place, by shape, by the detectors of others, in whole and in damaged documents."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from drifttui.cli import main
from drifttui.core.errors import InputError
from drifttui.services.redacting import LastPass, TeamRule, team_rules

KEY = b"k" * 32

# Put together here, so that no scanner takes this file for a leak.
GITHUB = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
STRIPE = "sk_live_" + "0123456789abcdefABCDEF01"
AWS = "AKIA" + "IOSFODNN7EXAMPLE"
TWILIO = "SK" + "0123456789abcdef" * 2
SQUARE = "sq0csp-" + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"
TELEGRAM = "110201543:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawx"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = (
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\n-----END EC PRIVATE KEY-----"
)

SHAPES = {
    "GitHub": GITHUB,
    "Stripe": STRIPE,
    "AWS": AWS,
    "Twilio": TWILIO,
    "Square": SQUARE,
    "Telegram": TELEGRAM,
    "JWT": JWT,
}


def redacted(text: str, *rules: TeamRule) -> tuple[str, LastPass]:
    last = LastPass(KEY, rules)
    return last.text("t", text), last


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("form", ["plain {}", '{{"note": "see {} there"}}', "note: see {} there\n", "a\n  b: [{}\n"])
def test_a_token_is_withheld_wherever_it_stands(name: str, form: str) -> None:
    secret = SHAPES[name]
    text, last = redacted(form.format(secret))
    assert secret not in text
    assert re.search(r"hmac:[0-9a-f]{16}", text)
    assert len(last.withheld) == 1, last.withheld


@pytest.mark.parametrize(
    "text",
    [
        "postgres://app:s3cr3tPassw0rd@db.prod:5432/shop",
        "https://user:s3cr3tPassw0rd@git.example.com/x.git",
        "Server=db;User Id=sa;Password=s3cr3tPassw0rd;",
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=" + "s3cr3tPassw0rd" * 6 + "abcd==",
        "authorization: Bearer s3cr3tPassw0rd123",
        "--set password=s3cr3tPassw0rd",
    ],
)
def test_connection_strings_and_credentials_in_urls_are_withheld(text: str) -> None:
    assert "s3cr3tPassw0rd" not in redacted(text)[0]


def test_a_private_key_is_withheld_whole_also_when_it_is_cut_off_or_escaped() -> None:
    for text in (PEM, PEM[:90], json.dumps({"key": PEM}), "x: |\n  " + PEM.replace("\n", "\n  ")):
        assert "MHcCAQEE" not in redacted(text)[0], text


def test_a_secret_inside_base64_is_withheld_and_an_image_is_not() -> None:
    hidden = base64.b64encode(f"[default]\ntoken = {GITHUB}\n".encode()).decode()
    assert hidden not in redacted(f"blob {hidden} end")[0]
    picture = base64.b64encode(bytes(range(256)) * 3).decode()
    text = f"blob {picture} end"
    assert redacted(text)[0] == text


def test_a_secret_in_yaml_is_mended_in_place() -> None:
    text = (
        "# the database\napiVersion: v1\nkind: Secret\nmetadata: {name: db}   # keep me\ndata:\n"
        "  password: aHVudGVyMg==  # base64\n  cert: |\n    bGluZTE=\n    bGluZTI=\nstringData:\n  url: x://u@h\n"
        "---\nkind: Deployment\nenv:\n- name: DB_PASSWORD\n  value: hunter2\n- {name: LEVEL, value: debug}\n"
    )
    clean, last = redacted(text)
    for secret in ("aHVudGVyMg", "bGluZTE", "bGluZTI", "x://u@h", "hunter2"):
        assert secret not in clean
    assert "# the database" in clean
    assert "# keep me" in clean
    assert "value: debug" in clean
    first, second = yaml.safe_load_all(clean)
    assert first["data"]["password"] == second["env"][0]["value"]  # the same value, decoded: equality stays visible
    assert {found.what for found in last.withheld} >= {"/data/password", "/data/cert", "/env/0/value"}
    assert [found.line for found in last.withheld][:2] == [6, 7]


def test_a_value_behind_a_key_that_stands_twice_is_withheld_too() -> None:
    text = "kind: Secret\ndata:\n  a: Zmlyc3RzZWNyZXQ=\n  a: c2Vjb25kc2VjcmV0\n"
    clean = redacted(text)[0]
    assert "Zmlyc3Rz" not in clean
    assert "c2Vjb25k" not in clean


@pytest.mark.parametrize(
    "text",
    [
        "kind: Secret\nmetadata: {name: x\ndata:\n  password: aHVudGVyMg==\n  more: |\n    c2Vjb25kc2VjcmV0\no: 1\n",
        '{"kind": "Secret", "data": {"password": "aHVudGVyMg==", "more": "c2Vjb25kc2VjcmV0',
        "env: [{name: DB_PASSWORD, value: aHVudGVyMg==}",
    ],
)
def test_a_damaged_document_hides_its_secrets_too(text: str) -> None:
    clean, last = redacted(text)
    assert "aHVudGVyMg" not in clean
    assert "c2Vjb25k" not in clean
    assert last.withheld


def test_json_lines_are_read_one_by_one_and_stay_json() -> None:
    lines = [
        json.dumps({"kind": "Secret", "data": {"p": "aHVudGVyMg=="}}),
        '{"kind": "Secret", "data": {"p": "aHVudGVyMg==", broken',
        json.dumps({"note": f"token {GITHUB}", "n": 1}),
        json.dumps({"clean": [1, 2, 3]}),
    ]
    clean, last = redacted("\n".join(lines) + "\n")
    assert "aHVudGVyMg" not in clean
    assert GITHUB not in clean
    kept = clean.split("\n")
    assert kept[3] == lines[3]
    assert json.loads(kept[2])["n"] == 1
    assert [found.line for found in last.withheld] == [1, 2, 3]


def test_what_holds_no_secret_is_left_byte_for_byte() -> None:
    texts = [
        "# just a comment\nkind: Deployment\nspec:\n    replicas: 3\n",
        '{"b": 1,   "a": [true, null]}\n',
        "image: registry:5000/app@sha256:" + "0a1b" * 16 + "\n",
        "commit 9fd2c1a8b7e6d5c4b3a2918070605040302010ff by alice\n",
        "\ufffd\x00 binary-ish\r\nlines\r\n",
        "",
    ]
    for text in texts:
        clean, last = redacted(text)
        assert (clean, last.withheld) == (text, [])


def test_a_second_pass_finds_nothing() -> None:
    text = f"kind: Secret\ndata: {{p: aHVudGVyMg==}}\nnote: {GITHUB} postgres://a:s3cr3tpass@h/x {JWT}\n{PEM}\n"
    clean, _ = redacted(text)
    again, last = redacted(clean)
    assert (again, last.withheld) == (clean, [])


def test_equal_secrets_are_equal_digests_and_another_key_gives_others() -> None:
    text = f"a {GITHUB} b {GITHUB}"
    one, _ = redacted(text)
    digests = re.findall(r"hmac:[0-9a-f]{16}", one)
    assert len(set(digests)) == 1
    assert LastPass(b"x" * 32).text("t", text) != one


def test_a_team_withholds_by_path_and_by_pattern(tmp_path: Path) -> None:
    (tmp_path / "redact.yaml").write_text(
        "redact:\n- {id: customers, path: /spec/customers/*/mail}\n- {id: badge, pattern: 'BADGE-[0-9]{4}'}\n"
    )
    text = "spec:\n  customers:\n  - {mail: a@example.com, tier: gold}\nnote: BADGE-1234 was used\n"
    clean, last = redacted(text, *team_rules(tmp_path))
    assert "a@example.com" not in clean
    assert "BADGE-1234" not in clean
    assert "gold" in clean
    assert {found.what for found in last.withheld} == {"/spec/customers/0/mail", "team:badge"}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{id: x}", "a path or a pattern"),
        ("{id: x, path: /a, pattern: b}", "a path or a pattern"),
        ("{id: x, pattern: '('}", "no regular expression"),
        ("{id: x, pattern: 'a*'}", "matches the empty text"),
        ("{id: x, path: a}", "no JSON pointer"),
    ],
)
def test_a_rule_that_cannot_work_names_its_line(rule: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "redact.yaml").write_text(f"redact:\n- {rule}\n")
    with pytest.raises(InputError, match=words) as caught:
        team_rules(tmp_path)
    assert "line 2" in str(caught.value)


def test_the_command_prints_the_text_and_lists_what_it_withheld(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "log.txt"
    file.write_bytes(f"one\nuse {GITHUB} now\n\xff\n".encode("latin-1"))
    assert main(["redact", str(file)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("one\nuse hmac:")
    assert f"{file}:2: withheld" in err
    assert GITHUB not in out + err
    assert main(["redact", str(file), "--fail-on-secret"]) == 3
    assert capsys.readouterr().out == ""
    assert main(["redact", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["withheld"][0]["line"]) == ("drifttui.redact/1", 2)
    assert main(["redact", str(tmp_path / "none")]) == 1
    piped = subprocess.run(
        [sys.executable, "-m", "drifttui", "redact", "-"], input=AWS.encode(), capture_output=True, check=True
    )
    assert AWS.encode() not in piped.stdout + piped.stderr


def test_hostile_input_is_bounded() -> None:
    deep = "[" * 50_000
    assert redacted(deep)[0] == deep
    bomb = "a: &a [x,x]\n" + "".join(f"{c}: &{c} [*{p},*{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True))
    assert redacted(bomb)[0] == bomb
    long = "x" * 3_000_000
    assert redacted(long)[0] == long
