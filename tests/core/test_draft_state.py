"""The commands are exact, quoted for a shell, and say what has to hold first."""

from __future__ import annotations

import shlex

import pytest

from drifttui.core.draft_state import Stack, as_markdown, id_in, is_stack, state_draft

ADDRESS = 'module.pay["eu west"].aws_security_group.api[0]'


def test_a_refresh_is_looked_at_before_it_is_taken() -> None:
    found = state_draft("opentofu", "refresh-state", ADDRESS, finding="5a78")
    assert found.commands == (
        "tofu workspace show",
        "tofu state pull > before-5a78.tfstate",
        "tofu plan -refresh-only",
        "tofu apply -refresh-only",
    )
    assert not found.block
    said = " ".join(found.preconditions)
    for words in ("lock", "workspace", "backup", "providers"):
        assert words in said
    assert "0.15.4" in " ".join(state_draft("terraform", "refresh-state", ADDRESS, finding="x").preconditions)


def test_an_import_needs_an_id() -> None:
    found = state_draft("opentofu", "import", ADDRESS, finding="f", ident="sg-1")
    assert shlex.split(found.commands[3]) == ["tofu", "import", ADDRESS, "sg-1"]
    assert found.block == ("import {", f"  to = {ADDRESS}", '  id = "sg-1"', "}")
    unknown = state_draft("terraform", "import", ADDRESS, finding="f")
    assert shlex.split(unknown.commands[3]) == ["terraform", "import", ADDRESS, "ID"]
    assert any("not known from this record" in one for one in unknown.preconditions)


PLACE = Stack("stacks/eu west", "eu", ("my vars.tfvars",))


def test_the_stack_says_where_and_with_what() -> None:
    found = state_draft("opentofu", "refresh-state", ADDRESS, finding="f", stack=PLACE)
    assert shlex.split(found.commands[2]) == [
        "tofu", "-chdir=stacks/eu west", "plan", "-refresh-only", "-var-file=my vars.tfvars",
    ]  # fmt: skip
    assert found.preconditions[1].startswith("`workspace show` prints eu,")
    unknown = state_draft("opentofu", "import", ADDRESS, finding="f", stack=Stack(place="s3://b/plan.json"))
    assert "this record knows only s3://b/plan.json" in unknown.preconditions[0]


def test_a_move_is_tried_first() -> None:
    found = state_draft("terraform", "move-state", "aws_x.a", finding="f", moved_to="aws_x.b", stack=PLACE)
    assert shlex.split(found.commands[2]) == [
        "terraform", "-chdir=stacks/eu west", "state", "mv", "-dry-run", "aws_x.a", "aws_x.b",
    ]  # fmt: skip
    assert found.block[1:3] == ("  from = aws_x.a", "  to   = aws_x.b")


@pytest.mark.parametrize(
    ("engine", "action", "address", "words"),
    [
        ("argocd", "refresh-state", ADDRESS, "no state file"),
        ("opentofu", "revert-runtime", ADDRESS, "does not touch the state"),
        ("opentofu", "import", "", "none that a command can take"),
        ("opentofu", "import", "aws_x.y; rm -rf /", "none that a command can take"),
        ("opentofu", "import", "aws_x.y\n}", "none that a command can take"),
    ],
)
def test_what_is_no_matter_of_the_state_is_said(engine: str, action: str, address: str, words: str) -> None:
    found = state_draft(engine, action, address, finding="f")
    assert not found.commands
    assert words in found.problems[0]
    assert words in "\n".join(as_markdown(found))


def test_hostile_ids_stay_one_word() -> None:
    ident = '$(reboot)\'; `x` "${y}" ```'
    found = state_draft("opentofu", "import", "aws_x.y", finding="../f;x", ident=ident)
    assert shlex.split(found.commands[3])[-1] == ident
    assert found.block[2] == '  id = "$(reboot)\'; `x` \\"$${y}\\" ```"'
    assert found.commands[1] == "tofu state pull > before-___f_x.tfstate"
    lines = as_markdown(found)
    assert lines[lines.index("````sh") + 1] == "tofu workspace show"
    assert state_draft("opentofu", "import", "aws_x.y", finding="f", ident="a\nb").block[2] == '  id = "ID"'


def test_stacks_and_their_ids() -> None:
    assert [is_stack(one) for one in ("opentofu", "terraform", "argocd")] == [True, True, False]
    assert [id_in({"id": "i-1"}), id_in({"id": {"digest": "x"}}), id_in(None)] == ["i-1", "", ""]
