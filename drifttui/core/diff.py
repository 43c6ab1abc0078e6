"""What differs between the planes of one resource.

Desired against actual decides where both are known; where desired is unknown, recorded against actual is compared and
`missing` says so. Values of every known plane stand beside each change. What only runs and no manifest declares is a
change when somebody set it; whatever a rule takes away is listed with the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .attribution import DEPLOYERS, Attribution
from .errors import BadAnswer
from .finding import Change, Comparison, Hidden
from .identity import ResourceRef
from .ignoring import JqDelete, Suppression
from .inspection import IgnoreRule
from .normalize import same
from .planes import ABSENT, Document, Json, Mark, Plane, ThreePlanes
from .pointers import build, parse
from .redact import SOPS_MASK, holds_secret
from .rules_kubernetes import SYSTEM_METADATA
from .schema import Defaults, ListKeys, Shape, is_built_in, shape_of
from .third import item_name, locate
from .walk import Difference, Walk, list_item

__all__ = ["DEPLOYERS", "JqDelete", "compare"]


def compare(
    planes: ThreePlanes,
    *,
    ignore: Sequence[IgnoreRule] = (),
    list_keys: ListKeys | None = None,
    defaults: Defaults | None = None,
    jq: JqDelete | None = None,
    deployers: frozenset[str] = DEPLOYERS,
) -> Comparison:
    """Compare what is known about one resource.

    `list_keys` and `defaults` are those of `Inspection`; `jq` evaluates jq paths of ignore rules, and without it they
    are reported as failed. `deployers` are the field managers of the engine. Raises `BadAnswer` for a document that is
    nested too deep to be walked.
    """
    missing = tuple(plane for plane in Plane if planes.plane(plane) is None)
    sides = _sides(planes)
    if sides is None:
        return Comparison(planes.ref, (), (), missing)
    try:
        changes, hidden = _Pair(planes, sides, ignore, list_keys, defaults, jq, deployers).result()
    except RecursionError:
        raise BadAnswer(f"{planes.ref.short} is nested too deep", "", "It is not compared.") from None
    return Comparison(planes.ref, tuple(changes), tuple(hidden), missing)


class _Sides(NamedTuple):
    left: Plane
    right: Plane
    third: Plane


def _sides(planes: ThreePlanes) -> _Sides | None:
    """Which two planes are held against each other; None where fewer than two are known."""
    desired, recorded, actual = (planes.plane(plane) is not None for plane in Plane)
    if desired and actual:
        return _Sides(Plane.DESIRED, Plane.ACTUAL, Plane.RECORDED)
    if recorded and actual:
        return _Sides(Plane.RECORDED, Plane.ACTUAL, Plane.DESIRED)
    if desired and recorded:
        return _Sides(Plane.DESIRED, Plane.RECORDED, Plane.ACTUAL)
    return None


class _Pair:
    """One comparison: two documents, with a third to read values from."""

    def __init__(
        self,
        planes: ThreePlanes,
        sides: _Sides,
        ignore: Sequence[IgnoreRule],
        list_keys: ListKeys | None,
        defaults: Defaults | None,
        jq: JqDelete | None,
        deployers: frozenset[str],
    ) -> None:
        self._ref = planes.ref
        self._sides = sides
        self._left, self._right, self._third = (planes.value(side) for side in sides)
        self._ignore = ignore
        self._jq = jq
        self._built_in = is_built_in(planes.ref.group)
        self._shape = _shape(planes.ref, self._right, self._left, list_keys, defaults)
        self._hidden: list[Hidden] = []
        self._attribution: Attribution | None = None
        if sides.right is Plane.ACTUAL and isinstance(self._right, dict):
            recorded = self._third if isinstance(self._third, dict) and sides.third is Plane.RECORDED else None
            self._attribution = Attribution(self._right, self._shape, deployers, recorded)

    def result(self) -> tuple[list[Change], list[Hidden]]:
        if not isinstance(self._left, dict) or not isinstance(self._right, dict):
            return self._whole(), []
        suppression = Suppression(self._ignore, self._ref, self._attribution)
        if suppression.silent:
            walk = self._walk(self._left, self._right, None)
        else:
            if suppression.expressions:
                self._evaluate(suppression)
            walk = self._walk(self._left, self._right, suppression)
        changes = [self._change(difference) for difference in walk.found]
        return changes, [*walk.hidden, *suppression.hidden]

    def _walk(self, left: Document, right: Document, suppression: Suppression | None, *, collapse: bool = True) -> Walk:
        walk = Walk(
            right,
            built_in=self._built_in,
            secret=self._ref.kind == "Secret" and not self._ref.group,
            name=self._ref.name,
            judge=self._attribution.judge if self._attribution else lambda path, rule: rule,
            keep=suppression.keep if suppression else None,
            collapse=collapse,
        )
        left, right = self._stripped(left, right, walk)
        walk.objects(left, right, "", self._shape)
        return walk

    def _stripped(self, left: Document, right: Document, walk: Walk) -> tuple[Document, Document]:
        """Both without what is never compared, each removal listed."""
        left, right = dict(left), dict(right)
        for name, rule in (("status", "status"), ("sops", "sops-metadata")):
            a, b = left.pop(name, ABSENT), right.pop(name, ABSENT)
            if a is not b and not same(a, b):
                walk.hide(rule, f"/{name}")
        a, b = left.get("metadata"), right.get("metadata")
        if isinstance(a, dict) and isinstance(b, dict):
            left["metadata"], right["metadata"] = a, b = dict(a), dict(b)
            for name, rule in SYSTEM_METADATA.items():
                if name in a or name in b:
                    x, y = a.pop(name, None), b.pop(name, None)
                    if x != y:
                        walk.hide(rule, f"/metadata/{name}")
        self._versions(left, right, walk)
        if self._ref.group == "" and self._ref.kind == "Secret":
            left, right = self._secrets(left, right, walk)
        if self._ref.kind == "ClusterRole" and left.get("aggregationRule") and left.get("rules") != right.get("rules"):
            left.pop("rules", None)
            right.pop("rules", None)
            walk.hide("aggregated-rules", "/rules")
        return left, right

    def _secrets(self, left: Document, right: Document, walk: Walk) -> tuple[Document, Document]:
        if "stringData" in left or "stringData" in right:
            walk.hide("secret-string-data", "/stringData")
            left, right = _folded(left), _folded(right)
        a, b = left.get("data"), right.get("data")
        if isinstance(a, dict) and isinstance(b, dict):
            for name, value in a.items():
                if value == SOPS_MASK and b.get(name) == SOPS_MASK:
                    walk.hide("masked-value", build(("data", name)))
        return left, right

    def _versions(self, left: Document, right: Document, walk: Walk) -> None:
        a, b = left.get("apiVersion"), right.get("apiVersion")
        if a != b and isinstance(a, str) and isinstance(b, str) and _group(a) == _group(b):
            walk.hide("api-version", "/apiVersion", f"{a} and {b}")
            del left["apiVersion"], right["apiVersion"]

    def _evaluate(self, suppression: Suppression) -> None:
        """What still differs without the parts that each jq path selects. A path that fails hides nothing."""
        if not isinstance(self._left, dict) or not isinstance(self._right, dict):
            return
        if not self._walk(self._left, self._right, None).found:
            return
        for rule, expression in suppression.expressions:
            if self._jq is None:
                suppression.failed(rule, expression, ValueError("jq paths are not evaluated here"))
                continue
            try:
                left, right = self._jq(self._left, expression), self._jq(self._right, expression)
            except Exception as error:
                suppression.failed(rule, expression, error)
                continue
            rest = self._walk(left, right, None, collapse=False)
            suppression.survived(rule, expression, [difference.path for difference in rest.found])

    def _whole(self) -> list[Change]:
        """The object is on one side only, or on neither."""
        if self._left is ABSENT and self._right is ABSENT:
            return []
        return [self._planes("", "", _shown(self._left), _shown(self._right), _shown(self._third))]

    def _change(self, difference: Difference) -> Change:
        path, left, right, list_path = difference
        tokens = parse(path)
        third: Json | Mark
        document: Any
        if isinstance(self._third, dict):
            third, document = ABSENT, _folded(self._third) if self._ref.kind == "Secret" else self._third
        else:
            third = document = self._third
        if list_path:
            return self._left_item(difference, document, third)
        place = locate(tokens, self._right, document, self._shape)
        if isinstance(document, dict):
            third = place.value
        return self._planes(path, place.label, left, right, third, tokens)

    def _left_item(self, difference: Difference, document: Any, third: Json | Mark) -> Change:
        """An item that the right side lacks: the third plane is asked by its keys, and may lend it its position."""
        tokens = parse(difference.list_path)
        place = locate(tokens, self._right, document, self._shape)
        shape = self._shape
        for token in tokens:
            shape = shape.below(token)
        position = difference.path.rsplit("/", 1)[-1]
        label = f"{place.label}[{item_name(difference.left, shape, position)}]"
        found = list_item(place.value, difference.left, shape)
        if found is not None and isinstance(place.value, list):
            third = place.value[found]
            if self._sides.third is Plane.RECORDED:
                position = str(found)
        return self._planes(f"{difference.list_path}/{position}", label, difference.left, ABSENT, third)

    def _planes(
        self,
        path: str,
        label: str,
        left: Json | Mark,
        right: Json | Mark,
        third: Json | Mark,
        tokens: Sequence[str] = (),
    ) -> Change:
        values = {self._sides.left: left, self._sides.right: right, self._sides.third: third}
        owned = self._attribution is not None and right is not ABSENT
        return Change(
            path=path,
            label=label or path,
            desired=values[Plane.DESIRED],
            recorded=values[Plane.RECORDED],
            actual=values[Plane.ACTUAL],
            owners=self._attribution.managed.at(tokens) if self._attribution is not None and owned else (),
            sensitive=holds_secret(left) or holds_secret(right) or holds_secret(third),
        )


def _shape(
    ref: ResourceRef, right: Document | Mark, left: Document | Mark, keys: ListKeys | None, defaults: Defaults | None
) -> Shape:
    versions = [str(side.get("apiVersion") or "") for side in (right, left) if isinstance(side, dict)]
    version = next((v for v in versions if "beta" in v or v.startswith("extensions/")), "")
    return shape_of(ref.group, ref.kind, version, keys, defaults)


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _folded(document: Document) -> Document:
    """A Secret as the server stores it: what `stringData` says replaces what `data` says."""
    plain = document.get("stringData")
    if "stringData" not in document:
        return document
    data = document.get("data")
    folded = {key: value for key, value in document.items() if key != "stringData"}
    folded["data"] = {**(data if isinstance(data, dict) else {}), **(plain if isinstance(plain, dict) else {})}
    return folded


def _shown(value: Document | Mark) -> Json | Mark:
    """A whole object as the value of a change: without its managers and its status, which are no part of it."""
    if not isinstance(value, dict):
        return value
    metadata = value.get("metadata")
    shown = {key: part for key, part in value.items() if key != "status"}
    if isinstance(metadata, dict):
        shown["metadata"] = {key: part for key, part in metadata.items() if key != "managedFields"}
    return shown
