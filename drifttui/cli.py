"""The command line. Nothing heavy is imported before it is known what is wanted."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

from drifttui.broken import UNLOADABLE, say_broken


class Command(NamedTuple):
    module: str
    help: str


COMMANDS: Mapping[str, Command] = {
    "demo": Command("drifttui.commands.demo", "the screen on a recorded incident: no account, no cluster, no network"),
    "scan": Command(
        "drifttui.commands.scan", "list units and what differs (exit 0 clean, 2 drift, 3 unknown or stale)"
    ),
    "diff": Command("drifttui.commands.diff", "compare two or three planes, from files or of a live unit"),
    "who": Command("drifttui.commands.who", "who changed a field, by which path, how sure: live or from audit files"),
    "timeline": Command("drifttui.commands.timeline", "what happened when, and when a source was blind (exit 3)"),
    "pause": Command("drifttui.commands.pause", "suspend automatic sync in a way that holds, and watch until proven"),
    "resume": Command("drifttui.commands.resume", "give back exactly what a pause took, after showing what it reverts"),
    "pauses": Command(
        "drifttui.commands.pauses", "standing pauses; --check exits 2 when one is overdue, 3 when undone or unreadable"
    ),
    "classify": Command("drifttui.commands.classify", "judge one case by the rules, or record your own verdict"),
    "link": Command("drifttui.commands.link", "put units, findings and pauses under an incident or emergency change"),
    "ledger": Command(
        "drifttui.commands.ledger", "the record of what was done: verify that nobody changed it, or read it"
    ),
    "policy": Command("drifttui.commands.policy", "check the policy, or test it against labelled cases"),
    "export": Command("drifttui.commands.export", "write what was seen and done into one evidence bundle"),
    "closeout": Command("drifttui.commands.closeout", "what still stands in the way of closing an incident"),
    "replay": Command("drifttui.commands.replay", "walk through a bundle in the same screens, with a scrubber"),
    "report": Command("drifttui.commands.report", "render the report of a bundle again, as Markdown or HTML"),
    "redact": Command("drifttui.commands.redact", "take secrets out of any text, YAML or JSON, as the export does"),
    "verify": Command("drifttui.commands.verify", "is this evidence bundle what was exported, and who signed it?"),
    "doctor": Command("drifttui.commands.doctor", "is every source reachable, authenticated and permitted?"),
    "config": Command(
        "drifttui.commands.config", "what is in force, and from where; `config rules` explains every rule"
    ),
}

EPILOG = """commands:
{commands}

`drifttui COMMAND --help` tells more. Without a command the screen starts.""".format(
    commands="\n".join(f"  {name:<10} {command.help}" for name, command in COMMANDS.items())
)


class Parser(argparse.ArgumentParser):
    """argparse exits with 2 on a wrong call, and 2 means drift here."""

    def error(self, message: str) -> NoReturn:
        self.exit(1, f"{self.prog}: {message}. Try `{self.prog} --help`.\n")


def screen_parser() -> Parser:
    from drifttui import __version__
    from drifttui.commands.options import add_session_arguments

    parser = Parser(
        prog="drifttui",
        description="Incident-time drift triage: what differs from Git, how fresh that is, who did it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"drifttui {__version__}")
    add_session_arguments(parser, screen=True)
    return parser


def _split(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """The command and its arguments. Options may stand before the command as well as behind it."""
    if arguments and arguments[0] in COMMANDS:
        return arguments[0], list(arguments[1:])
    if {"-h", "--help", "--version"} & set(arguments) or not COMMANDS.keys() & set(arguments):
        return None, list(arguments)
    _, left = screen_parser().parse_known_args(arguments)
    first = next((word for word in left if not word.startswith("-")), None)
    if first in COMMANDS:
        rest = list(arguments)
        rest.remove(str(first))
        return first, rest
    return None, list(arguments)


def _run(arguments: Sequence[str]) -> int:
    name, rest = _split(arguments)
    if name is None:
        options = screen_parser().parse_args(rest)
        screen: Any = import_module("drifttui.commands.screen")
        return int(screen.run(options))
    module: Any = import_module(COMMANDS[name].module)
    parser = Parser(
        prog=f"drifttui {name}",
        description=(module.__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    run: Callable[[argparse.Namespace], int] = module.run
    return run(parser.parse_args(rest))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code. An error an operator can meet is one line on stderr."""
    try:
        from drifttui.core.errors import DriftError
    except UNLOADABLE as error:
        return say_broken(error)
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except UNLOADABLE as error:
        return say_broken(error)
    except DriftError as error:
        print(f"drifttui: {error.one_line()}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader left (`drifttui scan | head`). Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
