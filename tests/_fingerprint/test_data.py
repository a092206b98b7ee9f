import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from multisearch._fingerprint import fingerprint


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(6, 3))


@pytest.mark.parametrize(
    "changed",
    [
        lambda rows: rows + 1,
        lambda rows: rows.astype(np.float32),
        lambda rows: rows.reshape(3, 6),
        np.asfortranarray,
        lambda rows: rows.tolist(),
        lambda rows: np.ma.masked_array(rows, mask=rows < 0),
        lambda rows: rows.astype(object),
    ],
)
def test_arrays_differ_by_bytes_dtype_shape_memory_order_and_mask(rows, changed):
    assert fingerprint(rows.copy()) == fingerprint(rows)
    assert fingerprint(changed(rows)) != fingerprint(rows)


def test_a_view_has_the_key_of_its_copy(rows):
    assert fingerprint(rows[::2]) == fingerprint(rows[::2].copy())


def test_masked_arrays_differ_by_their_masks(rows):
    assert fingerprint(np.ma.masked_array(rows, mask=rows < 0)) != fingerprint(np.ma.masked_array(rows, mask=rows > 0))


def test_object_arrays_differ_by_their_items():
    assert fingerprint(np.array(["a", None], dtype=object)) == fingerprint(np.array(["a", None], dtype=object))
    assert fingerprint(np.array(["a", None], dtype=object)) != fingerprint(np.array(["b", None], dtype=object))


@pytest.mark.parametrize(
    "changed",
    [
        lambda frame: frame.rename(columns={"a": "c"}),
        lambda frame: frame[["b", "a"]],
        lambda frame: frame.assign(a=frame["a"].astype("float32")),
        lambda frame: frame.assign(b=["x", "y", "y"]),
        lambda frame: frame.assign(b=frame["b"].astype("category")),
        lambda frame: frame.set_index(pd.Index([3, 4, 5])),
        lambda frame: frame.to_numpy(),
        lambda frame: frame["a"],
    ],
)
def test_frames_differ_by_columns_dtypes_index_and_values(changed):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "x"]})

    assert fingerprint(frame.copy()) == fingerprint(frame)
    assert fingerprint(changed(frame)) != fingerprint(frame)


def test_how_a_frame_came_to_be_does_not_count():
    at_once = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": ["x", "y"]})
    column_by_column = pd.DataFrame({"c": ["x", "y"]}).assign(b=[3.0, 4.0]).assign(a=[1.0, 2.0])[["a", "b", "c"]]

    assert fingerprint(column_by_column) == fingerprint(at_once)


def test_categories_that_do_not_occur_count():
    two, three = (pd.Series(pd.Categorical(["x", "y"], categories)) for categories in (["x", "y"], ["x", "y", "z"]))

    assert fingerprint(two) != fingerprint(three)


@pytest.mark.parametrize("convert", [scipy.sparse.csr_array, scipy.sparse.csc_matrix, scipy.sparse.coo_array])
def test_sparse_rows_differ_by_content_and_format(rows, convert):
    kept = np.where(rows > 0, rows, 0)

    assert fingerprint(convert(kept)) == fingerprint(convert(kept))
    assert fingerprint(convert(kept)) != fingerprint(convert(kept * 2))
    assert fingerprint(convert(kept)) != fingerprint(scipy.sparse.csr_matrix(kept))
