"""Every parameter of every class that has a path, set to something else: scores are those of fits alone, or no path.

A parameter that has no values here must be one that takes its class off the path, whatever it is set to.
"""

import inspect
import warnings

import numpy as np
import pytest
from catboost import CatBoostClassifier, CatBoostRegressor
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn import ensemble
from sklearn.base import is_classifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier, XGBRegressor

from multisearch import MultiModelSearchCV
from multisearch.families import family_of

RANDOM = np.random.RandomState(1)
SIZES = [2, 9, 5]
QUIET = {"verbose": False, "allow_writing_files": False, "thread_count": 1}
BALANCED = {"low": 1.0, "middle": 2.0, "high": 0.5}

TREES = {
    "max_depth": [2],
    "min_samples_split": [9, 0.2],
    "min_samples_leaf": [4],
    "min_weight_fraction_leaf": [0.1],
    "max_features": [1, 0.5, "log2"],
    "max_leaf_nodes": [4],
    "min_impurity_decrease": [0.01],
    "ccp_alpha": [0.01],
    "random_state": [3, np.int64(3), None, RANDOM],
    "n_estimators": [],
    "verbose": [0],
    "warm_start": [True],
}
FOREST = TREES | {
    "bootstrap": [True, False],
    "oob_score": [True],
    "n_jobs": [1],
    "max_samples": [0.5, 20],
    "monotonic_cst": [[1, 0, 0, 0, 0]],
}
FOREST_REGRESSOR = FOREST | {"criterion": ["absolute_error"]}
FOREST_CLASSIFIER = FOREST | {
    "criterion": ["entropy", "log_loss"],
    "class_weight": ["balanced", "balanced_subsample", BALANCED],
}
BAGGING = {
    "estimator": [],
    "n_estimators": [],
    "max_samples": [0.5, 20],
    "max_features": [2, 0.5],
    "bootstrap": [False],
    "bootstrap_features": [True],
    "oob_score": [True],
    "n_jobs": [1, 2],
    "random_state": [3, None, RANDOM],
    "verbose": [0],
}
GRADIENT = TREES | {
    "learning_rate": [0.5],
    "subsample": [0.5],
    "criterion": ["squared_error"],
    "init": ["zero"],
    "validation_fraction": [0.3],
    "n_iter_no_change": [2],
    "tol": [0.1],
}
ADABOOST = {"n_estimators": [], "learning_rate": [0.3], "random_state": [3, None, RANDOM]}
HISTOGRAM = {
    "learning_rate": [0.5],
    "max_iter": [],
    "max_leaf_nodes": [4, None],
    "max_depth": [2],
    "min_samples_leaf": [5],
    "l2_regularization": [1.0],
    "max_features": [0.4],
    "max_bins": [16],
    "monotonic_cst": [[1, 0, 0, 0, 0]],
    "categorical_features": [[4], [False, False, False, False, True], None],
    "interaction_cst": ["no_interactions", [{0, 1}]],
    "early_stopping": ["auto", True],
    "scoring": [None, "loss"],
    "validation_fraction": [0.3],
    "n_iter_no_change": [1],
    "tol": [0.1],
    "verbose": [0],
    "random_state": [3, None, RANDOM],
    "warm_start": [True],
}
LIGHTGBM = {
    "boosting_type": ["goss", "dart", "rf"],
    "num_leaves": [4],
    "max_depth": [2],
    "learning_rate": [0.5],
    "n_estimators": [],
    "subsample_for_bin": [50],
    "min_split_gain": [0.1],
    "min_child_weight": [1.0],
    "min_child_samples": [3],
    "subsample": [0.5],
    "subsample_freq": [1],
    "colsample_bytree": [0.5],
    "reg_alpha": [0.5],
    "reg_lambda": [0.5],
    "random_state": [3, None, RANDOM],
    "n_jobs": [1],
    "importance_type": ["gain"],
    # By **kwargs
    "max_bin": [7],
    "min_data_in_bin": [7],
    "feature_fraction_bynode": [0.5],
    "extra_trees": [True],
    "path_smooth": [1.0],
    "max_delta_step": [0.1],
    "cat_smooth": [3.0],
    "cat_l2": [3.0],
    "monotone_constraints": [[1, 0, 0, 0, 0]],
    "metric": ["None"],
    "data_sample_strategy": ["goss", "bagging"],
    "linear_tree": [True],
    "verbosity": [-1],
    "verbose": [-1],
    "deterministic": [True],
    "force_col_wise": [True],
    "force_row_wise": [True],
    "early_stopping_round": [1],
    "boosting": ["dart"],
    "num_iterations": [4],
    "categorical_feature": [[4]],
}
XGBOOST = {
    "n_estimators": [],
    "learning_rate": [0.5],
    "max_depth": [2],
    "max_leaves": [4],
    "max_bin": [8],
    "grow_policy": ["lossguide"],
    "tree_method": ["exact", "approx", "hist"],
    "gamma": [0.5],
    "min_child_weight": [3],
    "max_delta_step": [1],
    "reg_alpha": [0.5],
    "reg_lambda": [0.5],
    "scale_pos_weight": [2.0],
    "base_score": [0.3],
    "subsample": [0.5],
    "sampling_method": ["uniform"],
    "colsample_bytree": [0.5],
    "colsample_bylevel": [0.5],
    "colsample_bynode": [0.5],
    "random_state": [3, None, RANDOM],
    "num_parallel_tree": [3],
    "eval_metric": ["mae", ["mae"], "mlogloss"],
    "missing": [0.0],
    "booster": ["gbtree", "dart", "gblinear"],
    "monotone_constraints": ["(1,0,0,0,0)"],
    "interaction_constraints": ["[[0, 1], [2, 3, 4]]"],
    "enable_categorical": [True],
    "feature_types": [["q", "q", "q", "q", "c"]],
    "max_cat_to_onehot": [2],
    "max_cat_threshold": [2],
    "importance_type": ["gain"],
    "validate_parameters": [True],
    "verbosity": [0],
    "n_jobs": [1],
    "early_stopping_rounds": [2],
    "multi_strategy": ["multi_output_tree"],
}
CATBOOST = {
    "iterations": [],
    "n_estimators": [],
    "num_trees": [],
    "num_boost_round": [],
    "learning_rate": [0.5, None],
    "eta": [0.5],
    "depth": [2],
    "max_depth": [2],
    "l2_leaf_reg": [1.0],
    "reg_lambda": [1.0],
    "random_state": [3, RANDOM],
    "random_seed": [3],
    "subsample": [0.5],
    "rsm": [0.5],
    "colsample_bylevel": [0.5],
    "min_data_in_leaf": [5],
    "min_child_samples": [5],
    "max_leaves": [5],
    "num_leaves": [5],
    "border_count": [8],
    "max_bin": [8],
    "random_strength": [3.0],
    "bagging_temperature": [2.0],
    "verbose": [False],
    "silent": [True],
    "logging_level": ["Silent"],
    "allow_writing_files": [False],
    "thread_count": [1],
}
TABLE = [
    (ensemble.RandomForestRegressor(random_state=0), FOREST_REGRESSOR),
    (ensemble.RandomForestClassifier(random_state=0), FOREST_CLASSIFIER),
    (ensemble.ExtraTreesRegressor(random_state=0), FOREST_REGRESSOR),
    (ensemble.ExtraTreesClassifier(random_state=0), FOREST_CLASSIFIER),
    (
        ensemble.BaggingRegressor(random_state=0),
        BAGGING | {"estimator": [LinearRegression(), DecisionTreeRegressor(max_features=1), LGBMRegressor()]},
    ),
    (ensemble.BaggingClassifier(random_state=0), BAGGING | {"estimator": [LogisticRegression(), SVC()]}),
    (
        ensemble.GradientBoostingRegressor(random_state=0),
        GRADIENT
        | {"loss": ["huber", "absolute_error", "quantile"], "alpha": [0.5]}
        | {"init": ["zero", LinearRegression(), DecisionTreeRegressor(max_features=1)]},
    ),
    (ensemble.GradientBoostingClassifier(random_state=0), GRADIENT | {"loss": ["exponential"]}),
    (
        ensemble.AdaBoostRegressor(random_state=0),
        ADABOOST
        | {"loss": ["square", "exponential"]}
        | {"estimator": [ExtraTreeRegressor(max_depth=2), LinearRegression()]},
    ),
    (
        ensemble.AdaBoostClassifier(random_state=0),
        ADABOOST | {"estimator": [DecisionTreeClassifier(max_depth=2, max_features=1)]},
    ),
    (
        ensemble.HistGradientBoostingRegressor(random_state=0, early_stopping=False),
        HISTOGRAM | {"loss": ["absolute_error", "gamma", "poisson"], "quantile": [0.4]},
    ),
    (
        ensemble.HistGradientBoostingClassifier(random_state=0, early_stopping=False),
        HISTOGRAM | {"loss": ["log_loss"], "class_weight": ["balanced"]},
    ),
    (
        LGBMRegressor(n_jobs=1, verbosity=-1, min_child_samples=5),
        LIGHTGBM | {"objective": ["regression_l1", "huber", "quantile"], "class_weight": [None]},
    ),
    (
        LGBMClassifier(n_jobs=1, verbosity=-1, min_child_samples=5),
        LIGHTGBM
        | {"objective": ["multiclass", "multiclassova"], "class_weight": ["balanced", BALANCED]}
        | {"is_unbalance": [True], "scale_pos_weight": [2.0]},
    ),
    (XGBRegressor(n_jobs=1), XGBOOST | {"objective": ["reg:absoluteerror", "reg:pseudohubererror"]}),
    (XGBClassifier(n_jobs=1), XGBOOST | {"objective": ["multi:softmax", "multi:softprob"]}),
    (
        CatBoostRegressor(learning_rate=0.3, **QUIET),
        CATBOOST | {"loss_function": ["MAE"], "objective": ["MAE"]},
    ),
    (
        CatBoostClassifier(learning_rate=0.3, **QUIET),
        CATBOOST | {"loss_function": ["MultiClass", "MultiClassOneVsAll"], "objective": ["MultiClassOneVsAll"]},
    ),
]
NAMES_OF_ITERATIONS = {"n_estimators", "max_iter", "iterations", "num_trees", "num_boost_round"}
OF_TWO_CLASSES = {"monotonic_cst", "monotone_constraints", "is_unbalance", "scale_pos_weight", "loss=exponential"}
OF_TWO_CLASSES |= {"CatBoostClassifier-subsample"}
MAY_END_PATHS = {
    *("booster", "boosting", "boosting_type", "categorical_feature", "early_stopping", "early_stopping_round"),
    *(
        "early_stopping_rounds",
        "estimator",
        "grow_policy",
        "init",
        "learning_rate",
        "multi_strategy",
        "n_iter_no_change",
        "n_jobs",
    ),
    *("num_iterations", "oob_score", "random_state", "warm_start"),
}
"""Of which some values leave candidates without a path, to be fitted alone; no other parameter may."""
BY_NAME = {type(model).__name__: (model, table) for model, table in TABLE}
SETTINGS = [
    pytest.param(name, parameter, value, id=f"{name}-{parameter}={str(value)[:30]}")
    for name, (_, table) in BY_NAME.items()
    for parameter, values in table.items()
    for value in values
]


