"""A bundle signed by a key that never leaves AWS KMS.

moto hashes what it is given also where the call says that it is a digest already, so that its signatures prove nothing
to `drifttui verify`. Held against the public key with that one hash more, they prove that KMS was asked to sign the
digest of exactly this envelope.
"""

from __future__ import annotations

import base64
import hashlib
import json

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto.server import ThreadedMotoServer

from drifttui.clients.signing import signer
from drifttui.core.bundle import ATTESTATION
from drifttui.core.errors import InputError

from . import bundles


def test_kms_signs_the_digest_of_the_envelope(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadedMotoServer(port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        kms = boto3.client("kms")
        key = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["KeyId"]
        by = signer(f"awskms:{key}")
        sealed = json.loads(bundles.parts(signer=by)[ATTESTATION])
        payload, kind = base64.b64decode(sealed["payload"]), sealed["payloadType"].encode()
        digest = hashlib.sha256(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)).digest()
        public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        assert isinstance(public, EllipticCurvePublicKey)
        public.verify(base64.b64decode(sealed["signatures"][0]["sig"]), digest, ECDSA(SHA256()))
        with pytest.raises(InputError, match="AWS KMS does not sign with"):
            signer("awskms:alias/nobody-made-it")
    finally:
        server.stop()
