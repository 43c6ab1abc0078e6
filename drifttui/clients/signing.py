"""Signatures over bundles, by `securesystemslib`: key files (PEM or OpenSSH) and AWS KMS. Imported on use only."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from drifttui.core.bundle import PAYLOAD_TYPE, stated_digest, unique_keys
from drifttui.core.errors import InputError, inert
from drifttui.core.ledger import canonical

if TYPE_CHECKING:
    from securesystemslib.signer import Key, Signer

KMS = "awskms:"
"""What names a key in AWS KMS: `awskms:alias/evidence`, `awskms:arn:aws:kms:…`."""

PASSPHRASE = "DRIFTTUI_KEY_PASSPHRASE"  # noqa: S105 (the name of a variable)
_LARGEST_KEY = 64 * 1024


class Signed(NamedTuple):
    keyid: str
    digest: str
    """SHA-256 of the manifest that was signed."""


class NotSigned(ValueError):
    """The envelope does not prove what it says: one line says why."""


def signer(name: str) -> Signer:
    """A key file (PEM PKCS#8 or OpenSSH; Ed25519, ECDSA or RSA), or `awskms:KEY`. Raises `InputError`."""
    if name.startswith(KMS):
        return _kms(name.removeprefix(KMS))
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key
    from securesystemslib.signer import CryptoSigner

    content = _key_file(Path(name))
    passphrase = os.environ.get(PASSPHRASE, "").encode() or None
    ssh = b"BEGIN OPENSSH PRIVATE KEY" in content
    try:
        private: Any = (load_ssh_private_key if ssh else load_pem_private_key)(content, passphrase)
    except TypeError:
        needs = "it is encrypted" if passphrase is None else "it is not encrypted"
        hint = f"Set {PASSPHRASE}." if passphrase is None else f"Unset {PASSPHRASE}."
        raise InputError(f"The key {name} cannot be used", needs, hint) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(
            f"{name} is no private key that can sign",
            inert(str(error).split(".")[0], 120),
            "Make one with `openssl genpkey -algorithm ed25519 -out key.pem`.",
        ) from None
    try:
        return CryptoSigner(private)
    except ValueError as error:
        raise InputError(f"A key of this kind cannot sign: {name}", inert(str(error), 120), "Use Ed25519.") from None


def _kms(key: str) -> Signer:
    from botocore.exceptions import BotoCoreError, ClientError
    from securesystemslib.exceptions import UnsupportedAlgorithmError
    from securesystemslib.signer import AWSSigner

    try:
        uri, public = AWSSigner.import_(key)
        return AWSSigner.from_priv_key_uri(uri, public)
    except (BotoCoreError, ClientError, UnsupportedAlgorithmError) as error:
        raise InputError(
            f"AWS KMS does not sign with {key}",
            inert(str(error), 200),
            "It takes kms:GetPublicKey and kms:Sign on an asymmetric key for signing.",
        ) from None


def public_key(path: Path) -> Key:
    """A public key: PEM, OpenSSH, or an X.509 certificate. Raises `InputError`."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key
    from cryptography.x509 import load_pem_x509_certificate
    from securesystemslib.signer import SSlibKey

    content = _key_file(path)
    if b"PRIVATE KEY" in content:
        raise InputError(f"{path} is a private key", "", "Give the public one; keep this one to yourself.")
    try:
        if b"BEGIN CERTIFICATE" in content:
            return SSlibKey.from_crypto(load_pem_x509_certificate(content).public_key())
        if b"-----BEGIN" in content:
            return SSlibKey.from_crypto(load_pem_public_key(content))
        return SSlibKey.from_crypto(load_ssh_public_key(content))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path} is no public key", inert(str(error).split(".")[0], 120)) from None


def _key_file(path: Path) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            return file.read(_LARGEST_KEY)
    except OSError as error:
        raise InputError(f"Cannot read the key {path}", error.strerror or str(error)) from None


def envelope(payload: bytes, by: Signer) -> bytes:
    """The DSSE envelope of a statement, as canonical JSON. Raises `InputError` where the key's keeper refuses."""
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import UnsupportedLibraryError

    sealed = Envelope(payload, PAYLOAD_TYPE, {})
    try:
        sealed.sign(by)
    except UnsupportedLibraryError as error:
        raise InputError("Nothing was signed", inert(str(error), 200)) from None
    except Exception as error:
        # botocore's errors have no base with the others; importing it to name them costs 100 ms for every key file.
        if type(error).__module__.partition(".")[0] != "botocore":
            raise
        raise InputError("AWS KMS did not sign", inert(str(error), 200), "Nothing was written.") from None
    return canonical(sealed.to_dict()) + b"\n"


def stated(content: bytes) -> Signed:
    """What an envelope says, without any proof. Raises `NotSigned`."""
    sealed = _envelope(content)
    keyid = next(iter(sealed.signatures), "")
    try:
        return Signed(keyid, stated_digest(sealed.payload))
    except ValueError as error:
        raise NotSigned(str(error)) from None


def proven(content: bytes, key: Key) -> Signed:
    """What an envelope says, once the signature by `key` is checked. Raises `NotSigned`.

    The key id in an envelope is a hint and nothing more, so each signature is tried.
    """
    from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError

    sealed = _envelope(content)
    for signature in sealed.signatures.values():
        try:
            key.verify_signature(signature, sealed.pae())
        except (UnverifiedSignatureError, VerificationError, ValueError):
            continue
        return Signed(key.keyid, stated(content).digest)
    raise NotSigned("it is not signed by this key")


def _envelope(content: bytes) -> Any:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import Error, FormatError

    try:
        raw = json.loads(content, object_pairs_hook=unique_keys)
        sealed = Envelope.from_dict(raw)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, FormatError, Error) as error:
        raise NotSigned(f"it is no DSSE envelope ({inert(str(error), 80)})") from None
    if sealed.payload_type != PAYLOAD_TYPE:
        raise NotSigned("its payload is of another type")
    return sealed
