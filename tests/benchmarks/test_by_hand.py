from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks._by_hand import ByHand

TRAIN, STOPPING, TEST = np.arange(60), np.arange(60, 80), np.arange(80, 100)


class NotingScaler(StandardScaler):
    """Writes into a file each time it is fitted."""

    def __init__(self, file=None):
        super().__init__()
        self.file = file

    def fit(self, X, y=None, sample_weight=None):
        with Path(self.file).open("a") as file:
            file.write("fitted\n")
        return super().fit(X, y, sample_weight)


@pytest.fixture
def rows():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(100, 3)), columns=["a", "b", "c"])
    return X, X.to_numpy() @ [1.0, 2.0, 3.0] + np.sin(np.arange(100))


@pytest.fixture
def evaluate(rows, tmp_path):
    """Evaluate twice by hand, with or without a cache; return what came back and how often the scaler was fitted."""
    seen = []

    def fit_model(model, X, y, X_stop, y_stop):
        seen.append((len(X), len(X_stop)))
        model.fit(X, y)

    def run(memory):
        file = tmp_path / "fits"
        file.write_text("")
        pipeline = Pipeline([("scale", NotingScaler(str(file))), ("model", Ridge())], memory=memory)
        several = [ByHand(pipeline, fit_model, TRAIN, STOPPING, TEST).evaluate(*rows) for _ in range(2)]
        assert set(seen) == {(60, 20)}
        return several, len(file.read_text().splitlines())

    return run


def test_the_score_is_that_of_the_pipeline(evaluate, rows):
    X, y = rows
    pipeline = Pipeline([("scale", StandardScaler()), ("model", Ridge())]).fit(X.iloc[TRAIN], y[TRAIN])
    several, fits = evaluate(None)
    assert {one.score for one in several} == {r2_score(y[TEST], pipeline.predict(X.iloc[TEST]))}
    assert fits == 2


def test_a_cache_spares_fits_and_changes_no_score(evaluate, tmp_path):
    plain, _ = evaluate(None)
    cached, fits = evaluate(str(tmp_path / "cache"))
    assert fits == 1
    assert [one.score for one in cached] == [one.score for one in plain]


def test_encoding_is_a_part_of_the_seconds(evaluate):
    (one, _), _ = evaluate(None)
    assert 0 < one.encoding < one.seconds
