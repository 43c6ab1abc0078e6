"""One walk over two documents: every place where they differ, and every difference that a rule takes away.

Written for speed: 1,000 pairs of Deployments are compared in the time that parsing them takes. What is equal costs one
comparison; owners, labels and the third plane are looked up for what differs only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .finding import Hidden
from .normalize import empty_is_absent, equality, is_empty, is_text_map, same
from .pairing import Pairing, key_of, pair
from .planes import ABSENT, Json, Mark
from .pointers import escape, parse
from .redact import is_digest
from .rules_kubernetes import item_rule, marked_rule
from .rules_kubernetes_defaults import Computed
from .schema import UNSHAPED, Shape


class Difference(NamedTuple):
    """`path` counts positions in the right document, or in the left one for an item that only that has."""

    path: str
    left: Json | Mark
    right: Json | Mark
    list_path: str = ""
    """Where the list of a left-only item is; empty for everything else."""


Judge = Callable[[str, str], str]
"""(path, rule that would take it away) of something that only the right side has → the rule that does, or nothing."""

Filter = Callable[[Difference], bool]
"""Whether a difference is to be kept; says itself what it hid."""

_OF_DEFAULTS = frozenset(
    {"server-default", "schema-default", "server-filled", "null-equals-absent", "empty-equals-absent"}
)
"""Removals inside a field that is itself new: they belong to it and are shown with it."""


class Walk:
    """Walks `left` against `right`. Collects `found` and `hidden`."""

    def __init__(
        self,
        right: Any,
        *,
        built_in: bool,
        secret: bool,
        name: str,
        judge: Judge,
        keep: Filter | None,
        collapse: bool = True,
    ) -> None:
        self.found: list[Difference] = []
        self.hidden: list[Hidden] = []
        self._right = right
        self._built_in = built_in
        self._secret = secret
        self._name = name
        self._judge = judge
        self._keep = keep
        self._collapse = collapse
        self._default_rule = "server-default" if built_in else "schema-default"
        self._refused = 0
        """Differences that an ignore rule took away."""

    def objects(self, left: dict[str, Any], right: dict[str, Any], path: str, shape: Shape) -> None:
        """Built-in kinds are typed by the API server, so that Python's `==`, for which `True` is `1`, is enough there;
        anything else is compared value by value."""
        get = right.get
        typed = self._built_in
        fields = shape.fields
        star = fields.get("*") if fields else None
        both = 0
        for key, value in left.items():
            other = get(key, ABSENT)
            if other is value:
                both += 1
                continue
            if other is ABSENT:
                self._left_only(value, path, key, fields.get(key) or star or UNSHAPED)
                continue
            both += 1
            kind = type(value)
            if kind is type(other):
                if kind is str:
                    if value == other:
                        continue
                elif typed and value == other:
                    continue
                elif kind is dict:
                    if "digest" not in value:
                        self.objects(
                            value,
                            other,
                            f"{path}/{key}" if "/" not in key and "~" not in key else f"{path}/{escape(key)}",
                            fields.get(key) or star or UNSHAPED,
                        )
                        continue
                elif kind is list:
                    self._lists(
                        value,
                        other,
                        f"{path}/{key}" if "/" not in key and "~" not in key else f"{path}/{escape(key)}",
                        fields.get(key) or star or UNSHAPED,
                    )
                    continue
                if value == other:
                    continue
            self._differ(value, other, path, key, fields.get(key) or star or UNSHAPED)
        if both != len(right):
            for key, value in right.items():
                if key not in left:
                    below = fields.get(key) or star or UNSHAPED
                    default = below.default
                    if default == value and type(default) is type(value) and not below.rule:
                        # Nothing but defaults is this frequent: it is taken away without another call.
                        here = f"{path}/{key}" if "/" not in key and "~" not in key else f"{path}/{escape(key)}"
                        self.hidden.append(Hidden(self._default_rule, here))
                    else:
                        self._right_only(value, path, key, below)

    def hide(self, rule: str, path: str, note: str = "") -> None:
        self.hidden.append(Hidden(rule, path, note))

    def differs(self, difference: Difference) -> None:
        if self._keep is None or self._keep(difference):
            self.found.append(difference)
        else:
            self._refused += 1

    def _differ(self, left: Any, right: Any, path: str, key: str, shape: Shape) -> None:
        """Two unequal values, at least one of them no container of the other's kind, or a digest."""
        if same(left, right):
            return
        here = f"{path}/{escape(key)}"
        if type(left) is type(right) is dict and not is_digest(left) and not is_digest(right):
            self.objects(left, right, here, shape)
            return
        tokens = parse(here)
        rule = equality(left, right, tokens, built_in=self._built_in, secret=self._secret)
        if rule:
            self.hide(rule, here)
        elif left is None:
            self._right_only(right, path, key, shape)
        elif right is None:
            self._left_only(left, path, key, shape)
        else:
            self.differs(Difference(here, left, right))

    def _left_only(self, value: Any, path: str, key: str, shape: Shape) -> None:
        here = f"{path}/{escape(key)}"
        if value is None:
            self.hide("null-equals-absent", here)
        elif self._is_default(value, here, shape):
            self.hide(self._default_rule, here)
        elif is_empty(value) and empty_is_absent(parse(here), value, built_in=self._built_in):
            self.hide("empty-equals-absent", here)
        elif type(value) is dict and value and not is_digest(value):
            self._grouped(value, {}, here, shape, Difference(here, value, ABSENT))
        elif type(value) is list and value and shape.keys is not None:
            self._grouped(value, [], here, shape, Difference(here, value, ABSENT))
        else:
            self.differs(Difference(here, value, ABSENT))

    def _right_only(self, value: Any, path: str, key: str, shape: Shape) -> None:
        here = f"{path}/{key}" if "/" not in key and "~" not in key else f"{path}/{escape(key)}"
        if value is None:
            self.hide("null-equals-absent", here)
            return
        rule = shape.rule
        if not rule and path.endswith(("/annotations", "/labels")):
            rule = marked_rule(key)
        if rule and not (rule == "service-address" and value in ("None", ["None"])):
            rule = self._judge(here, rule)
            if rule:
                self.hide(rule, here)
                return
        if self._is_default(value, here, shape):
            self.hide(self._default_rule, here)
        elif type(value) is dict and value and not is_digest(value):
            self._grouped({}, value, here, shape, Difference(here, ABSENT, value))
        elif type(value) is list and value and shape.keys is not None:
            self._grouped([], value, here, shape, Difference(here, ABSENT, value))
        elif is_empty(value) and empty_is_absent(parse(here), value, built_in=self._built_in):
            self.hide("empty-equals-absent", here)
        else:
            rule = self._judge(here, "")
            if rule:
                self.hide(rule, here)
            else:
                self.differs(Difference(here, ABSENT, value))

    def _grouped(self, left: Any, right: Any, here: str, shape: Shape, whole: Difference) -> None:
        """A container that one side lacks. It is looked through, because parts of it may be nobody's change, and then
        shown as one change where nothing in it was taken away but defaults."""
        first_found, first_hidden, refused = len(self.found), len(self.hidden), self._refused
        if isinstance(left, dict):
            self.objects(left, right, here, shape)
        else:
            self._lists(left, right, here, shape)
        if not self._collapse or len(self.found) == first_found or self._refused > refused:
            return
        if is_text_map(parse(here)):
            return
        if all(hidden.rule in _OF_DEFAULTS for hidden in self.hidden[first_hidden:]):
            del self.hidden[first_hidden:]
            del self.found[first_found:]
            self.found.append(whole)

    def _is_default(self, value: Any, here: str, shape: Shape) -> bool:
        default = shape.default
        if default is ABSENT:
            return False
        if isinstance(default, Computed):
            return default.fits(value, self._right, parse(here))
        return same(default, value)

    def _lists(self, left: list[Any], right: list[Any], path: str, shape: Shape) -> None:
        if not left and not right:
            return
        if shape.keys is None and left == right and same(left, right):
            return
        pairing = pair(left, right, shape) if shape.keys is not None or (left and right) else None
        if pairing is None:
            self._whole(left, right, path)
            return
        below = shape.fields.get("*") or UNSHAPED
        typed = self._built_in
        for here, there in pairing.both:
            a, b = left[here], right[there]
            if a is b or (typed and a == b):
                continue
            if type(a) is dict is type(b):
                self.objects(a, b, f"{path}/{there}", below)
            elif type(a) is list is type(b):
                self._lists(a, b, f"{path}/{there}", below)
            elif not same(a, b):
                self._differ(a, b, path, str(there), below)
        if pairing.reordered:
            self._order(left, right, path, pairing)
        for here in pairing.left:
            self.differs(Difference(f"{path}/{here}", left[here], ABSENT, path))
        for there in pairing.right:
            item = right[there]
            rule = item_rule(path, item, self._name)
            rule = self._judge(f"{path}/{there}", rule) if rule or pairing.associative else ""
            if rule:
                self.hide(rule, f"{path}/{there}")
            else:
                self.differs(Difference(f"{path}/{there}", ABSENT, item))

    def _whole(self, left: list[Any], right: list[Any], path: str) -> None:
        if same(left, right):
            return
        self.differs(Difference(path, left, right))

    def _order(self, left: list[Any], right: list[Any], path: str, pairing: Pairing) -> None:
        if pairing.associative and not path.endswith("/initContainers"):
            self.hide("list-order", path)
        else:
            self.differs(Difference(path, left, right))


def list_item(items: Any, item: Any, shape: Shape) -> int | None:
    """Where in `items` the item with the keys of `item` is; None where it is not or has no keys."""
    keys = shape.keys if shape.keys is not None else ("name",)
    wanted = key_of(item, keys)
    if wanted is None or not isinstance(items, list):
        return None
    return next((i for i, other in enumerate(items) if key_of(other, keys) == wanted), None)