class Own:
    pass


@pytest.fixture(scope="module")
def rows():
    """Return X with a column of categories in the end, and what there is to be learnt: above 0."""
    random = np.random.default_rng(0)
    X = random.normal(size=(140, 5))
    X[:, 4] = random.integers(0, 4, size=140)
    return X, np.exp(X[:, 0] / 2 + np.abs(X[:, 1]) + X[:, 4] / 4 + random.normal(scale=0.4, size=140))


def targets(model, y, n_classes=3):
    """Return what a model can learn: numbers, or classes, which have names where its library takes them."""
    if not is_classifier(model):
        return y
    classes = np.digitize(y, np.quantile(y, [1 / 3, 2 / 3] if n_classes == 3 else [0.5]))
    has_names = not isinstance(model, XGBClassifier | CatBoostClassifier)
    return np.array(["low", "middle", "high"])[classes] if has_names else classes


def path_of(model, **params):
    return family_of(model).path_parameter(model, model.get_params(deep=False) | params)


def check(model, name, X, y, **fit_params):
    """Check that a search with paths gives, to the bit, what one without gives."""
    scoring = ["accuracy", "neg_log_loss"] if is_classifier(model) else "neg_mean_squared_error"
    if not hasattr(model, "predict_proba"):
        scoring = scoring if isinstance(scoring, str) else "accuracy"
    found = []
    for optimize in (True, False):
        search = MultiModelSearchCV(
            [("model", model, {name: SIZES})],
            cv=[(np.arange(100), np.arange(100, 140))],
            scoring=scoring,
            refit=False,
            scheduler="inline",
            error_score="raise",
            optimize=optimize,
        )
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")
            search.fit(X, y, **fit_params)
        assert search.search_stats_.path_fits_saved == (2 if optimize else 0)
        table = search.cv_results_
        found.append({column: list(table[column]) for column in table if column.startswith("split0_test")})
    assert found[0] == found[1]
    return found[0]


