"""The API server for code that prepares and inspects: plain HTTP as one identity."""

from __future__ import annotations

import time
from typing import Any

import httpx
import yaml

from tests.cluster.state import State, trusting

MERGE = "application/merge-patch+json"
MONTH = 30 * 24 * 3600


class Kube:
    """One identity's view of the API server. Answers are returned as they are; the caller judges the status."""

    def __init__(self, state: State, context: str = "kubernetes-admin") -> None:
        path = state.kubeconfig if context != "kubernetes-admin" else state.data / "kubeconfigs" / context
        document = yaml.safe_load(path.read_text())
        user = next(each["user"] for each in document["users"] if each["name"] == context)
        trust = trusting(state)
        if "client-key" in user:
            trust.load_cert_chain(user["client-certificate"], user["client-key"])
        headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        self.client = httpx.Client(
            base_url=state.api_url,
            verify=trust,
            headers=headers,
            trust_env=False,
            timeout=30,
        )

    def __enter__(self) -> Kube:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def get(self, path: str, **query: str | int) -> httpx.Response:
        return self.client.get(path, params=query or None)

    def object(self, path: str) -> dict[str, Any] | None:
        """The object at `path`, or None when there is none. Any other refusal raises."""
        answer = self.get(path)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def merge(self, path: str, patch: dict[str, Any]) -> httpx.Response:
        return self.client.patch(path, json=patch, headers={"Content-Type": MERGE})

    def service_account_token(self, namespace: str, name: str, limit: float = 20.0) -> str:
        """A real, bound token. Waits for the account, which a controller or an apply may still be creating."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        deadline = time.monotonic() + limit
        while True:
            answer = self.client.post(path, json={"spec": {"expirationSeconds": MONTH}})
            if answer.status_code < 300 or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        answer.raise_for_status()
        token: str = answer.json()["status"]["token"]
        return token
