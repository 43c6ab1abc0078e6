"""Argo CD's REST interface for code that prepares and inspects, as one account."""

from __future__ import annotations

import time
from typing import Any

import httpx

from tests.cluster.state import State, trusting

Application = dict[str, Any]


class ArgoAPI:
    """One account's view of Argo CD."""

    def __init__(self, state: State, account: str) -> None:
        self.client = httpx.Client(
            base_url=state.argocd_url,
            verify=trusting(state),
            headers={"Authorization": f"Bearer {state.token_file(account).read_text().strip()}"},
            trust_env=False,
            timeout=15,
        )

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.client.get(path, params=query or None)

    def applications(self) -> list[Application]:
        answer = self.get("/api/v1/applications")
        answer.raise_for_status()
        return answer.json()["items"] or []

    def application(self, name: str, namespace: str = "argocd", refresh: str | None = None) -> Application:
        """One Application. With `refresh` this blocks until Argo CD has compared it with Git again."""
        query = {"appNamespace": namespace} | ({"refresh": refresh} if refresh else {})
        answer = self.get(f"/api/v1/applications/{name}", **query)
        answer.raise_for_status()
        found: Application = answer.json()
        return found

    def sync(self, name: str, namespace: str = "argocd", limit: float = 15.0) -> None:
        """Ask for a sync, and again while another one runs, or while Argo CD has not noticed the Application: that is a
        403, like one that may not be seen.
        """
        deadline = time.monotonic() + limit
        body = {"name": name, "appNamespace": namespace}
        while True:
            answer = self.client.post(f"/api/v1/applications/{name}/sync", json=body)
            busy = answer.status_code == 400 and "already in progress" in answer.text
            if not (busy or answer.status_code == 403) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        answer.raise_for_status()
