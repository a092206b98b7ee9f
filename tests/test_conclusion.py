import numpy as np
import pytest
from sklearn.linear_model import Ridge

from multisearch import MultiModelSearchCV
from multisearch._conclusion import FITTED_ATTRIBUTES


def two_scores(model, X, y):
    return {"r2": model.score(X, y), "worst": -np.abs(model.predict(X) - y).max()}


SPACE = {"alpha": [0.1, 1.0, 10.0]}


def test_a_callable_may_return_several_metrics(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), SPACE)], scoring=two_scores, refit="worst").fit(*regression)
    assert search.multimetric_
    assert {"mean_test_r2", "rank_test_worst"} <= set(search.cv_results_)
    assert search.best_score_ == search.cv_results_["mean_test_worst"].max()
    assert search.scorer_ is two_scores


def test_a_metric_that_a_callable_does_not_return_is_an_error(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), SPACE)], scoring=two_scores, refit="r3")
    with pytest.raises(ValueError, match=r"'r3' was passed; there are 'r2', 'worst'"):
        search.fit(*regression)


def test_several_metrics_without_a_refit_leave_no_best(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), SPACE)], scoring=["r2", "neg_max_error"], refit=False)
    search.fit(*regression)
    assert not [name for name in FITTED_ATTRIBUTES if hasattr(search, name)]
    assert set(search.scorer_) == {"r2", "neg_max_error"}


def test_one_metric_without_a_refit_leaves_a_best_setting(regression):
    search = MultiModelSearchCV([("ridge", Ridge(), SPACE)], refit=False).fit(*regression)
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    assert not hasattr(search, "best_estimator_")
    assert not hasattr(search, "refit_time_")
