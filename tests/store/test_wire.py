"""What was written before a unit had its newest fields stays readable: evidence outlives the program that wrote it."""

from __future__ import annotations

import json

from drifttui.core.ports import Batch
from drifttui.core.unit import Unit
from drifttui.store.wire import batch_in, batch_out
from tests.evidence import sessions


def test_a_row_without_the_newest_fields_is_read_with_their_defaults() -> None:
    unit = sessions.unit("payments")
    line = json.loads(batch_out(Batch(sessions.SOURCE, sessions.AT, units=(unit,)), 0.0))
    needed = len(Unit._fields) - len(Unit._field_defaults)
    line["units"] = [line["units"][0][:needed]]
    _, batch = batch_in(json.dumps(line).encode())
    (read,) = batch.units
    assert read[:needed] == unit[:needed]
    assert read[needed:] == tuple(Unit._field_defaults.values())
