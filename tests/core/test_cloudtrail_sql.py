"""Questions put into the languages of stores: nothing that stands in a name can become part of the language."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from drifttui.core.audit_cloudwatch import PATTERN_LIMIT, askable, insights, patterns, without_bodies
from drifttui.core.audit_logql import any_of, deletions, operations, quoted, writes
from drifttui.core.cloudtrail_files import delivered, folder, prefixes, unpacked
from drifttui.core.cloudtrail_search import Lookup, by_call, by_name, needles, regions_of
from drifttui.core.cloudtrail_sql import literal, query, record
from drifttui.core.errors import InputError
from drifttui.core.join_cloudtrail import CloudQuestion
from drifttui.core.resource_question import ResourceQuestion

SINCE = datetime(2026, 10, 30, 8, tzinfo=UTC)
UNTIL = datetime(2026, 11, 2, 9, tzinfo=UTC)

HOSTILE = ("x'; DROP TABLE logs; --", "''", "\\'", "a%_b", "' OR '1'='1", "…'ü", '"', "x--", "/*'*/")


@pytest.mark.parametrize("text", HOSTILE)
def test_an_sql_literal_holds_what_it_was_given_and_ends_where_it_ends(text: str) -> None:
    """SQLite reads standard string literals as Athena does."""
    assert sqlite3.connect(":memory:").execute(f"SELECT {literal(text)}").fetchall() == [(text,)]


@pytest.mark.parametrize("text", ["a\0b", "a\nb", "\x1b[2J", "x" * 3000])
def test_control_characters_make_no_literal(text: str) -> None:
    with pytest.raises(InputError):
        literal(text)


def test_the_statement_parses_and_finds_what_it_should() -> None:
    """The statement with Athena's functions given to SQLite: three rows, of which one matches."""
    text = query('"db"."logs"', ("timestamp",), [b"sg-0a1b", b"o'neil"], SINCE, UNTIL, accounts=["123456789012"])
    text = re.sub(r"array_join\(transform\(resources, r -> r\.arn\), ' '\)", "resources", text)
    text = re.sub(r"useridentity\.[a-z.]+", "useridentity", text).replace('"db"."logs"', "logs")
    words = "awsregion|sourceipaddress|useragent|readonly|recipientaccountid|useridentity|resources"
    names = re.findall(rf"\b(event\w+|error\w+|request\w+|response\w+|{words})\b", text)
    base = sqlite3.connect(":memory:")
    columns = [*dict.fromkeys(names), "timestamp"]
    base.execute(f"CREATE TABLE logs ({', '.join(columns)})")
    base.create_function("concat", -1, lambda *parts: "".join(parts))
    base.create_function("strpos", 2, lambda held, part: held.find(part) + 1)
    rows = [
        {"eventid": "hit", "requestparameters": '{"groupId":"SG-0A1B"}', "eventtime": "2026-11-01T10:00:00Z"},
        {"eventid": "other", "requestparameters": '{"groupId":"sg-9"}', "eventtime": "2026-11-01T10:00:00Z"},
        {"eventid": "read", "requestparameters": '{"groupId":"sg-0a1b"}', "eventtime": "2026-11-01T10:00:00Z",
         "readonly": "true"},
        {"eventid": "late", "requestparameters": '{"groupId":"sg-0a1b"}', "eventtime": "2026-11-02T10:00:00Z"},
    ]  # fmt: skip
    for row in rows:
        full = {**row, "timestamp": "2026/11/01", "recipientaccountid": "123456789012"}
        base.execute(f"INSERT INTO logs ({', '.join(full)}) VALUES ({', '.join('?' * len(full))})", list(full.values()))
    assert [found[0] for found in base.execute(text)] == ["hit"]


def test_partitions_of_days_are_named_so_that_the_rest_is_not_read() -> None:
    one = query("t", ("timestamp",), [b"x"], SINCE, UNTIL)
    assert "\"timestamp\" BETWEEN '2026/10/30' AND '2026/11/02'" in one
    three = query("t", ("year", "month", "day"), [b"x"], SINCE, UNTIL)
    assert "\"month\" = '10' AND \"day\" IN ('30', '31')" in three
    assert "\"month\" = '11' AND \"day\" IN ('01', '02')" in three
    with pytest.raises(InputError, match="year"):
        query("t", ("timestamp",), [b"x"], SINCE - timedelta(days=500), UNTIL)