def path_name(model):
    return "max_iter" if "Hist" in type(model).__name__ else "n_estimators"


def changed(name, **params):
    """Return a model of the table with other parameters; of equal ones with many names, only the new name is set."""
    model = BY_NAME[name][0]
    return type(model)(**{**model.get_params(deep=False), **params})


@pytest.mark.parametrize(("name", "parameter", "value"), SETTINGS)
def test_scores_are_those_of_fits_alone(rows, name, parameter, value):
    params = {parameter: value}
    if parameter == "eta":
        params["learning_rate"] = None
    if parameter == "subsample_freq":
        params["subsample"] = 0.5
    if parameter == "quantile":
        params["loss"] = "quantile"
    if parameter == "max_samples":
        params["bootstrap"] = True
    if parameter in {"silent", "logging_level"}:
        params["verbose"] = None
    if parameter in {"max_leaves", "num_leaves"} and name.startswith("CatBoost"):
        params["grow_policy"] = "Lossguide"
    model = changed(name, **params)
    iterations = path_name(model)
    n_classes = 2 if {parameter, f"{parameter}={value}", f"{name}-{parameter}"} & OF_TWO_CLASSES else 3
    y = targets(model, rows[1], n_classes)
    if path_of(model, **{iterations: SIZES[1]}) is None:
        assert MAY_END_PATHS & params.keys()
        return
    check(model, iterations, rows[0], y)


