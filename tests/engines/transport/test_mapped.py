import gc
import os
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from multisearch.engines.transport import _mapped
from multisearch.engines.transport._mapped import write

N_ROWS, N_COLUMNS = 5_000, 20
NUMBERS = np.random.default_rng(0).standard_normal((N_ROWS, N_COLUMNS))


@pytest.fixture
def opened(tmp_path):
    def opened(value):
        return write(value, [tmp_path]).open()

    return opened


@pytest.fixture
def file_of_numbers(tmp_path):
    path = tmp_path / "numbers.dat"
    path.write_bytes(b"header!" + NUMBERS.tobytes())
    return path


def memmap(path, mode="r", order="C"):
    return np.memmap(path, float, mode, offset=7, shape=NUMBERS.shape, order=order)


def mappings(path):
    return Path("/proc/self/maps").read_text().count(str(path))


ARRAYS = {
    "rows first": NUMBERS,
    "columns first": np.asfortranarray(NUMBERS),
    "single precision": NUMBERS.astype("float32"),
    "big endian": NUMBERS.astype(">f8"),
    "whole numbers": np.arange(50_000),
    "text": np.array(["one", "two", "three"] * 10_000),
    "times": np.arange(50_000).astype("datetime64[s]"),
    "records": np.zeros(20_000, [("a", "i4"), ("b", "f8")]),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_an_array_is_a_read_only_view_with_its_own_order(opened, array):
    result = opened(array)
    np.testing.assert_array_equal(result, array, strict=True)
    assert result.flags.f_contiguous == array.flags.f_contiguous
    assert result.ctypes.data % 64 == 0
    with pytest.raises(ValueError, match="read-only"):
        result[:] = array


@pytest.mark.parametrize("part", [np.s_[:, ::2], np.s_[::-1], np.s_[::2, 1:5]])
def test_what_is_not_contiguous_becomes_a_shared_array_in_its_order(opened, part):
    result, transposed = opened((NUMBERS[part], NUMBERS[part].T))
    np.testing.assert_array_equal(result, NUMBERS[part], strict=True)
    np.testing.assert_array_equal(transposed, NUMBERS[part].T, strict=True)
    assert result.flags.c_contiguous
    assert transposed.flags.f_contiguous
    assert not result.flags.writeable


@pytest.mark.parametrize(
    "matrix", [scipy.sparse.csr_matrix(NUMBERS), scipy.sparse.csc_array(NUMBERS)], ids=["matrix", "array"]
)
def test_a_sparse_matrix_is_read_only_in_all_its_parts(opened, matrix):
    result = opened(matrix)
    assert type(result) is type(matrix)
    assert not any(part.flags.writeable for part in (result.data, result.indices, result.indptr) if part.size > 1e4)
    assert (result[[4, 2, 0]] != matrix[[4, 2, 0]]).nnz == 0


def test_a_frame_keeps_its_columns_and_rows(opened):
    frame = pd.DataFrame(NUMBERS).assign(
        whole=np.arange(N_ROWS), text="some", kind=pd.Categorical(["a", "b"] * (N_ROWS // 2))
    )
    frame.index = frame.index[::-1]
    result = opened(frame)
    pd.testing.assert_frame_equal(result, frame)
    assert not result[3].to_numpy().flags.writeable


def test_polars_frames_and_lists_travel_too(opened):
    import polars as pl

    frame = pl.DataFrame(NUMBERS)
    rows, others = opened((frame, NUMBERS.tolist()))
    assert rows.equals(frame)
    assert others == NUMBERS.tolist()


def test_small_arrays_are_private_and_can_be_written(opened):
    small = opened({"weights": np.ones(3)})["weights"]
    small[0] = 2.0
    assert small.tolist() == [2.0, 1.0, 1.0]


def test_objects_in_arrays_are_pickled(opened):
    objects = np.array([{"a": 1}, None, "text"] * 10_000, dtype=object)
    assert opened(objects).tolist() == objects.tolist()


def test_the_same_array_twice_is_written_once(tmp_path):
    written = write((NUMBERS, NUMBERS), [tmp_path])
    assert len(written.buffers) == 1
    first, second = written.open()
    assert first is second


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux says what is mapped")
class TestFilesOfTheUsers:
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_a_read_only_map_is_not_copied(self, tmp_path, file_of_numbers, order):
        X = memmap(file_of_numbers, order=order)
        written = write(X, [tmp_path])
        assert [(span.path, span.start) for span in written.buffers] == [(str(file_of_numbers), 7)]
        assert Path(written.path).stat().st_size < 1000
        np.testing.assert_array_equal(written.open(), np.asarray(X), strict=True)
        assert written.open().flags.f_contiguous == (order == "F")

    def test_nor_is_a_view_of_it_or_a_frame_around_it(self, tmp_path, file_of_numbers):
        X = memmap(file_of_numbers)
        for value in (X[1000:4000], np.asarray(X)[1000:4000], pd.DataFrame(X[1000:4000], copy=False)):
            written = write(value, [tmp_path])
            (span,) = written.buffers
            assert (span.path, span.start) == (str(file_of_numbers), 7 + 1000 * N_COLUMNS * 8)
            np.testing.assert_array_equal(np.asarray(written.open()), NUMBERS[1000:4000])

    @pytest.mark.parametrize("mode", ["r+", "c"])
    def test_one_that_can_be_written_is_copied(self, tmp_path, file_of_numbers, mode):
        X = memmap(file_of_numbers, mode)
        X[0, 0] = 5.0
        written = write(X, [tmp_path])
        assert [span.path for span in written.buffers] == [written.path]
        assert written.open()[0, 0] == 5.0

    @pytest.mark.parametrize("others", [b"", b"other content"])
    def test_one_whose_file_is_not_there_any_more_is_copied(self, tmp_path, file_of_numbers, others):
        X = memmap(file_of_numbers)
        file_of_numbers.unlink()
        if others:
            file_of_numbers.write_bytes(others)
        np.testing.assert_array_equal(write(X, [tmp_path]).open(), NUMBERS)

    def test_nothing_stays_mapped_when_the_value_is_gone(self, tmp_path):
        written = write(NUMBERS, [tmp_path])
        values = [written.open(), written.open()]
        assert mappings(written.path) >= 1
        del values
        gc.collect()
        assert mappings(written.path) == 0


def test_only_the_owner_can_read_the_file(tmp_path):
    assert stat.S_IMODE(Path(write(NUMBERS, [tmp_path]).path).stat().st_mode) == 0o600


def test_a_value_outlives_its_file(tmp_path):
    written = write(NUMBERS, [tmp_path])
    value = written.open()
    written.remove()
    written.remove()
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(value, NUMBERS)
    with pytest.raises(FileNotFoundError):
        written.open()


def test_a_folder_without_room_is_passed_over(tmp_path, monkeypatch):
    full, roomy = tmp_path / "full", tmp_path / "roomy"
    full.mkdir()
    roomy.mkdir()
    statvfs = os.statvfs

    def nearly_full(folder):
        values = list(statvfs(folder))
        if folder == full:
            values[3:5] = [1, 1]
        return os.statvfs_result(values)

    monkeypatch.setattr(_mapped.os, "statvfs", nearly_full)
    assert Path(write(NUMBERS, [full, roomy]).path).parent == roomy
    assert Path(write(NUMBERS, [tmp_path / "missing", roomy]).path).parent == roomy


def test_a_folder_that_fills_up_meanwhile_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(_mapped, "_has_room", lambda *_: True)
    assert Path(write(NUMBERS, [tmp_path / "missing", tmp_path]).path).parent == tmp_path
    with pytest.raises(OSError, match="missing"):
        write(NUMBERS, [tmp_path / "missing"])