def test_a_row_is_a_record_again() -> None:
    found = record(
        {
            "eventid": "1", "eventname": "CreateTags", "readonly": "false", "requestparameters": '{"a": 1}',
            "responseelements": "null", "u_type": "AssumedRole", "u_issuer_name": "admin", "u_arn": None,
            "resource_arns": "arn:a arn:b", "errorcode": "",
        }
    )  # fmt: skip
    assert found["requestParameters"] == {"a": 1}
    assert found["userIdentity"] == {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": "admin"}}}
    assert [entry["ARN"] for entry in found["resources"]] == ["arn:a", "arn:b"]
    assert "errorCode" not in found
    assert "responseElements" not in found
    assert record({"requestparameters": "{cut"})["requestParameters"] == {"unparsed": "{cut"}


def test_keys_and_prefixes_of_log_files() -> None:
    name = "123456789012_CloudTrail_eu-west-1_20261121T0905Z_a1B2.json.gz"
    key = f"p/AWSLogs/o-ab/123456789012/CloudTrail/eu-west-1/2026/11/21/{name}"
    assert delivered(key) == datetime(2026, 11, 21, 9, 5, tzinfo=UTC)
    assert delivered(key.replace("CloudTrail/", "CloudTrail-Digest/")) is None
    assert delivered(key.replace("T0905", "T9905")) is None
    assert folder("", "") == "AWSLogs/"
    assert folder("/p/", "o-ab", "1", "r") == "p/AWSLogs/o-ab/1/CloudTrail/r/"
    short = prefixes("b/", "1", "r", UNTIL - timedelta(minutes=30), UNTIL)
    assert [prefix[-13:] for prefix in short] == ["r_20261102T10", "r_20261102T09", "r_20261102T08"]
    assert prefixes("b/", "1", "r", SINCE, UNTIL) == [f"b/2026/{day}/" for day in ("11/02", "11/01", "10/31", "10/30")]


def test_unpacking_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    from drifttui.core import cloudtrail_files

    monkeypatch.setattr(cloudtrail_files, "MAX_FILE", 1 << 20)
    problems = Counter[str]()
    assert len(unpacked(gzip.compress(b"x" * (4 << 20)), problems)) == 1 << 20
    assert problems == {"log file larger than 1 MB, read in part": 1}


def test_what_lookups_are_made_of() -> None:
    pair = CloudQuestion("aws_iam_role_policy_attachment", ("deployer/arn:aws:iam::1:policy/Admin",))
    found = by_name(pair, regions_of(pair, ["eu-west-1"]))
    assert Lookup("us-east-1", "ResourceName", "deployer") in found
    assert Lookup("us-east-1", "ResourceName", "arn:aws:iam::1:policy/Admin") in found
    assert Lookup("us-east-1", "ResourceName", "Admin") in found
    function = CloudQuestion("aws_lambda_function", ("resize",))
    assert {lookup.key for lookup in by_call(function, ["r"])} == {"EventSource"}, "its calls carry API versions"
    assert by_call(CloudQuestion("aws_glue_job", ("x",)), ["r"]) == []
    assert needles((CloudQuestion("", ("arn:aws:ec2:r:1:security-group/sg-1",)),)) == (b"sg-1",)


def test_patterns_find_every_kind_of_write_and_stay_short() -> None:
    question = ResourceQuestion("apps", "Deployment", "prod", "web")
    (pattern,) = patterns([question])
    assert pattern.startswith("{ ")
    for part in ('$.objectRef.name = "web"', '"deletecollection"', '"namespaces"', "responseObject.metadata.name"):
        assert part in pattern
    many = [question._replace(name=f"web-{number}") for number in range(30)]
    made = patterns(many)
    assert len(made) > 1
    assert all(len(pattern) <= PATTERN_LIMIT for pattern in made)
    assert all(f'"web-{number}"' in "".join(made) for number in range(30))
    assert not askable(question._replace(name='web" || $.a = "'))
    assert not askable(question._replace(namespace="a'b"))
    assert "limit 10000" in insights(many, "s")


def test_what_eks_records_without_bodies() -> None:
    found = without_bodies(
        [
            ResourceQuestion("", "Secret", "a", "b"),
            ResourceQuestion("argoproj.io", "Application", "a", "c"),
            ResourceQuestion("apps", "Deployment", "a", "d"),
            ResourceQuestion("networking.k8s.io", "Ingress", "a", "e"),
        ]
    )
    assert [name.rpartition("/")[2] for name in found] == ["b", "c"]


@pytest.mark.parametrize("text", [*HOSTILE, 'a"} |= "b', "`x`", "a\nb\x00", "\\"])
def test_a_logql_string_is_a_json_string_with_the_same_value(text: str) -> None:
    """Go's escapes: `\\\\U` is the only one that JSON lacks."""
    as_json = re.sub(r"\\U0000([0-9a-f]{4})", r"\\u\1", quoted(text))
    assert json.loads(as_json) == text


def test_logql_filters_lines_before_it_parses() -> None:
    one = ResourceQuestion("apps", "Deployment", "prod", "web")
    two = one._replace(name="a.b")
    (statement,) = writes('{job="audit"}', [one, two])
    assert statement == '{job="audit"} |~ "web|a\\\\.b" |= "prod" | json verb="verb" | verb!~"get|list|watch"'
    assert len(deletions('{job="audit"}', [one])) == 2
    assert len(deletions('{job="audit"}', [one._replace(namespace=None)])) == 1
    assert any_of(["x"]) == '|= "x"'
    assert '"cart"' in operations("{}", ["argocd/cart"])
