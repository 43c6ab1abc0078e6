"""What brings a state file up to reality: the exact commands and what has to hold before. Text only: nothing runs them.

Options as in the command line pages of OpenTofu and Terraform; `import` blocks since Terraform 1.5, `moved` since 1.1,
`-refresh-only` since 0.15.4, and in every OpenTofu.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Final, NamedTuple

from .errors import inert
from .terraform_address import quoted, type_in

UNKNOWN_ID: Final = "ID"
UNKNOWN_ADDRESS: Final = "NEW_ADDRESS"

_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_KEY = r'(?:\[(?:[0-9]+|"(?:[^"\\\x00-\x1f]|\\.)*")\])?'
_ADDRESS = re.compile(rf"(?:module\.{_NAME}{_KEY}\.)*{_NAME}\.{_NAME}{_KEY}")
_ENGINES: Final = {"opentofu": "tofu", "terraform": "terraform"}
_SINCE: Final = {"refresh-state": "0.15.4", "import": "1.5", "move-state": "1.1"}


class StateDraft(NamedTuple):
    """Empty `commands`: nothing about the state is to be done, and `problems` say why."""

    commands: tuple[str, ...] = ()
    """For a POSIX shell, in this order."""
    block: tuple[str, ...] = ()
    """HCL that does the same by a reviewed change of the configuration; empty where it does not apply."""
    preconditions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def is_stack(engine: str) -> bool:
    return engine in _ENGINES


class Stack(NamedTuple):
    """Where the commands run. Empty: not known from the record."""

    folder: str = ""
    """Of the configuration."""
    workspace: str = ""
    var_files: tuple[str, ...] = ()
    place: str = ""
    """Where its plan or state was read from, when that is no folder."""


NOWHERE: Final = Stack()


def state_draft(
    engine: str, action: str, address: str, *, finding: str, ident: str = "", moved_to: str = "",
    stack: Stack = NOWHERE,
) -> StateDraft:  # fmt: skip
    """`ident` is the object's id as its provider imports it, `moved_to` the address in the configuration; empty where
    nobody knows."""
    if engine not in _ENGINES:
        return StateDraft(problems=("its engine keeps no state file",))
    if action not in _SINCE:
        return StateDraft(problems=(f"{inert(action, 40) or 'the recommended action'} does not touch the state",))
    wrong = [text for text in (address, moved_to) if text and not _ADDRESS.fullmatch(text)]
    if not address or wrong:
        named = f": {inert(wrong[0], 120)}" if wrong else ""
        return StateDraft(problems=(f"its address is none that a command can take{named}",))
    program = _ENGINES[engine] + (f" -chdir={shlex.quote(stack.folder)}" if stack.folder else "")
    variables = "".join(f" -var-file={shlex.quote(name)}" for name in stack.var_files)
    always = _always(engine, action, stack)
    backup = f"before-{re.sub(r'[^A-Za-z0-9-]', '_', finding)[:40]}.tfstate"
    first = (f"{program} workspace show", f"{program} state pull > {backup}")
    match action:
        case "refresh-state":
            return StateDraft(
                (*first, f"{program} plan -refresh-only{variables}", f"{program} apply -refresh-only{variables}"),
                preconditions=(
                    *always,
                    "The plan shows this drift and nothing that is not understood: it takes over all that drifted.",
                    "The configuration says what was refreshed, or the next apply puts it back.",
                ),
            )
        case "import":
            return _imported(program, variables, first, always, address, ident)
        case _:
            return _moved(program, variables, first, always, address, moved_to)


def _imported(
    program: str, variables: str, first: tuple[str, ...], always: tuple[str, ...], address: str, ident: str
) -> StateDraft:  # fmt: skip
    known = ident and inert(ident, 500) == ident
    name = ident if known else UNKNOWN_ID
    return StateDraft(
        (
            *first,
            f"{program} state list",
            f"{program} import{variables} {shlex.quote(address)} {shlex.quote(name)}",
            f"{program} plan{variables}",
        ),
        ("import {", f"  to = {address}", f"  id = {quoted(name)}", "}"),
        (
            *always,
            f"The configuration has a block for {address}.",
            "`state list` does not show this address, and no other state holds the object.",
            f"{name} is the id by which the provider imports {type_in(address)}: its page says which one it takes."
            if known
            else f"{UNKNOWN_ID} is replaced: the id of the object is not known from this record.",
            "Either the block or the command, not both. The plan afterwards changes nothing.",
        ),
    )


def _moved(
    program: str, variables: str, first: tuple[str, ...], always: tuple[str, ...], address: str, to: str
) -> StateDraft:  # fmt: skip
    new = to or UNKNOWN_ADDRESS
    pair = f"{shlex.quote(address)} {shlex.quote(new)}"
    return StateDraft(
        (*first, f"{program} state mv -dry-run {pair}", f"{program} state mv {pair}", f"{program} plan{variables}"),
        ("moved {", f"  from = {address}", f"  to   = {new}", "}"),
        (
            *always,
            f"The configuration declares {new} and no longer {address}."
            if to
            else f"{UNKNOWN_ADDRESS} is replaced: where the object went is not known from this record.",
            "Nothing is recorded under the new address.",
            "Either the block or the command, not both. The plan afterwards changes nothing.",
        ),
    )


def _always(engine: str, action: str, stack: Stack) -> tuple[str, ...]:
    since = "" if engine == "opentofu" else f" Terraform is {_SINCE[action]} or newer."
    workspace = inert(stack.workspace, 80) or "the workspace of this stack"
    where = f": this record knows only {inert(stack.place, 200)}" if stack.place else ""
    return (
        *(() if stack.folder else (f"The commands run in the folder of the configuration{where}.",)),
        "Nobody holds the lock, and no pipeline applies this stack meanwhile.",
        f"`workspace show` prints {workspace}, and the credentials are those of its account.",
        "The backup is written, is not empty, and is kept where state may be kept: it can hold secrets.",
        f"The engine and the providers are the versions of the lock file.{since}",
    )


def as_markdown(found: StateDraft) -> list[str]:
    from .markdown import block, code

    lines = [f"- not drafted: {code(problem)}" for problem in found.problems]
    if found.commands:
        lines += [
            "Nothing of this was run. Before it:",
            "",
            *(f"- [ ] {_line(one)}" for one in found.preconditions),
            "",
        ]
        lines += block(list(found.commands), "sh")
    if found.block:
        lines += ["", "Or, reviewed with the configuration:", "", *block(list(found.block), "hcl")]
    return lines


def _line(text: str) -> str:
    """Our own words, in which an address or id may stand."""
    from .markdown import code

    return text if re.fullmatch(r"[\w .,:;`'()-]*", text) and "NEW" not in text else code(text, 900)


def id_in(document: Mapping[str, object] | None) -> str:
    """The provider's id in an actual document; empty where there is none."""
    found = document.get("id") if document else None
    return found if isinstance(found, str) else ""
