"""The two reports of a bundle: Markdown to read anywhere, and one HTML file that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .report_story import Report, Story, exact, tell, where

if TYPE_CHECKING:
    from .evidence import Gathered

QUESTIONS = (
    "Which resource", "Desired", "Observed", "Detected", "How long", "Who", "Classified by", "Approved by", "Action",
    "Closure verified by",
)  # fmt: skip
NOBODY_KNOWS = "not known from this record"


def render(folder: Path, gathered: Gathered) -> dict[str, str]:
    """`report.md` and `report.html` of the files in `folder`."""
    report = tell(
        folder,
        since=gathered.since,
        until=gathered.until,
        head=f"{gathered.head.seq}:{gathered.head.hash}",
        gaps=gathered.gaps,
        withheld=gathered.withheld,
    )
    return rendered(report)


def rendered(report: Report) -> dict[str, str]:
    from .report_html import html

    return {"report.md": markdown(report), "report.html": html(report)}


def answers(story: Story) -> tuple[tuple[str, str], ...]:
    """The ten questions of an evidence record, answered; several answers stand on lines of their own."""
    shown = story.fields[:50]
    more = f"\nand {len(story.fields) - 50} more fields in changes.jsonl" if len(story.fields) > 50 else ""
    desired = "\n".join(f"{field.path or 'whole object'} = {field.desired}" for field in shown) + more
    actual = "\n".join(f"{field.path or 'whole object'} = {field.actual}" for field in shown) + more
    given = (
        f"{story.resource} of {story.unit}",
        desired or NOBODY_KNOWS,
        actual or NOBODY_KNOWS,
        story.detected or NOBODY_KNOWS,
        story.lasted,
        "\n".join(story.who) or f"{NOBODY_KNOWS}: no audit event was joined with it",
        "\n".join(story.judged) or NOBODY_KNOWS,
        "\n".join(story.approved) or "no incident or change covers it",
        "\n".join(story.acted) or "none was recorded",
        story.closed,
    )
    return tuple(zip(QUESTIONS, given, strict=True))


def summary(report: Report) -> tuple[str, ...]:
    open_ones = sum(not story.gone for story in report.stories)
    standing = sum(pause.get("state") in ("intended", "written", "holding") for pause in report.pauses)
    count = len(report.stories) + report.more
    done = closed_out(report)
    lines = [
        f"From {exact(report.since) or 'nothing'} to {exact(report.until) or 'nothing'}.",
        f"{count} finding{'' if count == 1 else 's'} in {report.units} unit{'' if report.units == 1 else 's'}; "
        f"{open_ones} still differed at the end.",
        f"{len(report.pauses)} pause{'' if len(report.pauses) == 1 else 's'}, {standing} not resumed.",
        *([f"Closed out by {done[0]}." if done else "Not closed out."] if report.incident else []),
        f"{report.withheld} value{'' if report.withheld == 1 else 's'} withheld by the last pass.",
        f"Ledger head {report.head}." if not report.head.startswith("0:") else "The ledger was empty.",
    ]
    return tuple(lines)


def closed_out(report: Report) -> tuple[str, list[str]] | None:
    """Who closed it out and when, and the checklist of that moment; None while it is open."""
    done = next((line for line in reversed(report.closeout) if line.get("done") is True), None)
    if done is None:
        return None
    items = done.get("items")
    told = [
        f"{item.get('kind')} {item.get('what')}, {item.get('unit')}: {item.get('state')}"
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict)
    ]
    return f"{done.get('actor')} at {exact(str(done.get('at') or ''))}", told


def markdown(report: Report) -> str:
    parts = [f"# {_md(report.title)}", "", *(f"- {_md(line)}" for line in summary(report)), ""]
    if report.gaps:
        parts += ["## What this record lacks", "", *(f"- {_md(gap)}" for gap in report.gaps), ""]
    parts += ["## Findings", ""]
    for story in report.stories:
        parts += [f"### {_md(story.risk)}: {_md(story.resource)}, {_md(story.summary)}", "", "| | |", "|---|---|"]
        for question, answer in answers(story):
            parts.append(f"| {question} | {'<br>'.join(_md(line) for line in answer.splitlines())} |")
        parts += ["", f"Finding `{story.id}`.", ""]
    if not report.stories:
        parts += ["None was seen.", ""]
    if report.more:
        parts += [f"{report.more} more stand in findings.jsonl.", ""]
    if (done := closed_out(report)) is not None:
        parts += ["## Close-out", "", f"By {_md(done[0])}.", "", *(f"- {_md(line)}" for line in done[1]), ""]
    if report.links:
        parts += ["## Incidents and changes", "", "| reference | title | state | opened | closed | expires |"]
        parts.append("|---|---|---|---|---|---|")
        for link in report.links:
            cells = (link.get("ref"), link.get("title"), link.get("state"))
            times = (exact(str(link.get(key) or "")) for key in ("opened", "closed", "expires"))
            parts.append(f"| {' | '.join(_md(str(cell or '')) for cell in (*cells, *times))} |")
        parts.append("")
    parts += ["## Timeline", "", "| UTC | what | where | who |", "|---|---|---|---|"]
    for entry in report.timeline:
        cells = (exact(str(entry.get("at") or "")), f"{entry.get('kind')}: {entry.get('words')}", where(entry))
        parts.append(f"| {' | '.join(_md(str(cell or '')) for cell in (*cells, entry.get('actor')))} |")
    parts += ["", "Check this bundle with `drifttui verify BUNDLE --key PUB`, or by hand as docs/verify.md says.", ""]
    return "\n".join(parts)


def _md(text: str) -> str:
    """Inert in Markdown: no markup, no links, no table borders."""
    from drifttui.core.errors import inert

    clean = inert(text, 1_000).replace("\\", "\\\\").replace("://", "\\://")
    return "".join("\\" + c if c in "`*_[]<>|#" else c for c in clean)
