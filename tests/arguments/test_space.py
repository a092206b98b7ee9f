import pytest
from scipy.stats import loguniform
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch.arguments import check_names, check_space

RESERVED = ("n_iter", "cv")


class Routed(BaseEstimator):
    """Takes parameters that it lists only once they are set, as scikeras does."""

    def __init__(self, widths=()):
        self.widths = widths

    def fit(self, X, y):
        return self

    def set_params(self, **params):
        for name, value in params.items():
            if not name.startswith("model__") and name not in self.get_params():
                raise ValueError(f"no {name}")
            setattr(self, name, value)
        return self


@pytest.fixture
def pipeline():
    return Pipeline([("scale", StandardScaler()), ("model", Ridge())])


def test_a_list_or_tuple_of_triples_passes():
    check_names([("ridge", Ridge(), {}), ("lasso", Lasso(), [{}])], RESERVED)
    check_names((["ridge", Ridge(), {}],), RESERVED)


@pytest.mark.parametrize(
    "estimators", ["ridge", {"ridge": Ridge()}, Ridge(), None, 3, iter([("ridge", Ridge(), {})]), ["ridge"]]
)
def test_anything_but_a_list_of_triples_is_a_type_error(estimators):
    with pytest.raises(TypeError, match=r"\(name, estimator, param_distributions\) triples, got "):
        check_names(estimators, RESERVED)


@pytest.mark.parametrize("entry", [("ridge", Ridge()), ("ridge", Ridge(), {}, 1), "abc", {"a": 1, "b": 2, "c": 3}])
def test_an_entry_that_is_no_triple_is_a_type_error_that_shows_it(entry):
    with pytest.raises(TypeError, match="estimators must hold") as raised:
        check_names([("lasso", Lasso(), {}), entry], RESERVED)

    assert repr(entry) in str(raised.value)


def test_no_estimators_is_an_error():
    with pytest.raises(ValueError, match="estimators is empty"):
        check_names([], RESERVED)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        (1, TypeError, "must be a string, got 1"),
        ("", ValueError, "'' cannot name an estimator"),
        ("a__b", ValueError, "has no '__' in it"),
        ("cv", ValueError, "'cv' cannot name an estimator, because MultiModelSearchCV has an argument of that name"),
        ("lasso", ValueError, "two estimators are named 'lasso'"),
    ],
)
def test_unusable_names_are_errors(name, error, message):
    with pytest.raises(error, match=message):
        check_names([("lasso", Lasso(), {}), (name, Ridge(), {})], RESERVED)


def test_a_dict_is_one_space_and_a_list_several(pipeline):
    one = check_space("ridge", pipeline, {"model__alpha": [1, 2]})
    several = check_space("ridge", pipeline, [{"model__alpha": [1, 2]}, {}])

    assert one.spaces == ({"model__alpha": [1, 2]},)
    assert several.spaces == ({"model__alpha": [1, 2]}, {})
    assert one.name == "ridge"
    assert one.estimator is pipeline


def test_distributions_are_told_from_lists():
    spaces = [{"alpha": [1], "tol": loguniform(1e-4, 1e-2)}, {"alpha": loguniform(1, 2), "solver": ["svd"]}]

    assert check_space("ridge", Ridge(), spaces).distributions == ["alpha", "tol"]
    assert check_space("ridge", Ridge(), {}).distributions == []


@pytest.mark.parametrize("estimator", [Ridge, object(), "ridge", None])
def test_what_is_no_estimator_is_a_type_error(estimator):
    with pytest.raises(TypeError, match="estimator 'ridge' must be a scikit-learn estimator"):
        check_space("ridge", estimator, {})


def test_a_class_in_place_of_an_instance_is_hinted_at():
    with pytest.raises(TypeError, match="give an instance, not the class"):
        check_space("ridge", Ridge, {})


@pytest.mark.parametrize("space", [None, "alpha", 3, ["alpha"], [{}, None], [("alpha", [1])]])
def test_parameters_that_are_no_dict_are_a_type_error(space):
    with pytest.raises(TypeError, match="parameters of estimator 'ridge' must be a dict or a list of dicts"):
        check_space("ridge", Ridge(), space)


def test_an_empty_list_of_spaces_is_an_error():
    with pytest.raises(ValueError, match=r"empty list; \{\} stands for no parameters"):
        check_space("ridge", Ridge(), [])


@pytest.mark.parametrize(("values", "error"), [([], ValueError), (1.0, TypeError), ("svd", TypeError)])
def test_values_that_cannot_be_tried_are_errors_with_the_estimators_name(values, error):
    with pytest.raises(error, match=r"^estimator 'ridge': "):
        check_space("ridge", Ridge(), {"alpha": values})


def test_a_misspelt_parameter_is_an_error_that_names_the_closest(pipeline):
    with pytest.raises(
        ValueError, match="Invalid parameter 'model__alhpa' for estimator 'ridge'; the closest is 'model__alpha'"
    ):
        check_space("ridge", pipeline, {"model__alhpa": [1]})


def test_a_parameter_of_a_replaced_step_is_known_by_the_replacement(pipeline):
    check_space("ridge", pipeline, {"scale": [PCA()], "scale__n_components": [1, 2]})

    with pytest.raises(ValueError, match="Invalid parameter 'scale__n_components'"):
        check_space("ridge", pipeline, {"scale__n_components": [1, 2]})


def test_a_parameter_that_is_listed_only_once_it_is_set_is_known():
    model = Routed()
    check_space("keras", model, {"model__depth": [1, 2], "widths": [()]})

    assert not hasattr(model, "model__depth")
    with pytest.raises(ValueError, match="Invalid parameter 'modle__depth' for estimator 'keras'"):
        check_space("keras", model, {"modle__depth": [1, 2]})


def test_checking_leaves_the_estimator_and_its_values_alone(pipeline):
    replacement = PCA()
    check_space("ridge", pipeline, {"scale": [replacement], "scale__n_components": [1]})

    assert isinstance(pipeline.named_steps["scale"], StandardScaler)
    assert replacement.n_components is None
