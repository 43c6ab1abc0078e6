"""A bundle that was altered is found out, one that is hostile is not opened, and nothing needs drifttui to check it."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from drifttui.cli import main
from drifttui.clients.signing import PASSPHRASE, public_key, signer
from drifttui.core.bundle import ATTESTATION, MANIFEST
from drifttui.core.errors import InputError
from drifttui.services.verify import Outcome, verify

from . import bundles

KINDS = ("ed25519", "p256", "p384", "ssh-ed25519", "ssh-p256", "ed25519-encrypted")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Per kind, the private and the public key file."""
    folder = tmp_path_factory.mktemp("keys")
    found = {}
    for kind in KINDS:
        private: Any = (
            ed25519.Ed25519PrivateKey.generate()
            if "ed25519" in kind
            else ec.generate_private_key(ec.SECP384R1() if "384" in kind else ec.SECP256R1())
        )
        ssh = kind.startswith("ssh")
        cipher = BestAvailableEncryption(b"open sesame") if kind.endswith("encrypted") else NoEncryption()
        form = PrivateFormat.OpenSSH if ssh else PrivateFormat.PKCS8
        one, other = folder / f"{kind}.key", folder / f"{kind}.pub"
        one.write_bytes(private.private_bytes(Encoding.PEM, form, cipher))
        encoding, public = (
            (Encoding.OpenSSH, PublicFormat.OpenSSH) if ssh else (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        other.write_bytes(private.public_key().public_bytes(encoding, public))
        found[kind] = one, other
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_bundle_is_intact_by_its_own_key_and_by_no_other(
    kind: str, keys: dict[str, tuple[Path, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind.endswith("encrypted"):
        monkeypatch.setenv(PASSPHRASE, "open sesame")
    private, public = keys[kind]
    path = bundles.write(tmp_path / "b.tar.gz", bundles.parts(signer=signer(str(private))))
    found = verify(path, public_key(public))
    assert (found.outcome, found.files) == (Outcome.SIGNED, 4)
    assert found.outcome.exit_code == 0
    other = keys["p256" if kind == "ed25519" else "ed25519"][1]
    wrong = verify(path, public_key(other))
    assert (wrong.outcome, wrong.file) == (Outcome.ALTERED, ATTESTATION)
    unchecked = verify(path)
    assert unchecked.outcome is Outcome.UNSIGNED
    assert found.keyid[:16] in unchecked.words


def test_an_unsigned_bundle_says_so_with_and_without_a_key(keys: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    path = bundles.write(tmp_path / "b.tar.gz", bundles.parts())
    for key in (None, public_key(keys["ed25519"][1])):
        found = verify(path, key)
        assert found.outcome is Outcome.UNSIGNED
        assert "nobody signed it" in found.words


def test_keys_that_cannot_be_used_are_refused_in_one_line(keys: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=PASSPHRASE):
        signer(str(keys["ed25519-encrypted"][0]))
    with pytest.raises(InputError, match="is a private key"):
        public_key(keys["p256"][0])
    nonsense = tmp_path / "k.pem"
    nonsense.write_text("-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n")
    with pytest.raises(InputError, match="no public key"):
        public_key(nonsense)
    with pytest.raises(InputError, match="no private key"):
        signer(str(nonsense))
    with pytest.raises(InputError, match="Cannot read the key"):
        signer(str(tmp_path / "none.pem"))


Parts = dict[str, bytes]


def _flip(parts: Parts) -> Parts:
    return parts | {"findings.jsonl": parts["findings.jsonl"].replace(b'"a"', b'"b"', 1)}


def _shorten(parts: Parts) -> Parts:
    return parts | {"findings.jsonl": parts["findings.jsonl"][:-12]}


def _drop(parts: Parts) -> Parts:
    return {name: body for name, body in parts.items() if name != "report.md"}


def _drop_last(parts: Parts) -> Parts:
    return {name: body for name, body in parts.items() if name != "schemas/findings.json"}


def _add(parts: Parts) -> Parts:
    return parts | {"zz.txt": b"more\n"}


def _slip_in(parts: Parts) -> Parts:
    first = dict(list(parts.items())[:3])
    return first | {"extra.jsonl": b"{}\n"} | parts


def _rename(parts: Parts) -> Parts:
    return {("report.txt" if name == "report.md" else name): body for name, body in parts.items()}


def _swap(parts: Parts) -> Parts:
    return parts | {"report.md": parts["schemas/findings.json"], "schemas/findings.json": parts["report.md"]}


def _soften_manifest(parts: Parts) -> Parts:
    return parts | {MANIFEST: parts[MANIFEST].replace(b'"withheld":0', b'"withheld":7')}


def _repack(parts: Parts) -> Parts:
    """A careful forger writes a new manifest, and cannot sign it."""
    contents = {name: body for name, body in _flip(parts).items() if name not in (MANIFEST, ATTESTATION)}
    return bundles.parts(contents) | {ATTESTATION: parts[ATTESTATION]} | contents


def _forge_payload(parts: Parts) -> Parts:
    envelope = json.loads(parts[ATTESTATION])
    envelope["payload"] = envelope["payload"][:-8] + "AAAAAAA="
    return parts | {ATTESTATION: json.dumps(envelope).encode()}


def _rewrite_ledger(parts: Parts) -> Parts:
    """The manifest agrees with the new ledger, and the ledger does not agree with itself."""
    contents = {name: body for name, body in parts.items() if name not in (MANIFEST, ATTESTATION)}
    contents["ledger.jsonl"] = contents["ledger.jsonl"].replace(b"note 1", b"NOTE 1")
    return bundles.parts(contents)


ALTERED: list[tuple[Callable[[Parts], Parts], str]] = [
    (_flip, "findings.jsonl"),
    (_shorten, "findings.jsonl"),
    (_drop, "report.md"),
    (_drop_last, "schemas/findings.json"),
    (_add, "zz.txt"),
    (_slip_in, "extra.jsonl"),
    (_rename, "report.txt"),
    (_swap, "report.md"),
    (_soften_manifest, MANIFEST),
    (_repack, MANIFEST),
    (_forge_payload, ATTESTATION),
    (_rewrite_ledger, "ledger.jsonl"),
]


@pytest.mark.parametrize(("alter", "file"), ALTERED, ids=lambda value: getattr(value, "__name__", None))
def test_what_was_altered_is_named(
    alter: Callable[[Parts], Parts], file: str, keys: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    private, public = keys["ed25519"]
    parts = alter(bundles.parts(signer=signer(str(private))))
    parts = {name: parts[name] for name in sorted(parts, key=lambda name: (name not in (MANIFEST, ATTESTATION),))}
    found = verify(bundles.write(tmp_path / "b.tar.gz", parts), public_key(public))
    assert (found.outcome, found.file) == (Outcome.ALTERED, file), found.words
    assert file in found.words


def test_events_of_other_incidents_are_left_out_and_the_chain_still_holds(tmp_path: Path) -> None:
    lines = bundles.ledger_lines(bundles.events(), frozenset({2}))
    assert b"note 1" not in lines
    path = bundles.write(tmp_path / "b.tar.gz", bundles.parts(bundles.files() | {"ledger.jsonl": lines}))
    assert verify(path).outcome is Outcome.UNSIGNED
    short = b"".join(lines.splitlines(keepends=True)[:2])
    cut = bundles.write(tmp_path / "c.tar.gz", bundles.parts(bundles.files() | {"ledger.jsonl": short}))
    assert (verify(cut).outcome, verify(cut).file) == (Outcome.ALTERED, "ledger.jsonl")


def test_equal_contents_are_equal_bytes(keys: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    for number, by in enumerate((None, signer(str(keys["ed25519"][0])))):
        one = bundles.write(tmp_path / f"{number}a.tar.gz", bundles.parts(signer=by))
        other = bundles.write(tmp_path / f"{number}b.tar.gz", bundles.parts(signer=by))
        assert one.read_bytes() == other.read_bytes()


def _info(name: str, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def _first(body: bytes = b"") -> tuple[tarfile.TarInfo, bytes]:
    return _info(MANIFEST), body or bundles.parts()[MANIFEST]


HOSTILE: dict[str, list[tuple[tarfile.TarInfo, bytes]]] = {
    "traversal": [_first(), (_info("../../etc/passwd"), b"x")],
    "absolute": [_first(), (_info("/etc/passwd"), b"x")],
    "dots inside": [_first(), (_info("a/../../b"), b"x")],
    "hidden": [_first(), (_info(".bashrc"), b"x")],
    "escape in the name": [_first(), (_info("a\x1b[31m.txt"), b"x")],
    "symbolic link": [_first(), (_info("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"), b"")],
    "hard link": [_first(), (_info("link", type=tarfile.LNKTYPE, linkname=MANIFEST), b"")],
    "device": [_first(), (_info("dev", type=tarfile.CHRTYPE, devmajor=1, devminor=5), b"")],
    "fifo": [_first(), (_info("pipe", type=tarfile.FIFOTYPE), b"")],
    "folder": [_first(), (_info("folder", type=tarfile.DIRTYPE), b"")],
    "long name": [_first(), (_info("n" * 300), b"x")],
    "twice": [_first(), _first()],
    "many": [_first(bundles.manifest({f"f{number:05}": b"" for number in range(1_001)}).encoded())],
    "no manifest": [(_info("report.md"), b"x")],
    "duplicate keys": [_first(b'{"schema":"drifttui.bundle/1","schema":"drifttui.bundle/1"}')],
    "newer schema": [_first(bundles.parts()[MANIFEST].replace(b"bundle/1", b"bundle/9"))],
    "lists itself": [_first(bundles.parts()[MANIFEST].replace(b'"findings.jsonl"', b'"attestation.dsse.json"'))],
    "nested": [_first(b"[" * 100_000 + b"]" * 100_000)],
    "no json": [_first(b"\xff\xfe")],
    "huge manifest": [_first(b" " * (5 * 1024 * 1024))],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bundle_is_refused_in_one_clear_line(name: str, tmp_path: Path) -> None:
    path = bundles.raw(tmp_path / "b.tar.gz", HOSTILE[name])
    found = verify(path)
    assert found.outcome is Outcome.UNREADABLE, found
    assert found.words
    assert "\n" not in found.words
    assert "\x1b" not in found.words


def test_sparse_files_and_pax_bombs_are_refused(tmp_path: Path) -> None:
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        path = bundles.raw(tmp_path / "b.tar.gz", [_first(), (_info("n" * 3_000_000), b"")], form)
        assert verify(path).outcome is Outcome.UNREADABLE
    sparse = _info("sparse", type=tarfile.GNUTYPE_SPARSE)
    assert verify(bundles.raw(tmp_path / "s.tar.gz", [_first(), (sparse, b"")])).outcome is Outcome.UNREADABLE


def test_a_bomb_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    info = _info("bomb.jsonl")
    info.size = 600 * 1024**2
    head = bundles.raw(tmp_path / "h.tar.gz", [_first()])
    start = gzip.decompress(head.read_bytes()).rstrip(b"\0")
    start += b"\0" * (-len(start) % 512)
    path = tmp_path / "b.tar.gz"
    with gzip.open(path, "wb") as file:
        file.write(start + info.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(300):
            file.write(b"\0" * (2 * 1024**2))
        file.write(b"\0" * 1024)
    tracemalloc.start()
    found = verify(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.outcome in (Outcome.UNREADABLE, Outcome.ALTERED)
    assert peak < 40 * 1024**2


def test_every_cut_and_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    whole = bundles.write(tmp_path / "b.tar.gz", bundles.parts()).read_bytes()
    path = tmp_path / "c.tar.gz"
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert verify(path).outcome is Outcome.UNREADABLE, cut
    for place in range(10, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        found = verify(path)
        if found.outcome not in (Outcome.UNREADABLE, Outcome.ALTERED):
            # Deflate has several spellings of the same bytes.
            assert gzip.decompress(path.read_bytes()) == gzip.decompress(whole), place


@pytest.mark.parametrize("more", [b"\0", b"x", gzip.compress(b"more")], ids=["zero", "text", "member"])
def test_nothing_hides_behind_the_end(more: bytes, tmp_path: Path) -> None:
    path = bundles.write(tmp_path / "b.tar.gz", bundles.parts())
    path.write_bytes(path.read_bytes() + more)
    assert verify(path).outcome is Outcome.UNREADABLE


def test_the_command_answers_by_exit_code(
    keys: dict[str, tuple[Path, Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = keys["ed25519"]
    signed = bundles.write(tmp_path / "s.tar.gz", bundles.parts(signer=signer(str(private))))
    bare = bundles.write(tmp_path / "u.tar.gz", bundles.parts())
    altered = bundles.write(tmp_path / "a.tar.gz", _flip(bundles.parts()))
    (tmp_path / "n.tar.gz").write_text("no bundle")
    assert main(["verify", str(signed), "--key", str(public)]) == 0
    assert main(["verify", str(bare)]) == 4
    assert main(["verify", str(altered)]) == 3
    assert main(["verify", str(tmp_path / "n.tar.gz")]) == 1
    assert main(["verify", str(tmp_path / "none.tar.gz")]) == 1
    capsys.readouterr()
    assert main(["verify", str(signed), "--key", str(public), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["outcome"]) == ("drifttui.verify/1", "intact and signed")


def _script() -> str:
    text = (Path(__file__).parents[2] / "docs" / "verify.md").read_text()
    return text.split("```sh verify.sh\n", 1)[1].split("```", 1)[0]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_the_second_implementation_agrees(kind: str, keys: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    private, public = keys[kind]
    script = tmp_path / "verify.sh"
    script.write_text(_script())

    def run(path: Path, key: Path | None = public) -> subprocess.CompletedProcess[str]:
        arguments = ["bash", str(script), str(path), *([str(key)] if key else [])]
        return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)

    parts = bundles.parts(signer=signer(str(private)))
    good = run(bundles.write(tmp_path / "b.tar.gz", parts))
    assert good.returncode == 0, good.stderr
    assert "intact and signed" in good.stdout
    unsigned = run(bundles.write(tmp_path / "u.tar.gz", bundles.parts()), None)
    assert unsigned.returncode == 4, unsigned.stderr
    assert run(tmp_path / "b.tar.gz", keys["ssh-p256"][0]).returncode == 3
    for alter, _ in ALTERED:
        if alter in (_rewrite_ledger, _swap):
            continue
        altered = alter(parts)
        ordered = {
            name: altered[name] for name in sorted(altered, key=lambda name: name not in (MANIFEST, ATTESTATION))
        }
        assert run(bundles.write(tmp_path / "a.tar.gz", ordered)).returncode == 3, alter
