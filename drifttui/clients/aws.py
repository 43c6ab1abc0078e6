"""AWS under one identity: the only code of this program that imports the SDK, and only when a call is made.

Calls run in threads of their own. A cancelled call is abandoned: its thread ends with its timeout, and what it brings
is dropped. `access` is enforced twice: before a call is made, and by a hook in the SDK just before anything is sent,
which also sees what the SDK calls by itself.
"""

from __future__ import annotations

import asyncio
import getpass
import random
import re
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ..core.errors import BadAnswer, ReadOnly, SourceError, Throttled, Unauthenticated, Unreachable, inert
from .access import Access, Effect
from .aws_access import effect_of, permit_operation
from .aws_errors import refused_call
from .aws_settings import AwsSettings
from .counters import Counters
from .http_errors import Clean
from .retry import Backoff, Rng

CHUNK: Final = 1 << 20
_SESSION_NAME: Final = re.compile(r"[^\w+=,.@-]")


class Aws:
    """Every method raises only `SourceError`, and `ReadOnly` for what `access` refuses. Opens nothing until asked."""

    def __init__(
        self,
        settings: AwsSettings,
        *,
        access: Access = Access.FULL,
        backoff: Backoff | None = None,
        clean: Clean = inert,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        rng: Rng = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.settings = settings
        self.name = f"AWS {settings.shown_name}"
        self.access = access
        self.counters = Counters(monotonic)
        self._backoff = backoff or Backoff()
        self._clean, self._clock, self._monotonic, self._rng, self._sleep = clean, clock, monotonic, rng, sleep
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._room: asyncio.Semaphore | None = None
        self._closed = False
        self._identity: tuple[str, str] | None = None

    async def call(
        self, service: str, operation: str, params: Mapping[str, Any] | None = None, *, region: str = ""
    ) -> dict[str, Any]:
        """One call, its answer as the SDK decodes it. What may pass is tried again, but only reads without effects."""
        permit_operation(self.access, service, operation, self.name)

        def work() -> dict[str, Any]:
            answer: dict[str, Any] = self._method(service, operation, region)(**(params or {}))
            return answer

        answer: dict[str, Any] = await self._tried(service, operation, work)
        return answer

    async def body(self, bucket: str, key: str, *, region: str = "", limit: int) -> bytes:
        """An object of S3, at most `limit` bytes of it. Raises `Missing` for one that vanished."""
        permit_operation(self.access, "s3", "GetObject", self.name)

        def work() -> bytes:
            answer = self._method("s3", "GetObject", region)(Bucket=bucket, Key=key)
            held = bytearray()
            with answer["Body"] as stream:
                while len(held) < limit and not self._closed:
                    chunk = stream.read(min(CHUNK, limit - len(held)))
                    if not chunk:
                        break
                    held += chunk
                    self.counters.bytes += len(chunk)
            return bytes(held)

        found: bytes = await self._tried("s3", "GetObject", work)
        return found

    async def pages(
        self, service: str, operation: str, params: Mapping[str, Any], *, marker: str, into: str = "", region: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """Pages of an answer until it names no next one in `marker`, which goes back as `into` (by default the same).

        A page that repeats its own token ends it: CloudWatch Logs does so at the end.
        """
        asked = dict(params)
        while True:
            page = await self.call(service, operation, asked, region=region)
            yield page
            following = page.get(marker)
            if not following or following == asked.get(into or marker):
                return
            asked[into or marker] = following

    async def identity(self) -> tuple[str, str]:
        """Account and ARN, by STS, once."""
        if self._identity is None:
            answer = await self.call("sts", "GetCallerIdentity")
            self._identity = (inert(str(answer.get("Account", "")), 20), inert(str(answer.get("Arn", "")), 200))
        return self._identity

    async def account(self) -> str:
        """As configured, else as STS says; empty where it does not."""
        if self.settings.account:
            return self.settings.account
        try:
            return (await self.identity())[0]
        except SourceError:
            return ""

    async def region(self) -> str:
        """The one that calls go to where none is named. Empty where nobody knows."""

        def find() -> str:
            with self._lock:
                return str(self.settings.region or self._opened().get_config_variable("region") or "")

        try:
            return str(await self._in_thread(find))
        except Exception as error:
            raise self._failed(self._mapped("configuration", "region", error)) from error

    async def close(self) -> None:
        self._closed = True
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    async def _tried(self, service: str, operation: str, work: Callable[[], Any]) -> Any:
        repeated = effect_of(service, operation) is Effect.NONE
        room = self._room = self._room or asyncio.Semaphore(self.settings.concurrency)
        limit = self.settings.timeout
        begun = self._monotonic()
        try:
            async with asyncio.timeout(limit), room:
                for failures in range(1, self._backoff.attempts + 1):
                    try:
                        answer = await self._in_thread(work)
                    except ReadOnly:
                        raise
                    except Exception as error:
                        wrong = self._failed(self._mapped(service, operation, error))
                        wait = wrong.retry_after if isinstance(wrong, Throttled) else None
                        if not wrong.retryable or failures == self._backoff.attempts:
                            raise wrong from error
                        if not repeated and not isinstance(wrong, Throttled):
                            raise wrong from error
                        await self._sleep(self._backoff.delay(failures, self._rng, wait))
                        continue
                    now = self._clock()
                    self.counters.answered(now, (self._monotonic() - begun) * 1000)
                    self._note_clock(answer, now)
                    return answer
                raise AssertionError("unreachable: the last try returns or raises")
        except TimeoutError as error:
            raise self._failed(
                Unreachable(f"{self.name} is too slow", f"{service}:{operation}: no answer within {limit:g} s")
            ) from error

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        """In a thread that dies with the program: an executor's threads would be waited for at exit."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def settle(value: Any, error: BaseException | None) -> None:
            if not done.done():
                if error is not None:
                    done.set_exception(error)
                else:
                    done.set_result(value)

        def run() -> None:
            value, wrong = None, None
            try:
                value = work()
            except BaseException as error:
                wrong = error
            try:
                loop.call_soon_threadsafe(settle, value, wrong)
            except RuntimeError:
                pass

        threading.Thread(target=run, name="aws", daemon=True).start()
        return await done

    def _method(self, service: str, operation: str, region: str) -> Callable[..., Any]:
        from botocore import xform_name

        found: Callable[..., Any] = getattr(self._client(service, region), xform_name(operation))
        return found

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            found = self._clients.get((service, region))
            if found is None:
                from botocore.config import Config

                settings = self.settings
                session = self._opened()
                found = session.create_client(
                    service,
                    region_name=region
                    or settings.region
                    or session.get_config_variable("region")
                    or _anywhere(service),
                    endpoint_url=settings.endpoint_url or None,
                    config=Config(
                        connect_timeout=settings.connect_timeout,
                        read_timeout=settings.read_timeout,
                        max_pool_connections=settings.concurrency,
                        retries={"total_max_attempts": 1, "mode": "standard"},
                        user_agent_extra="drifttui",
                        s3={"addressing_style": "path"} if settings.endpoint_url else {},
                    ),
                )
                self._clients[service, region] = found
            return found

    def _opened(self) -> Any:
        """The session, with the role assumed where one is configured. Holds the lock."""
        if self._session is None:
            from .aws_role import assuming, opened

            settings = self.settings
            session = opened(settings.profile)
            session.register("before-call.*.*", self._before_call)
            session.get_component("credential_provider").get_provider("assume-role")._prompter = self._no_prompt
            if settings.role_arn:
                session = assuming(session, settings, self.session_name)
                session.register("before-call.*.*", self._before_call)
            session.register("after-call.*.*", self._after_call)
            self._session = session
        return self._session

    @property
    def session_name(self) -> str:
        """Of an assumed role, so that CloudTrail shows who looked."""
        try:
            user = getpass.getuser()
        except (OSError, KeyError):
            user = "unknown"
        return _SESSION_NAME.sub("-", self.settings.session_name or f"drifttui-{user}")[:64]

    def _before_call(self, model: Any, **_: Any) -> None:
        permit_operation(self.access, str(model.service_model.service_name), str(model.name), self.name)

    def _after_call(self, http_response: Any, model: Any, **_: Any) -> None:
        """The SDK takes a body that is no JSON for an empty answer, and an empty answer would be believed."""
        content = http_response.content if model.service_model.metadata.get("protocol") == "json" else b"{}"
        if http_response.status_code < 300 and not (content.lstrip()[:1] == b"{" and content.rstrip()[-1:] == b"}"):
            raise BadAnswer(
                f"{self.name}: the answer is not in the expected format",
                f"{model.service_model.service_name}:{model.name}",
                "It may be cut short, or a proxy stands before it.",
            )

    def _no_prompt(self, prompt: str) -> str:
        """The SDK would ask for an MFA code on the terminal that the screen is on."""
        raise Unauthenticated(
            f"{self.name}: the profile wants an MFA code",
            self.settings.profile,
            "Get a session first, as with `aws sso login` or `aws sts get-session-token`.",
        )

    def _mapped(self, service: str, operation: str, error: BaseException) -> SourceError:
        """`error` as one of ours. What is neither the SDK's nor the network's is a bug, and is raised as it is."""
        if isinstance(error, SourceError):
            return error
        wrong = refused_call(self.name, service, operation, error, profile=self.settings.profile, clean=self._clean)
        if wrong is None:
            raise error
        return wrong

    def _failed(self, error: SourceError) -> SourceError:
        self.counters.errors += 1
        return error

    def _note_clock(self, answer: Any, now: datetime) -> None:
        """Date has whole seconds; less than two apart is no skew."""
        headers = (answer.get("ResponseMetadata") or {}).get("HTTPHeaders") or {} if isinstance(answer, dict) else {}
        try:
            date = parsedate_to_datetime(str(headers.get("date", "")))
        except ValueError:
            return
        skew = (date.astimezone(UTC) - now).total_seconds()
        self.counters.clock_skew = timedelta(seconds=round(skew) if abs(skew) > 2.0 else 0)


def _anywhere(service: str) -> str | None:
    """STS and S3 answer for every region."""
    return "us-east-1" if service in ("sts", "s3") else None
