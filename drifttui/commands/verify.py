"""Tell whether a bundle is what was exported: every byte, and with --key who signed it.

Exit code: 0 intact and signed by that key, 4 intact and not proven to be signed, 3 altered, 1 unreadable.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from drifttui.core.errors import inert
from drifttui.services.verify import verify

SCHEMA = "drifttui.verify/1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="a .tar.gz made by `drifttui export`")
    parser.add_argument("--key", metavar="PUB", type=Path, help="the public key: PEM, OpenSSH or a certificate")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(options: argparse.Namespace) -> int:
    key = None
    if options.key is not None:
        from drifttui.clients.signing import public_key

        key = public_key(options.key)
    found = verify(options.bundle, key)
    if options.json:
        document = {
            "schema": SCHEMA,
            "bundle": str(options.bundle),
            "outcome": found.outcome.value,
            "words": inert(found.words),
            "file": inert(found.file),
            "keyid": found.keyid,
            "files": found.files,
            "bytes": found.bytes,
            "manifest": found.manifest.as_json() if found.manifest else None,
        }
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print(inert(found.words), file=sys.stdout if found.outcome.exit_code in (0, 4) else sys.stderr)
    return found.outcome.exit_code
