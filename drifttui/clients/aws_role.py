"""Sessions of the SDK, and one that assumes a role with another's credentials and renews it before it ends."""

from __future__ import annotations

from functools import cache
from typing import Any

from .aws_settings import AwsSettings


@cache
def _models() -> Any:
    """The descriptions of the services: megabytes of JSON that every session would read anew."""
    from botocore.loaders import create_loader

    return create_loader()


def opened(profile: str) -> Any:
    """A botocore session. Raises what the SDK raises for a profile that is not there."""
    from botocore.session import Session

    session = Session(profile=profile or None)
    session.register_component("data_loader", _models())
    return session


def assuming(source: Any, settings: AwsSettings, session_name: str) -> Any:
    """A botocore session. The role is assumed with the first call; a refused one raises there."""
    from botocore.config import Config
    from botocore.credentials import AssumeRoleCredentialFetcher, CredentialProvider, DeferredRefreshableCredentials

    region = settings.region or source.get_config_variable("region") or "us-east-1"

    def create_client(service: str, **more: Any) -> Any:
        more.pop("config", None)
        return source.create_client(
            service,
            region_name=more.pop("region_name", None) or region,
            endpoint_url=settings.endpoint_url or None,
            config=Config(
                connect_timeout=settings.connect_timeout,
                read_timeout=settings.read_timeout,
                retries={"total_max_attempts": 2, "mode": "standard"},
            ),
            **more,
        )

    class Role(CredentialProvider):  # type: ignore[misc]
        METHOD = CANONICAL_NAME = "drifttui-role"

        def load(self) -> Any:
            credentials = source.get_credentials()
            if credentials is None:
                return None
            arguments = {"RoleSessionName": session_name}
            if settings.external_id:
                arguments["ExternalId"] = settings.external_id
            fetcher = AssumeRoleCredentialFetcher(create_client, credentials, settings.role_arn, extra_args=arguments)
            return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

    session = opened(settings.profile)
    session.get_component("credential_provider").providers[:] = [Role()]
    return session
