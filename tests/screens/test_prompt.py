"""What is typed goes where the operator sees it going, however fast."""

from __future__ import annotations

from textual import events
from textual.keys import _character_to_key

from .boards import incident
from .conftest import Open


def burst(session: object, text: str) -> None:
    """All keys in one go, as a terminal delivers what was pasted or typed while the screen was busy."""
    app = session.app  # type: ignore[attr-defined]
    for letter in text:
        app.post_message(events.Key(_character_to_key(letter), letter))


async def test_letters_typed_at_once_after_the_slash_are_the_filter(opened: Open) -> None:
    async with opened(incident()) as session:
        order = session.triage.model.units.column
        burst(session, "/zks")
        await session.settle()
        assert session.triage.model.filter.text == "zks"
        assert session.triage.model.units.column == order
        assert not session.triage.zoomed


async def test_signs_are_letters_in_an_open_prompt(opened: Open) -> None:
    async with opened(incident()) as session:
        burst(session, "/sync:out a/b:c")
        await session.settle()
        assert len(session.app.screen.query("#prompt")) == 1
        assert session.app.screen.query_one("#prompt").field.value == "sync:out a/b:c"  # type: ignore[attr-defined]


async def test_a_command_typed_and_sent_at_once_is_obeyed(opened: Open) -> None:
    async with opened(incident()) as session:
        burst(session, ":sources")
        session.app.post_message(events.Key("enter", None))
        await session.settle()
        assert type(session.app.screen).__name__ == "SourcesScreen"


async def test_a_click_elsewhere_keeps_the_filter_and_obeys_no_command(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("slash")
        await session.type("auto:paused risk:x")
        await session.pilot.click("#who")
        await session.settle()
        assert not session.app.screen.query("#prompt")
        assert session.triage.model.filter.text == "auto:paused"
        assert session.triage.pane is not None and session.triage.pane.id == "who"
        await session.press("colon")
        await session.type("q")
        await session.pilot.click("#who")
        await session.settle()
        assert not session.app.screen.query("#prompt")
        assert session.app.return_code is None


async def test_the_prompt_waits_while_the_terminal_has_not_the_focus(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("colon")
        await session.type("do")
        session.app.post_message(events.AppBlur())
        await session.settle()
        session.app.post_message(events.AppFocus())
        await session.settle()
        await session.type("cs")
        await session.press("enter")
        assert session.triage.model.chosen is not None and session.triage.model.chosen.name == "docs"
