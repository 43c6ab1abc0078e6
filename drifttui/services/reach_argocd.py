"""What a plan needs, read through Argo CD's REST interface alone.

Formats: argo-cd v3.5 `server/application/application.proto`, `server/applicationset/applicationset.proto`,
`server/project/project.proto`, `server/account/account.proto`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from drifttui.clients.http import Http
from drifttui.core.errors import BadAnswer, Missing, SourceError
from drifttui.core.pause import Door, Target
from drifttui.core.planes import Document
from drifttui.core.pointers import get
from drifttui.core.surroundings import ARGOPROJ, Key, Tracking

VERSION: Final = "v1alpha1"
SINCE: Final = (3, 1)
"""The first version that knows `automated.enabled`."""

_PATHS: Final[Mapping[str, tuple[str, str, str]]] = {
    "Application": ("applications", "appNamespace", "applications,get"),
    "ApplicationSet": ("applicationsets", "appsetNamespace", "applicationsets,get"),
    "AppProject": ("projects", "", "projects,get"),
}


class ArgoCDDoor:
    """One server. Every method raises only `SourceError`, unless it says that it does not."""

    door = Door.ARGOCD

    def __init__(self, http: Http) -> None:
        self.server = http.name
        self._http = http
        self._home = ""

    def target(self, key: Key, document: Document) -> Target:
        project = get(document, ("spec", "project"))
        return Target(
            door=self.door,
            server=self.server,
            group=key.group,
            version=VERSION,
            plural=_PATHS[key.kind][0] if key.kind in _PATHS else key.kind.lower() + "s",
            kind=key.kind,
            namespace=key.namespace,
            name=key.name,
            project=project if isinstance(project, str) else "",
        )

    async def read(self, key: Key, project: str = "") -> Document:
        """Argo CD leaves the kind out of what it answers; it is filled in."""
        if key.kind not in _PATHS:
            raise Missing(f"{key.short} cannot be read through Argo CD", "", "Give --argocd-cluster.")
        plural, parameter, permission = _PATHS[key.kind]
        path = f"/api/v1/{plural}/{quote(key.name, safe='')}"
        params = {parameter: key.namespace} if parameter and key.namespace else {}
        document = await self._read(path, params | ({"project": project} if project else {}), permission)
        return {"apiVersion": f"{ARGOPROJ}/{VERSION}", "kind": key.kind, **document}

    async def may(self, target: Target, verb: str = "update") -> bool | None:
        """None where the server did not say. Raises nothing."""
        resource = "applications" if target.kind == "Application" else "applicationsets"
        middle = "" if target.namespace in ("", await self.home()) else f"{target.namespace}/"
        what = quote(f"{target.project or 'default'}/{middle}{target.name}", safe="/")
        try:
            answer = await self._read(f"/api/v1/account/can-i/{resource}/{verb}/{what}", {}, "")
        except SourceError:
            return None
        return answer.get("value") == "yes"

    def needs(self, target: Target, verb: str = "update") -> str:
        resource = "applications" if target.kind == "Application" else "applicationsets"
        return f"{resource}, {verb} on {target.project or 'default'}/{target.name}"

    async def may_stop(self, target: Target) -> tuple[bool | None, str]:
        return await self.may(target, "sync"), self.needs(target, "sync")

    async def enabled_known(self) -> tuple[bool | None, str]:
        """By its version. Raises nothing."""
        try:
            told = str((await self._read("/api/version", {}, "")).get("Version") or "")
        except SourceError as error:
            return None, f"its version could not be read ({error.title})"
        numbers = re.match(r"v?(\d+)\.(\d+)", told)
        if numbers is None:
            return None, f"its version is {told[:40] or 'not told'}"
        return (int(numbers[1]), int(numbers[2])) >= SINCE, f"Argo CD {told.partition('+')[0][:40]}"

    async def tracking(self, home: str = "") -> Tracking:
        told = await self._read("/api/v1/settings", {}, "")
        method, label = str(told.get("trackingMethod") or "annotation"), str(told.get("appLabelKey") or "")
        where = home or await self.home()
        return Tracking(label if "label" in method else "", where or Tracking().home)

    async def home(self) -> str:
        """The controller's namespace; empty where the server does not tell. Raises nothing."""
        if not self._home:
            try:
                self._home = str((await self._read("/api/v1/settings", {}, "")).get("controllerNamespace") or "")
            except SourceError:
                return ""
        return self._home

    async def parameters(self, home: str) -> Mapping[str, str] | None:
        """How the controllers were started is not told through this interface."""
        return None

    async def project(self, name: str, home: str) -> Document:
        return await self.read(Key(ARGOPROJ, "AppProject", "", name))

    async def resync(self, home: str) -> timedelta | None:
        """Not told through this interface."""
        return None

    async def applications(self) -> list[Document]:
        """Name, namespace and annotations of all that this account sees."""
        fields = "items.metadata.name,items.metadata.namespace,items.metadata.annotations"
        found = await self._read("/api/v1/applications", {"fields": fields}, "applications,get")
        items = found.get("items")
        return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []

    async def close(self) -> None:
        await self._http.close()

    async def _read(self, path: str, params: Mapping[str, str], permission: str) -> dict[str, Any]:
        answer = await self._http.get(path, params, permission=permission)
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise BadAnswer(self._http.name, f"{path} is no JSON", "Try again.") from error
        if not isinstance(found, dict):
            raise BadAnswer(self._http.name, f"{path} is no object", "Try again.")
        return found
