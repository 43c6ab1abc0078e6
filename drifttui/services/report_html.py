"""`report.html`: one file, no script, no network, light and dark, fit to print; the timeline drawn as SVG."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from importlib.resources import files

from drifttui.core.errors import inert

from .report_story import Report, Story, exact, where

_LANES = ("merge", "sync", "call", "event", "drift", "gone", "verdict", "pause", "link", "act")
_WIDTH, _LEFT, _ROW = 960, 76, 20


def html(report: Report) -> str:
    from .report import closed_out, summary

    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
        f"<title>{_h(report.title)}</title><style>{_style()}</style></head><body>",
        f"<h1>{_h(report.title)}</h1>",
        '<ul class="summary">' + "".join(f"<li>{_h(line)}</li>" for line in summary(report)) + "</ul>",
    ]
    if report.gaps:
        gaps = "".join(f"<li>{_h(gap)}</li>" for gap in report.gaps)
        parts.append(f"<h2>What this record lacks</h2><ul>{gaps}</ul>")
    parts.append(_drawn(report))
    parts.append("<h2>Findings</h2>")
    parts += [_finding(story) for story in report.stories] or ["<p>None was seen.</p>"]
    if report.more:
        parts.append(f"<p>{report.more} more stand in findings.jsonl.</p>")
    if (done := closed_out(report)) is not None:
        items = "".join(f"<li>{_h(line)}</li>" for line in done[1])
        parts.append(f"<h2>Close-out</h2><p>By {_h(done[0])}.</p><ul>{items}</ul>")
    parts.append(_links(report))
    parts.append("<h2>Timeline</h2>")
    parts.append(_table(report))
    parts.append(
        "<footer>Check this bundle with <code>drifttui verify BUNDLE --key PUB</code>, or by hand as docs/verify.md "
        "says.</footer></body></html>\n"
    )
    return "\n".join(part for part in parts if part)


def _style() -> str:
    return (files("drifttui") / "assets" / "report.css").read_text(encoding="utf-8")


def _h(text: object, limit: int = 1_000) -> str:
    return escape(inert(str(text), limit))


def _finding(story: Story) -> str:
    from .report import answers

    risk = story.risk if story.risk in ("critical", "high", "medium", "low", "info") else "unknown"
    rows = []
    for question, answer in answers(story):
        if question in ("Desired", "Observed") and story.fields:
            continue
        lines = "<br>".join(_h(line) for line in answer.splitlines())
        rows.append(f"<dt>{_h(question)}</dt><dd>{lines}</dd>")
    fields = "".join(
        f"<tr><td>{_h(field.path or 'whole object')}</td><td>{_h(field.desired)}</td><td>{_h(field.recorded)}</td>"
        f"<td>{_h(field.actual)}</td></tr>"
        for field in story.fields[:50]
    )
    more = f"<p>{len(story.fields) - 50} more fields stand in changes.jsonl.</p>" if len(story.fields) > 50 else ""
    columns = "<tr><th>field</th><th>desired</th><th>recorded</th><th>observed</th></tr>"
    table = f'<table class="diff">{columns}{fields}</table>{more}' if fields else ""
    head = (
        f'<h3><span class="risk risk-{risk}">{_h(story.risk)}</span> <span>{_h(story.resource)}</span>'
        f" <span>{_h(story.summary)}</span></h3>"
    )
    return f'<div class="finding">{head}<dl>{"".join(rows)}</dl>{table}<p><code>{_h(story.id)}</code></p></div>'


def _links(report: Report) -> str:
    if not report.links:
        return ""
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{_h(link.get(key) or '')}</td>" for key in ("ref", "title", "state", "approver"))
        + "".join(
            f'<td class="at">{_h(exact(str(link.get(key) or "")))}</td>' for key in ("opened", "closed", "expires")
        )
        + "</tr>"
        for link in report.links
    )
    head = "".join(
        f"<th>{name}</th>" for name in ("reference", "title", "state", "approver", "opened", "closed", "expires")
    )
    return f"<h2>Incidents and changes</h2><table><tr>{head}</tr>{rows}</table>"


def _table(report: Report) -> str:
    rows = []
    for entry in report.timeline:
        kind = str(entry.get("kind") or "")
        gap = ' class="gap"' if kind == "gap" else ""
        rows.append(
            f'<tr{gap}><td class="at">{_h(exact(str(entry.get("at") or "")))}</td><td class="kind">{_h(kind)}</td>'
            f'<td>{_h(entry.get("words") or "", 400)}</td><td class="where">{_h(where(entry))}</td>'
            f'<td class="who">{_h(entry.get("actor") or "")}</td></tr>'
        )
    head = "<tr><th>UTC</th><th></th><th>what</th><th>where</th><th>who</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>" if rows else "<p>Nothing was recorded.</p>"


def _drawn(report: Report) -> str:
    """A lane per kind over the time, and shaded where a source was blind."""
    moments = [(entry, at) for entry in report.timeline if (at := _at(entry.get("at"))) is not None]
    lanes = [kind for kind in _LANES if any(entry.get("kind") == kind for entry, _ in moments)]
    if not lanes:
        return ""
    since = min(at for _, at in moments)
    until = max([at for _, at in moments] + [at for entry, _ in moments if (at := _at(entry.get("until"))) is not None])
    length = max(until - since, timedelta(seconds=1))
    height = _ROW * len(lanes) + 46

    def x(at: datetime) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - 14) * ((at - since) / length), 1)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Timeline">']
    for entry, at in moments:
        if entry.get("kind") == "gap":
            end = _at(entry.get("until")) or until
            width = max(2.0, x(end) - x(at))
            parts.append(
                f'<rect class="blind" x="{x(at)}" y="4" width="{width}" height="{_ROW * len(lanes)}">'
                f"<title>{_h(entry.get('words') or '')}</title></rect>"
                f'<text x="{min(x(at) + 4, _WIDTH - 40)}" y="{_ROW * len(lanes) + 16}">blind</text>'
            )
    for number, kind in enumerate(lanes):
        y = 4 + _ROW * number + _ROW / 2
        parts.append(f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end">{kind}</text>')
        for entry, at in moments:
            if entry.get("kind") == kind:
                words = f"{exact(str(entry.get('at')))} {entry.get('words') or ''}"
                parts.append(
                    f'<circle class="mark mark-{kind}" cx="{x(at)}" cy="{y}" r="4"><title>{_h(words)}</title></circle>'
                )
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        at = since + length * share
        parts.append(f'<text x="{x(at)}" y="{height - 8}" text-anchor="{anchor}">{at:%Y-%m-%d %H:%M:%S}Z</text>')
    return "".join(parts) + "</svg>"


def _at(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) and value else None
    except ValueError:
        return None
