"""Render the reports of a bundle again, from its lines: after an update of drifttui, or with the HTML alone.

Exit code: 0 written, 3 the bundle is altered, 1 it cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from drifttui.core.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="a .tar.gz made by `drifttui export`")
    parser.add_argument("--format", choices=("md", "html"), default="md", help="default: md")
    parser.add_argument("-o", "--output", metavar="FILE", default="-", help="default: stdout")


def run(options: argparse.Namespace) -> int:
    from drifttui.services.opened import open_evidence
    from drifttui.services.report import rendered
    from drifttui.services.report_story import tell

    with open_evidence(options.bundle) as opened:
        manifest = opened.manifest
        story = tell(
            opened.folder,
            since=manifest.since,
            until=manifest.until,
            head=f"{manifest.ledger.seq}:{manifest.ledger.hash}",
            gaps=manifest.gaps,
            withheld=manifest.withheld,
        )
        text = rendered(story)[f"report.{options.format}"]
    if options.output == "-":
        sys.stdout.write(text)
        return 0
    try:
        Path(options.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"Cannot write {options.output}", error.strerror or str(error)) from None
    return 0
