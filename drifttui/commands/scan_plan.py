"""`scan --plan` and `scan --state`: drift from a file that somebody made. No engine runs, nothing is fetched."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drifttui.core.errors import InputError, inert

if TYPE_CHECKING:
    from drifttui.core.terraform_review import Review
    from drifttui.core.verdict import Verdict

STATE_SCHEMA = "drifttui.state/1"


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    offline = parser.add_argument_group(
        "OpenTofu and Terraform, offline", "read one file instead of live systems; `-` is standard input"
    )
    which = offline.add_mutually_exclusive_group()
    which.add_argument("--plan", metavar="FILE", help="output of `tofu show -json PLANFILE`")
    which.add_argument("--state", metavar="FILE", help="a state file, or the output of `tofu show -json`")
    offline.add_argument(
        "--refreshed",
        action="store_true",
        help="the plan was not made with -refresh=false, which a plan does not record",
    )


def run_plan(args: argparse.Namespace) -> int:
    """Exit code: 0 no drift (pending changes may be listed), 2 drift, 3 nobody can say. Raises `InputError`.

    `args.key` seals secrets; without it the operator's own key does.
    """
    if getattr(args, "unit", None):
        raise InputError("A file is read as a whole", f"`{args.unit[0]}` names a unit", "Leave the units out.")
    if getattr(args, "filter", ""):
        raise InputError("A file is read as a whole", "--filter selects live units", "Leave --filter out.")
    key = getattr(args, "key", None) or _operators_key()
    with _without_collection():
        if args.plan is not None:
            refreshed = bool(getattr(args, "refreshed", False))
            return _plan(args.plan, key, refreshed, getattr(args, "policy", None), as_json=bool(args.json))
        return _state(args.state, key, as_json=bool(args.json))


@contextmanager
def _without_collection() -> Iterator[None]:
    """Parsed JSON holds no cycles; looking for some while a million objects appear takes longer than the parsing."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _plan(file: str, key: bytes, refreshed: bool, policy: str | None, *, as_json: bool) -> int:
    from drifttui.core.terraform_events import parse_events
    from drifttui.core.terraform_load import is_event_stream, load, load_lines
    from drifttui.core.terraform_plan import parse_plan
    from drifttui.core.terraform_review import SCHEMA, review

    data, name = _read(file)
    if is_event_stream(data):
        progress = parse_events(load_lines(data, name))
        if as_json:
            _print(progress.as_json(SCHEMA))
        else:
            from .show_plan import show_progress

            show_progress(progress)
        return 3
    found = review(parse_plan(load(data, name), key, refreshed=refreshed), key)
    verdicts = _verdicts(found, policy) if found.drift else []
    if as_json:
        from drifttui.services import answers

        answer = found.as_json()
        for entry, verdict in zip(answer["drift"], verdicts, strict=True):
            entry["verdict"] = answers.verdict(verdict)
        _print(answer)
    else:
        from .show_plan import show_review

        show_review(found, verdicts)
    return found.exit_code


def _verdicts(found: Review, folder: str | None) -> list[Verdict]:
    """What the rules say about each drifted object, in the order of `found.drift`."""
    from datetime import UTC, datetime

    from drifttui.core.classify import classify
    from drifttui.core.terraform_cases import context_of_plan
    from drifttui.store.policy_files import load_policy, policy_folder

    policy, now = load_policy(policy_folder(folder)), datetime.now(UTC)
    return [classify(context_of_plan(entry, found.plan, now, policy=policy), policy) for entry in found.drift]


def _state(file: str, key: bytes, *, as_json: bool) -> int:
    from drifttui.core.terraform_load import load
    from drifttui.core.terraform_state import parse_state

    data, name = _read(file)
    state = parse_state(load(data, name), key)
    if as_json:
        _print(state.as_json(STATE_SCHEMA))
    else:
        from .show_plan import show_state

        show_state(state)
    return 3


def _read(file: str) -> tuple[bytes, str]:
    """The bytes, and what to call them. Reads one byte more than is allowed and no further."""
    from drifttui.core.terraform_load import LIMIT_BYTES, refuse_size

    if file == "-":
        return sys.stdin.buffer.read(LIMIT_BYTES + 1), "standard input"
    try:
        with Path(file).open("rb") as stream:
            refuse_size(Path(file).stat().st_size, file)
            return stream.read(LIMIT_BYTES + 1), file
    except OSError as error:
        raise InputError(
            f"{inert(file)} cannot be read", error.strerror or type(error).__name__, "Give a plan in JSON, or `-`."
        ) from None
    except ValueError:
        raise InputError("This is no file name", inert(file), "Give a plan in JSON, or `-`.") from None


def _operators_key() -> bytes:
    from drifttui.store.redaction_key import redaction_key

    return redaction_key()


def _print(answer: dict[str, Any]) -> None:
    json.dump(answer, sys.stdout, indent=2, allow_nan=False)
    print()
