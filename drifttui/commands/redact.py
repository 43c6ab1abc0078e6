"""Take secrets out of any text, YAML or JSON, whole or damaged, as the export does with everything that it writes.

The text goes to stdout, what was withheld to stderr, a line each. Equal secrets get equal digests under this user's
key. Exit code: 0 whatever was found, 3 with --fail-on-secret where anything was, 1 where the text cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from drifttui.core.errors import InputError, inert

SCHEMA = "drifttui.redact/1"
LARGEST = 256 * 1024 * 1024
FOUND = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the text; - is standard input")
    parser.add_argument("--policy", metavar="DIR", help="policy folder with `redact:` rules of the team")
    parser.add_argument(
        "--fail-on-secret", action="store_true", help=f"exit with {FOUND} and print nothing but the list"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout: text and list")


def run(options: argparse.Namespace) -> int:
    from drifttui.services.redacting import LastPass, team_rules
    from drifttui.store.policy_files import policy_folder
    from drifttui.store.redaction_key import redaction_key

    shown = "standard input" if options.file == "-" else options.file
    text = _text(options.file, shown)
    last = LastPass(redaction_key(), team_rules(policy_folder(options.policy)))
    clean = last.text(shown, text)
    refused = options.fail_on_secret and bool(last.withheld)
    if options.json:
        document = {
            "schema": SCHEMA,
            "text": None if refused else clean,
            "withheld": [{**found._asdict(), "file": inert(found.file)} for found in last.withheld],
        }
        print(json.dumps(document, ensure_ascii=False, indent=2))
    elif not refused:
        sys.stdout.write(clean)
    for found in last.withheld:
        print(f"{inert(found.file)}:{found.line}: withheld {inert(found.what)} {found.digest}", file=sys.stderr)
    return FOUND if refused else 0


def _text(name: str, shown: str) -> str:
    """Bytes that are no UTF-8 become the replacement character: a secret must not hide behind them."""
    try:
        if name == "-":
            content = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"Cannot read {shown}", error.strerror or str(error)) from None
    if len(content) > LARGEST:
        raise InputError(f"{shown} is too large", f"more than {LARGEST // 1024**2} MiB", "Cut it into pieces.")
    return content.decode("utf-8", "replace")
