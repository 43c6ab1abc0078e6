"""A session that assumes a role with another session's credentials, and renews it by itself before it ends."""

from __future__ import annotations

from typing import Any

from .aws_settings import AwsSettings


def assuming(source: Any, settings: AwsSettings, session_name: str) -> Any:
    """A botocore session. The role is assumed with the first call; a refused one raises there."""
    from botocore.config import Config
    from botocore.credentials import AssumeRoleCredentialFetcher, CredentialProvider, DeferredRefreshableCredentials
    from botocore.session import Session

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

    session = Session(profile=settings.profile or None)
    session.get_component("credential_provider").providers[:] = [Role()]
    return session
