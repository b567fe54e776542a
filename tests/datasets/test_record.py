"""Rows: what a server said is cleaned in them, and rows of before are read."""

from dataclasses import replace

import pyarrow as pa

from crowdglot.datasets.record import SCHEMA, to_calls, to_row
from crowdglot.engines.calls import Call, Draft, Key
from crowdglot.engines.engine import Completion, Sampling
from tests.builders import dialogue

DONE = Completion("Salut.", "stop", 10, 5, 0.5, dropped=("min_p", "response_format"))
CALL = Call(Key(0, 0), "0f", 42, "openai", "m", "r", DONE, 1_700_000_000.5)


def row_of(call: Call) -> dict:
    return to_row(Draft(0, 0, (call,)), dialogue(), Sampling(), ())


def test_what_was_dropped_stands_in_the_row():
    (told,) = pa.Table.from_pylist([row_of(CALL)], SCHEMA).to_pylist()
    assert told["calls"][0]["dropped"] == ["min_p", "response_format"]
    assert to_calls(told) == [CALL]


def test_what_a_version_of_before_did_not_clean_is_cleaned_in_rows():
    hostile = "a\ud800\x1b[2J\u202e\n# <h1>" + "x" * 3_000_000
    call = replace(CALL, model=hostile, completion=replace(DONE, finish_reason=hostile))
    (told,) = pa.Table.from_pylist([row_of(call)], SCHEMA).to_pylist()
    clean = "a [2J # <h1>" + "x" * 300
    assert told["model"] == told["calls"][0]["model"] == clean[:300]
    assert told["calls"][0]["finish_reason"] == clean[:60]
