import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import get_scorer, make_scorer, r2_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch.arguments import route, route_to_scorer

X = np.zeros((4, 2))
WEIGHTS = np.array([1.0, 2.0, 3.0, 4.0])
PIPELINE = Pipeline([("scale", StandardScaler()), ("model", Ridge())])


def routed(params, scorer=None):
    estimators = {"pipe": PIPELINE, "bare": LinearRegression()}
    return route(None, X, estimators, dict.fromkeys(estimators, scorer or get_scorer("r2")), params)


def test_a_name_before_a_parameter_sends_it_to_that_estimator_alone():
    given = routed({"pipe__model__sample_weight": WEIGHTS})
    assert list(given.fit["pipe"]) == ["model__sample_weight"]
    assert given.fit["bare"] == {}
    assert given.score == {"pipe": {}, "bare": {}}


def test_weights_go_to_every_last_step_and_groups_to_the_splitter():
    given = routed({"sample_weight": WEIGHTS, "groups": [0, 0, 1, 1]})
    np.testing.assert_array_equal(given.fit["pipe"]["model__sample_weight"], WEIGHTS)
    np.testing.assert_array_equal(given.fit["bare"]["sample_weight"], WEIGHTS)
    assert given.split == {"groups": [0, 0, 1, 1]}


def test_anything_else_goes_to_every_estimator_as_it_is():
    given = routed({"scale__sample_weight": WEIGHTS, "flag": True})
    assert set(given.fit["pipe"]) == set(given.fit["bare"]) == {"scale__sample_weight", "flag"}


def test_no_weights_are_none():
    assert routed({"sample_weight": None}).fit == {"pipe": {}, "bare": {}}


def test_one_weight_for_all_rows_is_handed_on():
    assert routed({"sample_weight": 2.0}).fit["bare"] == {"sample_weight": 2.0}


@pytest.mark.parametrize("weights", [WEIGHTS[:3], [1.0] * 5, []])
def test_weights_of_another_length_are_an_error(weights):
    with pytest.raises(ValueError, match=f"sample_weight has {len(weights)} entries, but X has 4 rows"):
        routed({"sample_weight": weights})


def test_a_scorer_without_weights_is_named():
    def without_weights(y_true, y_pred):
        return r2_score(y_true, y_pred)

    with pytest.warns(UserWarning, match=r"make_scorer\(without_weights.*does not support sample_weight"):
        given = routed({"sample_weight": WEIGHTS}, make_scorer(without_weights))
    assert given.score == {"pipe": {}, "bare": {}}


def routed_to_scorer(params, scorer=None):
    return route_to_scorer(None, "pipe", scorer or get_scorer("r2"), X, params)


def test_a_score_is_given_weights():
    assert routed_to_scorer({}) == routed_to_scorer({"sample_weight": None}) == {}
    assert routed_to_scorer({"sample_weight": 2.0}) == {"sample_weight": 2.0}
    np.testing.assert_array_equal(routed_to_scorer({"sample_weight": WEIGHTS})["sample_weight"], WEIGHTS)


def test_weights_of_another_length_are_an_error_for_a_score():
    with pytest.raises(ValueError, match="sample_weight has 3 entries, but X has 4 rows; give one weight per row"):
        routed_to_scorer({"sample_weight": WEIGHTS[:3]})


def test_anything_else_needs_routing_to_reach_a_scorer():
    with pytest.raises(ValueError, match=r"Passing \[groups, flag\] to score is only supported if metadata routing"):
        routed_to_scorer({"groups": [0, 0, 1, 1], "sample_weight": WEIGHTS, "flag": True})


def test_a_score_that_cannot_be_weighted_says_so():
    def without_weights(y_true, y_pred):
        return r2_score(y_true, y_pred)

    with pytest.warns(UserWarning, match=r"make_scorer\(without_weights.*, so that this score is not weighted"):
        assert routed_to_scorer({"sample_weight": WEIGHTS}, make_scorer(without_weights)) == {}
