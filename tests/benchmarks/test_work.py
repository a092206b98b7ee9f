import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from benchmarks._work import Parts, measure_parts, path_work


def test_a_peer_fits_the_shared_steps_for_every_model():
    assert Parts(shared=10.0, models=4.0).together(n_models=3) == (34.0, 14.0)


def test_parts_are_measured_on_all_folds(regression):
    X, y = regression
    parts = measure_parts(StandardScaler(), [Ridge(), Ridge(2.0)], X, y, list(KFold(3).split(X)))
    assert parts.shared > 0
    assert parts.models > 0


def test_of_a_path_the_largest_fit_is_needed_and_the_scoring_of_all():
    results = {
        "params": [{"n": n, "depth": depth} for depth in (1, 2) for n in (10, 30, 20)],
        "mean_fit_time": np.array([1.0, 3.0, 2.0, 2.0, 6.0, 4.0]),
        "mean_score_time": np.full(6, 0.5),
        "split0_test_score": np.zeros(6),
        "split1_test_score": np.zeros(6),
    }
    assert path_work(results, "n") == pytest.approx((42.0, 24.0))
