import json
import math
import pickle
import struct
import zlib
from enum import IntEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal._journals import entry
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from multisearch._histories import pack
from multisearch.journal._rows import COLUMNS, DamagedRowError, _checksum, record_of, records_of, row_of


class Speechless:
    def __repr__(self):
        raise RuntimeError("nothing to say")


class Treacherous(dict):
    def items(self):
        raise RuntimeError("nothing inside")


class Level(IntEnum):
    LOW = 1


def function(x):
    return x


def inside_itself():
    value = [1]
    value.append(value)
    return value


def written(params):
    """Return the params of an entry as a journal gives them back."""
    return record_of(row_of(entry("a", params=params), "search")).params


def bits(number):
    return struct.pack("<d", number)


NUMBERS = [True, 3, -(2**63), 2**63 - 1, 0.1, -0.0, 5e-324]
SAID_AS_THEY_ARE = [None, *NUMBERS, "text", "\ud800 \0 ü", [], {}, {"a": [1, {}]}]

SAID_OTHERWISE = {
    "bool of numpy": (np.True_, True),
    "int of numpy": (np.int8(3), 3),
    "unsigned int of numpy": (np.uint64(7), 7),
    "float of numpy": (np.float64(0.1), 0.1),
    "short float of numpy": (np.float32(0.1), float(np.float32(0.1))),
    "long float of numpy": (np.longdouble(0.5), 0.5),
    "text of numpy": (np.str_("a"), "a"),
    "not a number": (math.nan, "nan"),
    "endless": (-math.inf, "-inf"),
    "endless of numpy": (np.float32(np.inf), "inf"),
    "huge": (2**63, "9223372036854775808"),
    "beyond text": (10**5000, "<int without a repr>"),
    "member": (Level.LOW, 1),
    "complex": (1 + 2j, "(1+2j)"),
    "bytes": (b"a", "b'a'"),
    "tuple": ((1, (2, np.int64(3))), [1, [2, 3]]),
    "set": ({1}, "{1}"),
    "array": (np.array([1, 2]), "array([1, 2])"),
    "estimator": (Ridge(alpha=2.0), "Ridge(alpha=2.0)"),
    "steps": ([("scale", StandardScaler()), ("model", None)], [["scale", "StandardScaler()"], ["model", None]]),
    "class": (Ridge, repr(Ridge)),
    "function": (function, repr(function)),
    "keys": ({0: 1, np.int64(1): 2, None: 3, (1, 2): 4, "a": 5}, {"0": 1, "1": 2, "None": 3, "(1, 2)": 4, "a": 5}),
    "speechless": (Speechless(), "<Speechless without a repr>"),
    "speechless inside": ([Speechless(), 1], ["<Speechless without a repr>", 1]),
    "speechless key": ({Speechless(): 1}, {"<Speechless without a repr>": 1}),
    "treacherous": (Treacherous(a=1), "{'a': 1}"),
}


@pytest.mark.parametrize("value", SAID_AS_THEY_ARE, ids=repr)
def test_plain_values_of_parameters_come_back_as_they_are(value):
    there = written({"a": value})
    assert repr(there) == repr({"a": value})


@pytest.mark.parametrize(("value", "said"), SAID_OTHERWISE.values(), ids=SAID_OTHERWISE.keys())
def test_other_values_of_parameters_become_plain_ones_or_their_repr(value, said):
    there = written({"a": value, "b": 1})
    assert there == {"a": said, "b": 1}
    assert type(there["a"]) is type(said)


def test_a_container_within_itself_comes_to_an_end():
    text = json.dumps(written({"a": inside_itself()}))
    assert text.startswith('{"a": [1, [1, [1')
    assert "[...]" in text


def test_a_container_in_many_others_is_not_followed_to_the_end():
    value = []
    for _ in range(100_000):
        value = [value]
    assert isinstance(written({"a": value})["a"], list)


@given(st.floats())
def test_any_score_comes_back_to_the_bit(score):
    one = entry("a", test_scores=score, train_scores={"a": score, "b": np.float64(score)})
    record = record_of(row_of(one, "search"))
    for there in (record.test_scores, *record.train_scores.values()):
        assert type(there) is float
        assert bits(there) == bits(score) or math.isnan(score)
        assert math.copysign(1, there) == math.copysign(1, score)


def test_all_text_of_a_row_is_json_that_everybody_reads():
    def refuse(text):
        raise ValueError(text)

    params = {"a": math.nan, "b": [np.inf], "c": 10**400}
    cells = dict(
        zip(COLUMNS, row_of(entry("a", params=params, test_scores={"a": math.nan, "b": -math.inf}), "s"), strict=False)
    )
    assert json.loads(cells["params"], parse_constant=refuse)["b"] == ["inf"]
    assert json.loads(cells["test_scores"], parse_constant=refuse) == {"a": "nan", "b": "-inf"}


# Rows of a stranger


WRONG = {
    "a pickle": ("params", pickle.dumps({})),
    "no text": ("estimator", 3),
    "no JSON": ("params", "{'a': 1}"),
    "params that are no dict": ("params", "[1]"),
    "too deep": ("params", 100_000 * "[" + 100_000 * "]"),
    "a huge number": ("params", '{"a": ' + "9" * 10_000 + "}"),
    "a score that is text": ("test_scores", '"high"'),
    "a score that is a list": ("test_scores", "[[1]]"),
    "a score that is huge": ("test_scores", '{"a": ' + "9" * 400 + "}"),
    "a fold that is text": ("fold", "first"),
    "a time that is text": ("fit_time", "long"),
    "iterations that are a number with a fraction": ("n_iterations", 1.5),
    "a history that is text": ("history", "high"),
    "a history that is a pickle": ("history", pickle.dumps([1.0])),
    "a history of other numbers than it says": ("history", zlib.compress(b'[["l2", "<f8", 2]]\n' + bytes(8))),
    "neither yes nor no": ("used_up", 2),
}


def row_with(name, value):
    """Return a row in which a stranger has put something, with the right checksum if there is any."""
    *values, _ = row_of(entry("a"), "search")
    values[COLUMNS.index(name)] = value
    return (*values, _checksum(values))


@pytest.mark.parametrize(("name", "value"), WRONG.values(), ids=WRONG.keys())
def test_what_no_search_writes_is_damage(name, value):
    with pytest.raises(DamagedRowError):
        record_of(row_with(name, value))


@pytest.mark.parametrize("place", range(len(COLUMNS) + 1))
def test_every_value_is_guarded_by_the_checksum(place):
    stopped = {"n_iterations": 3, "history": pack({"l2": [1.0]}), "used_up": False}
    row = list(row_of(entry("a", train_scores=1.0, worker="w", **stopped), "search"))
    assert record_of(tuple(row)).key == "a"
    row[place] = "other" if isinstance(row[place], str | bytes | None) else row[place] + 1
    with pytest.raises(DamagedRowError, match="checksum"):
        record_of(tuple(row))


def test_damaged_rows_are_counted_and_left_out():
    rows = [row_of(entry("a"), "s"), row_with("fold", "first"), row_of(entry("b"), "s"), row_with("params", "[]")]
    records, n_damaged = records_of(rows)
    assert [record.key for record in records] == ["a", "b"]
    assert n_damaged == 2
