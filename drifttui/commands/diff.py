"""Compare two or three planes of Kubernetes objects: from files, without any cluster, or of a live unit.

Files are YAML or JSON, `-` is standard input. Several objects in a file are matched by group, kind, namespace and name.
Secret values are compared by digest and never shown. Exits 0 when nothing differs, 2 when something does, 3 when
nothing differs as far as known but desired or actual is missing, 1 on errors.

With --direct the argument is the address of one AWS resource of a stack (--stack), which is read from AWS right now
and without a plan. What that does not tell is unknown: it is named, and the exit code is 3 where nothing else differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .options import add_json_argument, add_session_arguments

if TYPE_CHECKING:
    from drifttui.core.finding import Comparison
    from drifttui.core.planes import Plane

CLEAN, ERROR, DRIFT, UNKNOWN = 0, 1, 2, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("unit", nargs="?", help="a live unit (name, namespace/name or id) instead of files")
    parser.add_argument(
        "--direct",
        action="store_true",
        help="UNIT is the address of one AWS resource of a stack: read it without a plan",
    )
    parser.add_argument("--resource", metavar="KIND/NAME", help="only this object of the unit")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="for a live unit")
    parser.add_argument("--desired", metavar="FILE", help="what Git says, as rendered")
    parser.add_argument("--recorded", metavar="FILE", help="what the engine applied last")
    parser.add_argument("--actual", metavar="FILE", help="what runs, as `kubectl get -o yaml` prints it")
    add_json_argument(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`options.key` (bytes) may bring the key of the digests; without it the one of this machine is used."""
    from drifttui.core.errors import InputError
    from drifttui.core.planes import Plane

    if options.direct:
        from .direct_diff import run_direct

        return run_direct(options)
    if options.unit:
        from .live_diff import run_live

        return run_live(options)
    files = {plane: getattr(options, plane.value, None) for plane in Plane}
    given: dict[Plane, str] = {plane: name for plane, name in files.items() if name}
    if list(given.values()).count("-") > 1:
        raise InputError("Standard input can be read once", "two planes are `-`", "Give a file for one of them.")
    if len(given) < 2:
        return _nothing(options, given)
    comparisons = compare_files(given, getattr(options, "key", None) or _key())
    return tell(comparisons, list(given), as_json=options.json)


def tell(comparisons: Sequence[Comparison], planes: Sequence[Plane], *, as_json: bool, **more: Any) -> int:
    """Print the comparisons of these planes and give the exit code. `more` is added to the JSON document."""
    if as_json:
        json.dump({**answer(comparisons), **more}, sys.stdout, indent=2)
        print()
    else:
        from .show_diff import show

        show(comparisons, planes)
    if any(one.drifted for one in comparisons):
        return DRIFT
    return CLEAN if all(map(_decided, comparisons)) else UNKNOWN


def compare_files(given: Mapping[Plane, str], key: bytes) -> list[Comparison]:
    """One comparison per object, in the order of the files. Raises `InputError`."""
    from drifttui.core.diff import compare
    from drifttui.core.errors import BadAnswer, InputError
    from drifttui.core.planes import Observation, ThreePlanes
    from drifttui.core.redact import redact_document

    from .manifests import read
    from .matching import match

    try:
        objects = {plane: [redact_document(document, key) for document in read(name)] for plane, name in given.items()}
        comparisons = []
        for ref, documents in match(objects):
            planes = ThreePlanes(ref)
            for plane, name in given.items():
                seen = Observation(ref, plane, documents.get(plane), name, "file", None)
                planes = planes.seen(seen)
            comparisons.append(compare(planes))
    except BadAnswer as error:
        raise InputError(error.title, error.detail, error.hint) from None
    return comparisons


def answer(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """The `--json` document. One object has its fields at the top; several are listed under `objects`, and `changes`
    and `hidden` hold those of all of them, each with its `resource`."""
    from drifttui.services.answers import DIFF

    if len(comparisons) == 1:
        return {"schema": DIFF, **_one(comparisons[0])}
    objects = [{"resource": _resource(one), **_one(one)} for one in comparisons]
    return {
        "schema": DIFF,
        "drifted": any(one.drifted for one in comparisons) or (False if all(map(_decided, comparisons)) else None),
        "changes": [{**change, "resource": entry["resource"]} for entry in objects for change in entry["changes"]],
        "hidden": [{**hidden, "resource": entry["resource"]} for entry in objects for hidden in entry["hidden"]],
        "objects": objects,
    }


def _decided(comparison: Comparison) -> bool:
    """Whether the answer is yes or no: without desired and actual nothing can be called clean."""
    return comparison.drifted or not {"desired", "actual"} & {plane.value for plane in comparison.missing}


def _one(comparison: Comparison) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "drifted": comparison.drifted if _decided(comparison) else None,
        "changes": [change.as_json() for change in comparison.changes],
        "hidden": [
            {"rule": hidden.rule, "path": hidden.path, **({"note": hidden.note} if hidden.note else {})}
            for hidden in comparison.hidden
        ],
    }
    if comparison.missing:
        entry["missing"] = [plane.value for plane in comparison.missing]
    return entry


def _resource(comparison: Comparison) -> dict[str, str]:
    ref = comparison.ref
    return {"group": ref.group, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def _nothing(options: argparse.Namespace, given: Mapping[Plane, str]) -> int:
    """Fewer than two planes: nothing differs as far as known, and nothing is clean."""
    from drifttui.core.planes import Plane
    from drifttui.services.answers import DIFF

    missing = [plane.value for plane in Plane if plane not in given]
    if options.json:
        unknown = {"schema": DIFF, "drifted": None, "changes": [], "hidden": [], "missing": missing}
        json.dump(unknown, sys.stdout, indent=2)
        print()
    print("drifttui: Nothing to compare. Give two of --desired, --recorded and --actual.", file=sys.stderr)
    return UNKNOWN


def _key() -> bytes:
    from drifttui.store.redaction_key import redaction_key

    return redaction_key()
