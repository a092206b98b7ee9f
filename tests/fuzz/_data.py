"""Rows of every kind that pipelines may take: a recipe by name, so that equal recipes give equal rows."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from hypothesis import strategies as st

N_ROWS = 48
WORDS = ("red", "green", "blue", "small", "large", "round", "square", "old")


def _numbers(random):
    return np.round(random.normal(size=(N_ROWS, 6)), 3)


def _sparse(random):
    return sp.random(N_ROWS, 8, density=0.4, random_state=random, format="csr")


def _frame(random):
    return pd.DataFrame(_numbers(random), columns=list("abcdef"))


def _with_categories(random):
    frame = _frame(random).iloc[:, :3]
    return frame.assign(colour=pd.Categorical(random.choice(WORDS[:3], N_ROWS), categories=WORDS[:4]))


def _with_many_categories(random):
    names = [f"place {number:03}" for number in range(200)]
    return _frame(random).iloc[:, :3].assign(colour=pd.Categorical(random.choice(names, N_ROWS), categories=names))


def _with_strings(random):
    return _frame(random).iloc[:, :3].assign(word=random.choice(WORDS, N_ROWS))


def _nullable(random):
    frame = _frame(random)
    return frame.assign(a=frame["a"].astype("Float64"), b=pd.array((frame["b"] * 10).astype(int), dtype="Int64"))


def _dates(random):
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, N_ROWS), unit="D")
    return _frame(random).assign(day=days)


def _polars(random):
    import polars as pl

    return pl.from_pandas(_frame(random))


def _memmap(random):
    path = Path(tempfile.mkdtemp(prefix="multisearch-fuzz-")) / "rows.npy"
    np.save(path, _numbers(random))
    rows = np.load(path, mmap_mode="r")
    path.unlink()  # the mapping stays until nobody needs it
    path.parent.rmdir()
    return rows


def _with_nan(random):
    rows = _numbers(random)
    rows[random.random(rows.shape) < 0.1] = np.nan
    return rows


def _texts(random):
    return [" ".join(random.choice(WORDS, 5)) for _ in range(N_ROWS)]


ROWS = {
    "float64": _numbers,
    "float32": lambda random: _numbers(random).astype(np.float32),
    "whole numbers": lambda random: random.integers(0, 9, (N_ROWS, 6)),
    "fortran": lambda random: np.asfortranarray(_numbers(random)),
    "strided": lambda random: np.repeat(_numbers(random), 2, axis=1)[:, ::2],
    "objects": lambda random: _numbers(random).astype(object),
    "list": lambda random: _numbers(random).tolist(),
    "memmap": _memmap,
    "csr": _sparse,
    "csc": lambda random: _sparse(random).tocsc(),
    "csr array": lambda random: sp.csr_array(_sparse(random)),
    "with nan": _with_nan,
    "frame": _frame,
    "frame with categories": _with_categories,
    "frame with many categories": _with_many_categories,
    "frame with strings": _with_strings,
    "nullable frame": _nullable,
    "frame with dates": _dates,
    "polars": _polars,
    "texts": _texts,
    "array of texts": lambda random: np.array(_texts(random), dtype=object),
}
TEXTS = {"texts", "array of texts"}
CATEGORIES = {"frame with categories", "frame with many categories"}
MIXED = {*CATEGORIES, "frame with strings", "frame with dates"}
SPARSE = {"csr", "csc", "csr array"}
FRAMES = {"frame", "nullable frame", *MIXED}


def _signal(random, X):
    if isinstance(X, list | pd.DataFrame) or not isinstance(X, np.ndarray) or X.dtype == object:
        return random.normal(size=N_ROWS)
    return np.nan_to_num(np.asarray(X, dtype=float)[:, :3]).sum(axis=1) + random.normal(size=N_ROWS) / 2


def _classes(signal, names):
    return np.asarray(names)[np.argsort(np.argsort(signal)) * len(names) // len(signal)]


TARGETS = {
    "regression": lambda signal: signal,
    "binary": lambda signal: _classes(signal, [0, 1]),
    "multiclass": lambda signal: _classes(signal, ["low", "middle", "high"]),
    "multioutput": lambda signal: np.column_stack([signal, -2 * signal + np.arange(len(signal)) / 9]),
}


@dataclass(frozen=True)
class Data:
    """How X, y and the parameters of ``fit`` are made.

    ``change`` names a small change, see `CHANGES`.
    """

    rows: str
    target: str
    seed: int = 0
    weighted: bool = False
    grouped: bool = False
    y_as: str = "array"
    change: str | None = None

    @property
    def is_regression(self):
        return self.target in {"regression", "multioutput"}

    def build(self):
        random = np.random.default_rng(self.seed)
        X = ROWS[self.rows](random)
        y = TARGETS[self.target](_signal(random, X))
        params = {}
        if self.weighted:
            params["sample_weight"] = np.round(random.uniform(0.5, 2, N_ROWS), 2)
        if self.grouped:
            params["groups"] = np.arange(N_ROWS) % 7
        if self.change is not None:
            X, y, params = CHANGES[self.change](X, y, params)
        return X, {"array": lambda y: y, "series": _series, "list": np.ndarray.tolist}[self.y_as](y), params


def _series(y):
    return pd.Series(y, name="target") if y.ndim == 1 else pd.DataFrame(y)


def _one_value(X, y, params):
    if isinstance(X, list):
        return [*X[:-1], X[0]], y, params
    if isinstance(X, pd.DataFrame):
        return X.assign(a=X["a"] + (X.index == 5)), y, params
    if sp.issparse(X):
        X = X.copy()
        X.data[3] += 1
        return X, y, params
    if isinstance(X, np.ndarray):
        changed = np.array(X, order="K")
        changed[5, ...] = changed[6, ...]
        return changed, y, params
    return X[::-1], y, params


def _other_labels(X, y, params):
    y = np.array(y)
    y[:4] = y[-4:]
    return X, y, params


def _other_weights(X, y, params):
    return X, y, params | {"sample_weight": params.get("sample_weight", np.ones(N_ROWS)) * np.linspace(0.5, 2, N_ROWS)}


def _other_order(X, y, params):
    return (np.asfortranarray(X) if X.flags.c_contiguous else np.ascontiguousarray(X)), y, params


def _of_frame(change):
    return lambda X, y, params: (change(X.copy()), y, params)


def _with_two_categories_exchanged(X):
    names = list(X["colour"].cat.categories)
    middle = len(names) // 2
    names[middle - 1 : middle + 1] = names[middle], names[middle - 1]
    return X.assign(colour=X["colour"].cat.reorder_categories(names))


def _with_attrs(X):
    X.attrs["scale"] = 3
    return X


CHANGES = {
    "one value": _one_value,
    "labels": _other_labels,
    "weights": _other_weights,
    "memory order": _other_order,
    "precision": lambda X, y, params: (X.astype(np.float32 if X.dtype == np.float64 else np.float64), y, params),
    "order of categories": _of_frame(
        lambda X: X.assign(colour=X["colour"].cat.reorder_categories(X["colour"].cat.categories[::-1]))
    ),
    "two categories": _of_frame(_with_two_categories_exchanged),
    "one more category": _of_frame(lambda X: X.assign(colour=X["colour"].cat.add_categories(["white"]))),
    "ordered categories": _of_frame(lambda X: X.assign(colour=X["colour"].cat.as_ordered())),
    "attrs": _of_frame(_with_attrs),
    "names of columns": _of_frame(lambda X: X.rename(columns={"a": "A"})),
    "order of columns": _of_frame(lambda X: X[X.columns[::-1]]),
    "index": _of_frame(lambda X: X.set_index(X.index + 7)),
    "name of index": _of_frame(lambda X: X.rename_axis(index="time")),
    "name of columns": _of_frame(lambda X: X.rename_axis(columns="what")),
}


def changes_for(data):
    """Return the changes that these rows can take."""
    known = ["one value", "labels", "weights"]
    if data.rows in {"float64", "float32", "fortran", "strided", "whole numbers", "with nan"}:
        known += ["memory order", "precision"]
    if data.rows in FRAMES:
        known += ["attrs", "names of columns", "order of columns", "index", "name of index", "name of columns"]
    if data.rows in CATEGORIES:
        known += ["order of categories", "two categories", "one more category", "ordered categories"]
    return known


def datasets():
    usual = st.sampled_from(["float64", "float64", "frame", "csr"])
    return st.builds(
        Data,
        rows=st.one_of(usual, st.sampled_from(list(ROWS))),
        target=st.sampled_from(["regression", "regression", "binary", "multiclass", "multioutput"]),
        seed=st.integers(0, 3),
        weighted=st.integers(0, 4).map(lambda drawn: drawn == 4),
        grouped=st.integers(0, 4).map(lambda drawn: drawn == 4),
        y_as=st.sampled_from(["array", "array", "series", "list"]),
    )
