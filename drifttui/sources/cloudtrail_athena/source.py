"""CloudTrail's log files through Athena, for ranges that nobody downloads.

Starts a query, which costs by the bytes it scans and leaves its result in S3: strict read-only refuses it. Wire:
`StartQueryExecution`, `GetQueryExecution`, `GetQueryResults` (first row: the columns), `StopQueryExecution` when the
question is given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from ...clients.aws import Aws
from ...clients.aws_health import AwsHealth, Need
from ...clients.aws_query import running
from ...clients.aws_settings import TrailTable
from ...core.audit_question import AuditAnswer, AuditQuestion, Trail, Unseen, Why
from ...core.cloudtrail_gathering import DELAY, CloudGathering
from ...core.cloudtrail_search import accounts_of
from ...core.cloudtrail_sql import LIMIT, query, quoted, record
from ...core.errors import BadAnswer, InputError, ReadOnly, SourceError, Unreachable, inert
from ...core.health import SourceHealth
from ...core.planes import Plane
from ...core.ports import Clock

SYSTEM: Final = "Athena"


class CloudTrailAthena:
    """Implements `AuditSource`."""

    system: ClassVar[str] = SYSTEM
    planes: ClassVar[frozenset[Plane]] = frozenset()
    trail = Trail.CLOUDTRAIL

    def __init__(
        self,
        aws: Aws,
        table: TrailTable,
        clock: Clock,
        *,
        key: bytes,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = f"cloudtrail-athena:{inert(aws.settings.shown_name, 80)}"
        self.covers: frozenset[str] = frozenset()
        self._aws, self._table, self._clock, self._key, self._sleep = aws, table, clock, key, sleep
        self._health = AwsHealth(aws, self.name, SYSTEM, clock)

    async def calls(self, question: AuditQuestion) -> AuditAnswer:
        now = self._clock()
        gathering = CloudGathering(question, self._key, now)
        if not gathering.needles:
            return AuditAnswer(self.name, asked_at=now, delay=DELAY, method="Athena")
        until = question.until or now
        since = question.since or until - timedelta(seconds=self._table.look_back)
        unseen: list[Unseen] = []
        if question.since is None:
            unseen.append(Unseen(Why.LEFT_OUT, f"{self.name}: asked back to {since:%Y-%m-%d}: --since goes further"))
        statement = self._query(question, gathering, since, until)
        async with running(lambda: self._start(statement), self._stop) as execution:
            status = await self._finished(execution)
        rows = 0
        try:
            async for row in self._rows(execution):
                rows += 1
                gathering.take(record(row))
        except SourceError as error:
            unseen.append(Unseen(Why.BLIND, f"{self.name}: {error.one_line()} {rows} rows were read."))
            if not rows:
                raise
        if rows >= LIMIT:
            unseen.append(
                Unseen(Why.LEFT_OUT, f"{self.name}: only the newest {LIMIT} records were fetched: narrow --since")
            )
        if any(call.principal.type in ("AssumedRole", "WebIdentityUser") for call in gathering.calls):
            unseen.append(Unseen(Why.LEVEL, f"{self.name}: sourceIdentity and onBehalfOf are not columns of the table"))
        statistics = status.get("Statistics") or {}
        return gathering.answer(
            self.name,
            unseen=unseen,
            scanned=int(statistics.get("DataScannedInBytes") or 0),
            events=rows,
            method=f"Athena query {inert(execution, 40)}",
        )

    async def check(self) -> SourceHealth:
        table = self._table

        async def columns() -> str:
            found = await self._aws.call(
                "athena",
                "GetTableMetadata",
                {"CatalogName": table.catalog, "DatabaseName": table.database, "TableName": table.table,
                 "WorkGroup": table.workgroup},
                region=table.region,
            )  # fmt: skip
            names = {
                str(entry.get("Name", "")).lower() for entry in (found.get("TableMetadata") or {}).get("Columns", [])
            }
            lacking = {"eventtime", "eventname", "useridentity", "requestparameters"} - names
            if lacking:
                raise BadAnswer(
                    f"{self.name}: not a table of CloudTrail",
                    f"{table.database}.{table.table} has no column {', '.join(sorted(lacking))}",
                    "Make it as AWS documents it.",
                )
            return ""

        async def workgroup() -> str:
            found = (await self._aws.call(
                "athena", "GetWorkGroup", {"WorkGroup": table.workgroup}, region=table.region
            )).get("WorkGroup") or {}  # fmt: skip
            result = (found.get("Configuration") or {}).get("ResultConfiguration") or {}
            if not (table.output or result.get("OutputLocation") or "ManagedQueryResultsConfiguration" in str(found)):
                raise BadAnswer(f"{self.name}: no place for results", hint="Set `output` in [aws.athena].")
            return ""

        return await self._health.check(
            f"{table.database}.{table.table}",
            "a query for each question",
            [
                Need("athena:GetTableMetadata", "whether the table has CloudTrail's columns", columns),
                Need("athena:GetWorkGroup", "where results go", workgroup),
            ],
            untried={"athena:StartQueryExecution": "who changed AWS resources; not tried, because it costs"},
        )

    async def close(self) -> None:
        await self._aws.close()

    def _query(self, question: AuditQuestion, gathering: CloudGathering, since: datetime, until: datetime) -> str:
        table = self._table
        accounts = frozenset[str]().union(*(accounts_of(cloud) for cloud in question.clouds))
        try:
            return query(
                f"{quoted(table.database)}.{quoted(table.table)}",
                table.partitions,
                gathering.needles,
                since,
                until,
                account_column=table.account_column,
                accounts=accounts,
            )
        except InputError as error:
            raise BadAnswer(f"{self.name}: {error.title}", error.detail, error.hint) from error

    async def _start(self, statement: str) -> str:
        table = self._table
        asked: dict[str, Any] = {
            "QueryString": statement,
            "QueryExecutionContext": {"Database": table.database, "Catalog": table.catalog},
            "WorkGroup": table.workgroup,
        }
        if table.output:
            asked["ResultConfiguration"] = {"OutputLocation": table.output}
        try:
            started = await self._aws.call("athena", "StartQueryExecution", asked, region=table.region)
        except ReadOnly as error:
            raise BadAnswer(
                f"{self.name}: {error.title}", error.detail, "Without --read-only=strict it is asked."
            ) from error
        return str(started["QueryExecutionId"])

    async def _finished(self, execution: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._table.query_timeout):
                while True:
                    answer = await self._aws.call(
                        "athena", "GetQueryExecution", {"QueryExecutionId": execution}, region=self._table.region
                    )
                    found: dict[str, Any] = answer.get("QueryExecution") or {}
                    status = found.get("Status") or {}
                    state = status.get("State")
                    if state == "SUCCEEDED":
                        return found
                    if state in ("FAILED", "CANCELLED"):
                        reason = status.get("StateChangeReason") or state
                        raise BadAnswer(
                            f"{self.name}: the query failed", inert(str(reason)), "Check table and workgroup."
                        )
                    await self._sleep(self._table.poll)
        except TimeoutError as error:
            raise Unreachable(
                f"{self.name} is too slow",
                f"no result within {self._table.query_timeout:g} s",
                "The query was stopped; narrow --since or raise query_timeout.",
            ) from error

    async def _stop(self, execution: str) -> None:
        try:
            await self._aws.call(
                "athena", "StopQueryExecution", {"QueryExecutionId": execution}, region=self._table.region
            )
        except (SourceError, ReadOnly):
            return

    async def _rows(self, execution: str) -> Any:
        columns: list[str] = []
        first = True
        async for page in self._aws.pages(
            "athena", "GetQueryResults", {"QueryExecutionId": execution, "MaxResults": 1000}, marker="NextToken",
            region=self._table.region,
        ):  # fmt: skip
            result = page.get("ResultSet") or {}
            information = (result.get("ResultSetMetadata") or {}).get("ColumnInfo") or []
            columns = columns or [str(entry.get("Name", "")) for entry in information]
            for row in result.get("Rows") or []:
                values = [cell.get("VarCharValue") for cell in row.get("Data") or []]
                if first and values == columns:
                    first = False
                    continue
                first = False
                yield dict(zip(columns, values, strict=False))
