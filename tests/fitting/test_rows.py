import copy

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse

from multisearch.fitting._rows import handed_over, locked, private

PANDAS_COPIES_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3


class OwnArray(np.ndarray):
    pass


def numbers(order="C"):
    return np.array(np.arange(24.0).reshape(6, 4), order=order)


ARRAYS = {
    "c order": numbers(),
    "f order": numbers("F"),
    "with gaps": numbers()[::2, 1::2],
    "backwards": numbers()[::-1],
    "broadcast": np.broadcast_to(np.arange(4.0), (6, 4)),
    "one number": np.array(3.0),
    "one column": numbers()[:, 1:2],
    "half": numbers().astype(np.float16),
    "long": numbers().astype(np.longdouble),
    "big endian": numbers().astype(">f8"),
    "whole": numbers().astype(np.int32),
    "yes and no": numbers() > 3,
    "complex": numbers() * 1j,
    "words": np.array([["ab", "c"], ["d", "e"]]),
    "bytes": np.array([b"ab", b"c"]),
    "records": np.array([(1, 2.0), (3, 4.0)], dtype=[("a", "i1"), ("b", "f8")]),
    "aligned records": np.array([(1, 2.0)], dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    "times": np.array(["2020-01-01", "2021-01-01"], dtype="M8[ns]"),
    "times with gaps": np.arange(8).astype("m8[s]")[::3],
    "objects": np.array([["a", None], [1, 2.5]], dtype=object),
}
COPIED = {
    "no rows": np.ones((0, 4)),
    "no columns": np.ones((4, 0)),
    "strings": np.array(["a", "longer than what fits into sixteen bytes"], dtype=np.dtypes.StringDType()),
    "a subclass": numbers().view(OwnArray),
    "records of times": np.array([("2020-01-01", 2.0)], dtype=[("a", "M8[s]"), ("b", "f8")]),
}
SPARSE = [scipy.sparse.csr_array, scipy.sparse.csc_matrix, scipy.sparse.coo_array, scipy.sparse.coo_matrix]
SPARSE += [scipy.sparse.bsr_array, scipy.sparse.dia_array, scipy.sparse.lil_array, scipy.sparse.dok_array]


def layout(array):
    return type(array), array.dtype, array.shape, array.strides


@pytest.mark.parametrize("rows", ARRAYS.values(), ids=ARRAYS)
def test_a_known_class_gets_a_view_that_nothing_unlocks(rows):
    own = handed_over(rows, known=True)

    assert own is not rows
    assert np.shares_memory(own, rows)
    assert layout(own) == layout(rows)
    np.testing.assert_array_equal(own, rows)
    with pytest.raises(ValueError, match="WRITEABLE"):
        own.flags.writeable = True
    with pytest.raises(ValueError, match="WRITEABLE"):
        own.view().setflags(write=True)
    with pytest.raises(ValueError, match="read-only"):
        own[...] = own


@pytest.mark.parametrize("rows", [*ARRAYS.values(), *COPIED.values()], ids=[*ARRAYS, *COPIED])
def test_an_unknown_class_gets_a_copy_to_write_to_that_lies_in_memory_as_the_rows_do(rows):
    own = handed_over(rows, known=False)

    assert not np.shares_memory(own, rows)
    assert layout(own) == layout(rows)
    np.testing.assert_array_equal(own, rows)
    own[...] = own
    assert own.flags.writeable


@pytest.mark.parametrize("rows", COPIED.values(), ids=COPIED)
def test_a_known_class_gets_a_copy_of_what_cannot_be_lent(rows):
    own = handed_over(rows, known=True)

    assert layout(own) == layout(rows)
    assert not np.shares_memory(own, rows)


def test_sums_over_a_copy_with_gaps_are_what_they_are_over_the_rows():
    rows = (np.random.default_rng(0).normal(size=(997, 14)) ** 3).T[::2]

    assert private(rows).sum() == handed_over(rows, known=True).sum() == rows.sum()
    assert np.ascontiguousarray(rows).sum() != rows.sum()


def test_objects_that_can_change_are_copied_with_their_array():
    rows = np.empty(2, dtype=object)
    rows[0] = cell = ["a"]
    private(rows)[0].append("b")

    assert cell == ["a"]


@pytest.mark.parametrize("convert", SPARSE)
@pytest.mark.parametrize("known", [True, False])
def test_nobodys_changes_of_a_sparse_matrix_reach_others(convert, known):
    rows = locked(convert(numbers()))
    before = rows.toarray()
    own = handed_over(rows, known=known)
    assert (type(own), own.shape, own.dtype) == (type(rows), rows.shape, rows.dtype)
    np.testing.assert_array_equal(own.toarray(), before)
    for part in vars(own).values():
        for array in part if isinstance(part, tuple) else (part,):
            if isinstance(array, np.ndarray):
                try:
                    array.flags.writeable = True
                except ValueError:
                    continue
                array[:] = array[::-1].copy()

    np.testing.assert_array_equal(rows.toarray(), before)


@pytest.mark.parametrize("convert", SPARSE[:6])
def test_a_known_class_gets_no_copy_of_a_sparse_matrix(convert):
    rows = convert(numbers())

    assert np.shares_memory(handed_over(rows, known=True).data, rows.data)
    own = handed_over(rows, known=False)
    own.data *= 2
    assert own.sum() == 2 * rows.sum()


def test_what_is_known_of_a_sparse_matrix_stays_known():
    rows = scipy.sparse.csr_array(numbers())
    rows.sort_indices()
    own = handed_over(rows, known=True)

    assert own.has_sorted_indices
    assert own.indices.dtype == rows.indices.dtype


CHANGES = {
    "new column": lambda frame: frame.__setitem__("c", 1),
    "times two": lambda frame: frame.__imul__(2),
    "a column times two": lambda frame: frame["a"].__imul__(2),
    "a cell": lambda frame: frame.loc.__setitem__((0, "a"), 7),
    "without a column": lambda frame: frame.pop("a"),
    "names": lambda frame: setattr(frame, "columns", ["y", "z"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("known", [True, False])
def test_one_users_changes_of_a_frame_reach_nobody_else(change, known):
    shared = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    change(handed_over(shared, known=known))

    pd.testing.assert_frame_equal(shared, pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}))


def unlocked(array):
    array.flags.writeable = True
    return array


FORCED = {
    "values": lambda frame: unlocked(frame["a"].to_numpy()).__setitem__(0, 9.0),
    "index": lambda frame: unlocked(frame.index.to_numpy()).__setitem__(0, 9),
    "cells": lambda frame: frame["o"].iloc[0].append("x"),
    "notes": lambda frame: frame.attrs["notes"].append("x"),
    "categories": lambda frame: unlocked(frame["k"].cat.codes.to_numpy()).__setitem__(0, 1),
    "blocks": lambda frame: unlocked(frame[["a", "b"]].to_numpy()).__setitem__((0, 0), 9.0),
}


def mixed_frame():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=[4, 7])
    frame["o"] = pd.Series([["m"], ["n"]], index=frame.index, dtype=object)
    frame["k"] = pd.Categorical(["x", "y"])
    frame["s"] = ["word", None]
    frame["t"] = pd.to_datetime(["2020-01-01", "2021-01-01"])
    frame.attrs["notes"] = []
    return frame


@pytest.mark.parametrize("change", FORCED.values(), ids=FORCED)
def test_an_unknown_class_can_do_anything_to_its_frame(change):
    shared = mixed_frame()
    own = handed_over(shared, known=False)
    pd.testing.assert_frame_equal(own, shared)
    assert own.attrs == shared.attrs
    change(own)

    pd.testing.assert_frame_equal(shared, mixed_frame())
    assert shared.attrs == {"notes": []}


@pytest.mark.parametrize("convert", [pd.DataFrame, lambda rows: pd.Series(rows[:, 0])])
def test_what_pandas_copies_on_write_is_handed_over_to_known_classes_without_a_copy(convert):
    shared = convert(np.ones((3, 2)))

    assert handed_over(shared, known=True) is not shared
    assert np.shares_memory(handed_over(shared, known=True), shared) == PANDAS_COPIES_ON_WRITE
    assert not np.shares_memory(handed_over(shared, known=False), shared)


class Cell:
    """Cannot be pickled, but copied."""

    def __init__(self):
        self.hold = lambda: None


def test_a_frame_that_cannot_be_pickled_is_copied_all_the_same():
    shared = pd.DataFrame({"a": [Cell()], "b": [1.0]})
    own = private(shared)
    own.loc[0, "b"] = 2.0

    assert shared.loc[0, "b"] == 1.0


@pytest.mark.parametrize("known", [True, False])
def test_polars_frames_belong_to_one_user(known):
    shared = pl.DataFrame({"a": [1.0, 2.0]})
    own = handed_over(shared, known=known)
    own[0, "a"] = 7.0

    assert shared["a"].to_list() == [1.0, 2.0]


@pytest.mark.parametrize("rows", [["a", "b"], [["a"], ["b"]], [{"a": 1}], ("a", ["b"])])
@pytest.mark.parametrize("known", [True, False])
def test_lists_belong_to_one_user(rows, known):
    shared = copy.deepcopy(rows)
    own = handed_over(shared, known=known)

    assert own == shared
    if isinstance(own, list):
        own.append("c")
    if not known and not isinstance(rows[-1], str):
        own[1 if isinstance(rows, tuple) else 0].clear()
    assert shared == rows


def test_nothing_is_handed_over_as_nothing():
    assert handed_over(None, known=True) is None
    assert handed_over(None, known=False) is None
    assert locked(None) is None
    assert locked(["a"]) == ["a"]


def test_shared_arrays_are_locked_themselves():
    rows = locked(np.zeros(3))

    with pytest.raises(ValueError, match="read-only"):
        rows[0] = 1


@pytest.mark.parametrize("convert", SPARSE[:6])
def test_shared_sparse_rows_are_locked_themselves(convert):
    rows = locked(convert(np.eye(3)))

    with pytest.raises(ValueError, match="read-only"):
        rows.data *= 2
