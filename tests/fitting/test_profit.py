import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import MultiModelSearchCV
from multisearch._records import EQUAL_SETTINGS, PATHS, SHARED_STEPS, Candidate, SharedStep
from multisearch.arguments import prepare
from multisearch.fitting._profit import Origin, by_path, by_steps, origin_of

SHARED, TAKEN_FOR_EQUAL = {SHARED_STEPS}, {SHARED_STEPS, EQUAL_SETTINGS}


def of_ridge(index, **params):
    return Candidate(index, "ridge", params)


def origin(candidate, *steps):
    return Origin(candidate, frozenset(steps))


def test_whoever_starts_from_the_raw_rows_has_not_profited():
    assert by_steps(of_ridge(0), ()) == set()


def test_whoever_a_step_was_made_for_has_not_profited():
    first = of_ridge(0, scale__with_mean=True)
    assert by_steps(first, [origin(first, "scale")]) == set()


def test_others_have():
    first, second = of_ridge(0, scale__with_mean=True, model__alpha=1.0), of_ridge(1, scale__with_mean=True)
    assert by_steps(second, [origin(first, "scale")]) == SHARED


def test_one_of_several_steps_that_was_made_for_another_is_enough():
    first, second = of_ridge(0, reduce__n_components=2), of_ridge(1, reduce__n_components=3)
    origins = [origin(first, "scale"), origin(second, "scale", "reduce")]
    assert by_steps(second, origins) == SHARED
    assert by_steps(first, origins[:1]) == set()


EQUAL_VALUES = [(1, 1), (None, None), ("a", "a"), ((1, 2.0), (1, 2.0)), ([], [])]
OTHER_VALUES = [(1, 2), (1, 1.0), (1, True), ((1, 2), [1, 2]), (np.float64(1), 1.0), (PCA(), PCA()), ((1,), (1, 2))]


@pytest.mark.parametrize(("one", "other"), EQUAL_VALUES)
def test_equal_values_are_known_to_be_equal(one, other):
    first, second = of_ridge(0, scale__a=one), of_ridge(1, scale__a=other)
    assert by_steps(second, [origin(first, "scale")]) == SHARED
    assert by_path(second, first, "n") == {PATHS}


@pytest.mark.parametrize(("one", "other"), OTHER_VALUES)
def test_what_only_its_content_makes_equal_is_taken_for_equal(one, other):
    first, second = of_ridge(0, scale__a=one), of_ridge(1, scale__a=other)
    assert by_steps(second, [origin(first, "scale")]) == TAKEN_FOR_EQUAL
    assert by_path(second, first, "n") == {PATHS, EQUAL_SETTINGS}


def test_a_parameter_that_only_one_of_them_has_makes_a_difference():
    assert by_steps(of_ridge(1), [origin(of_ridge(0, scale="passthrough"), "scale")]) == TAKEN_FOR_EQUAL


def test_parameters_of_later_steps_do_not():
    first, second = of_ridge(0, reduce__n_components=2), of_ridge(1, reduce__n_components=3)
    assert by_steps(second, [origin(first, "scale")]) == SHARED


def test_another_estimator_is_another_setting():
    assert by_steps(Candidate(1, "lasso", {}), [origin(of_ridge(0), "scale")]) == TAKEN_FOR_EQUAL


def test_the_path_parameter_itself_makes_no_difference():
    assert by_path(of_ridge(1, n=2, a=1), of_ridge(0, n=9, a=1), "n") == {PATHS}


def test_the_origin_of_a_step_names_all_steps_before_it(regression):
    pipeline = Pipeline([("scale", StandardScaler()), ("reduce", PCA()), ("model", Ridge())])
    problem = prepare(MultiModelSearchCV([("ridge", pipeline, {})]), *regression, {}).problem
    candidate = of_ridge(0, scale="passthrough")
    assert origin_of(problem, SharedStep("key", None, candidate, 0, 0, 1)).steps == {"scale", "reduce"}
