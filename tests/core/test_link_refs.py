"""A reference names one record, however it was copied, and keeps nothing secret."""

from __future__ import annotations

import random
import string

import pytest

from drifttui.core.errors import InputError
from drifttui.core.link_refs import LinkRef, Tracker, read_ref

NAMED = {
    "INC-9127": (Tracker.JIRA, "INC-9127", ""),
    "inc-9127": (Tracker.JIRA, "INC-9127", ""),
    " <INC-9127>\n": (Tracker.JIRA, "INC-9127", ""),
    "https://acme.atlassian.net/browse/INC-9127?focusedCommentId=1#x": (Tracker.JIRA, "INC-9127", "acme.atlassian.net"),
    "https://acme.atlassian.net/jira/software/projects/INC/boards/1?selectedIssue=INC-9127": (
        Tracker.JIRA,
        "INC-9127",
        "acme.atlassian.net",
    ),
    "https://jira.acme.example:8443/jira/browse/PAY-12": (Tracker.JIRA, "PAY-12", "jira.acme.example:8443"),
    "INC0010023": (Tracker.SERVICENOW, "INC0010023", ""),
    "chg0030001": (Tracker.SERVICENOW, "CHG0030001", ""),
    "https://acme.service-now.com/nav_to.do?uri=incident.do%3Fsysparm_query%3Dnumber%3DINC0010023": (
        Tracker.SERVICENOW,
        "INC0010023",
        "acme.service-now.com",
    ),
    "https://acme.service-now.com/now/nav/ui/classic/params/target/change_request.do%253Fsys_id%253D" + "a1" * 16: (
        Tracker.SERVICENOW,
        "a1" * 16,
        "acme.service-now.com",
    ),
    "Q1AB2CD3EF4GH5": (Tracker.PAGERDUTY, "Q1AB2CD3EF4GH5", ""),
    "https://acme.eu.pagerduty.com/incidents/Q1AB2CD3EF4GH5/timeline": (
        Tracker.PAGERDUTY,
        "Q1AB2CD3EF4GH5",
        "acme.eu.pagerduty.com",
    ),
    "pagerduty:123": (Tracker.PAGERDUTY, "123", ""),
    "acme/shop#42": (Tracker.GITHUB, "acme/shop#42", ""),
    "https://github.com/Acme/Shop/issues/42#issuecomment-7": (Tracker.GITHUB, "acme/shop#42", ""),
    "https://github.com/acme/shop/pull/42/files": (Tracker.GITHUB, "acme/shop#42", ""),
    "https://git.acme.example/acme/shop/issues/42": (Tracker.GITHUB, "acme/shop#42", "git.acme.example"),
    "https://gitlab.com/acme/ops/shop/-/issues/incident/7": (Tracker.GITLAB, "acme/ops/shop#7", ""),
    "gitlab:acme/shop#7": (Tracker.GITLAB, "acme/shop#7", ""),
    "https://wiki.example.com/major/2026-11-21": (
        Tracker.OTHER,
        "https://wiki.example.com/major/2026-11-21",
        "wiki.example.com",
    ),
    "MAJOR outage of 2026-11-21": (Tracker.OTHER, "MAJOR outage of 2026-11-21", ""),
}


@pytest.mark.parametrize(("text", "named"), NAMED.items())
def test_a_reference_names_a_record(text: str, named: tuple[Tracker, str, str]) -> None:
    ref = read_ref(text)
    assert (ref.tracker, ref.key, ref.host) == named
    assert read_ref(ref.text) == ref
    assert len(ref.id) == 12
    assert len(ref.display) <= 200


def test_equal_records_are_one_link_and_others_are_not() -> None:
    one = read_ref("https://github.com/acme/shop/issues/42")
    assert one.id == read_ref("acme/shop#42").id == read_ref("HTTPS://www.GitHub.com/Acme/Shop/pull/42?tab=1").id
    others = {
        read_ref(text).id
        for text in ("acme/shop#43", "gitlab:acme/shop#42", "https://git.a.example/acme/shop/issues/42")
    }
    assert one.id not in others
    assert len(others) == 3


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("INC-1", "incident"),
        ("CHG-1", "change"),
        ("CHG0030001", "change"),
        ("INC0010023", "incident"),
        ("CRASH-1", "incident"),
    ],
)
def test_the_kind_that_an_id_speaks_for(text: str, kind: str) -> None:
    assert read_ref(text).kind == kind


SECRETS = [
    "https://oncall:hunter2secret@jira.acme.example/browse/PAY-12",
    "https://hunter2secret@wiki.example.com/page",
    "https://wiki.example.com/page?token=hunter2secret&x=1",
    "https://wiki.example.com/page?access_token=hunter2secret",
    "https://bucket.example.com/report?X-Amz-Signature=hunter2secret&X-Amz-Credential=hunter2secret",
    "https://app.example.com/#/incident/1?token=hunter2secret",
    "https://app.example.com/#access_token=hunter2secret",
    "https://login.example.com/callback?code=hunter2secret&state=hunter2secret",
    "https://hooks.slack.com/services/T0000/B0000/hunter2secret",
    "https://wiki.example.com/page?q=ghp_hunter2secrethunter2secrethunter2",
    "INC-1 password=hunter2secret",
]


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_in_references_are_gone(text: str) -> None:
    ref = read_ref(text)
    for kept in (*ref, ref.text, ref.display):
        assert "hunter2secret" not in kept
    assert read_ref(ref.text) == ref


REFUSED = ["", "   ", "\x1b\x07", "javascript:alert(1)", "file:///etc/passwd", "ssh://git@host/x", "https://", "https://[::1",
           "https://host:99999999/x", "jira:not a key", "x" * 5000, "https://user:hunter2secret@[bad/"]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_reference_is_refused_in_one_line_without_secrets(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_ref(text)
    line = refused.value.one_line()
    assert "\n" not in line
    assert "hunter2secret" not in line
    assert line.isprintable()


def test_hostile_text_becomes_inert_and_nothing_else_is_raised() -> None:
    chance = random.Random(9127)
    letters = string.printable + "\x1b\x9b\u202e\u200b\U000e0041ä日#/:@?&=%[]"
    for _ in range(3000):
        text = chance.choice(["", "https://", "https://a.example/", "jira:", "https://x.service-now.com/"])
        text += "".join(chance.choices(letters, k=chance.randrange(40)))
        try:
            ref: LinkRef = read_ref(text)
        except InputError:
            continue
        assert ref.text.isprintable(), text
        assert ref.display.isprintable(), text
        assert read_ref(ref.text).id == ref.id, text