@pytest.mark.parametrize("name", BY_NAME)
def test_what_has_a_path_learns_more_with_more_trees(rows, name):
    model = BY_NAME[name][0]
    for n_classes in (2, 3):
        found = check(model, path_name(model), rows[0], targets(model, rows[1], n_classes))
        assert all(len(set(scores)) > 1 for scores in found.values())


@pytest.mark.parametrize("name", BY_NAME)
def test_with_weights_too(rows, name):
    model = BY_NAME[name][0]
    weights = np.random.default_rng(1).uniform(0.1, 3, size=140)
    check(model, path_name(model), rows[0], targets(model, rows[1]), sample_weight=weights)


@pytest.mark.parametrize("iterations", ["iterations", "num_trees", "num_boost_round", "n_estimators"])
def test_whatever_iterations_are_called(rows, iterations):
    check(BY_NAME["CatBoostRegressor"][0], iterations, *rows)


@pytest.mark.parametrize("name", BY_NAME)
def test_no_parameter_is_forgotten(name):
    model, table = BY_NAME[name]
    iterations = path_name(model)
    assert path_of(model, **{iterations: 9}) == iterations
    parameters = inspect.signature(type(model)).parameters
    names = {*model.get_params(), *(one for one in parameters if one not in {"kwargs", "self"})}
    for parameter in names - NAMES_OF_ITERATIONS - {"init", "estimator"}:
        default = parameters[parameter].default if parameter in parameters else None
        odd = [1, 0.5, "odd", [1], {"a": 1}, True] if parameter not in table else []
        for value in [*odd, Own(), len, Own, [Own()], DecisionTreeRegressor()]:
            if value is not default and value != default:
                assert path_of(model, **{iterations: 9, parameter: value}) is None, (parameter, value)


@pytest.mark.parametrize("name", BY_NAME)
def test_every_parameter_that_is_said_to_be_harmless_is_tried(name):
    model, table = BY_NAME[name]
    iterations = path_name(model)
    for parameter, values in table.items():
        if parameter in NAMES_OF_ITERATIONS or path_of(model, **{iterations: 9, parameter: "odd"}) is None:
            continue
        assert any(path_of(model, **{iterations: 9, parameter: value}) for value in values), parameter
