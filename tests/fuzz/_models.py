"""Models at the end of pipelines: scikit-learn's by introspection, gradient boosting libraries, the user's own."""

import functools

from fuzz._parameters import instances, stands_alone
from fuzz._users import CLASSIFIERS, REGRESSORS, Users
from hypothesis import strategies as st
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, BaggingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.utils import all_estimators

_LEFT_OUT = {
    "CalibratedClassifierCV", "GammaRegressor", "GaussianProcessClassifier", "GaussianProcessRegressor",
    "IsotonicRegression", "LogisticRegressionCV", "PassiveAggressiveClassifier", "PassiveAggressiveRegressor",
    "QuantileRegressor", "RadiusNeighborsClassifier", "RadiusNeighborsRegressor", "TheilSenRegressor",
}  # fmt: skip
"""What needs positive or one-dimensional data, takes much time, or goes away."""

PATHS = {"BaggingClassifier", "BaggingRegressor", "RandomForestClassifier", "RandomForestRegressor",
         "ExtraTreesClassifier", "ExtraTreesRegressor", "GradientBoostingClassifier", "GradientBoostingRegressor",
         "AdaBoostClassifier", "AdaBoostRegressor", "HistGradientBoostingClassifier",
         "HistGradientBoostingRegressor"}  # fmt: skip
"""Those in which one fit may serve several candidates."""


@functools.cache
def _classes(kind):
    known = all_estimators(type_filter=kind)
    return [found for name, found in known if name not in _LEFT_OUT and stands_alone(found)]


def _sklearns(kind):
    classes = _classes(kind)
    usual = [one for one in classes if one.__name__ in PATHS]
    return st.one_of(st.sampled_from(usual), st.sampled_from(classes)).flatmap(instances)


@st.composite
def _lightgbms(draw, kind):
    import lightgbm

    given = draw(
        st.fixed_dictionaries(
            {"n_estimators": st.just(4), "random_state": st.sampled_from([None, 0, 1])},
            optional={
                "boosting_type": st.sampled_from(["gbdt", "dart", "goss", "rf"]),
                "subsample": st.sampled_from([0.7, 1.0]),
                "subsample_freq": st.just(1),
                "colsample_bytree": st.just(0.6),
                "num_leaves": st.sampled_from([3, 7]),
                "extra_trees": st.just(True),
                "linear_tree": st.just(True),
            },
        )
    )
    made = lightgbm.LGBMRegressor if kind == "regressor" else lightgbm.LGBMClassifier
    return made(n_jobs=1, verbose=-1, min_child_samples=5, **given)


def _sizes():
    """Draw a number of iterations; the larger one is not used up where the model stops early."""
    return st.sampled_from([4, 4, 25])


@st.composite
def _xgboosts(draw, kind):
    import xgboost

    given = draw(
        st.fixed_dictionaries(
            {"n_estimators": _sizes(), "random_state": st.sampled_from([None, 0, 1])},
            optional={
                "booster": st.sampled_from(["gbtree", "dart", "gblinear"]),
                "subsample": st.just(0.7),
                "colsample_bynode": st.just(0.6),
                "max_depth": st.sampled_from([1, 3]),
                "num_parallel_tree": st.just(2),
                "tree_method": st.sampled_from(["exact", "hist", "approx"]),
                "rate_drop": st.just(0.5),
                "early_stopping_rounds": st.just(None),
                "eval_metric": st.sampled_from(["rmse", ["rmse", "error"], "auc"]),
                "learning_rate": st.just(0.5),
            },
        )
    )
    given.setdefault("booster", "gbtree")
    if given["booster"] != "dart":
        given.pop("rate_drop", None)
    boosted, forests = (
        (xgboost.XGBRegressor, xgboost.XGBRFRegressor)
        if kind == "regressor"
        else (xgboost.XGBClassifier, xgboost.XGBRFClassifier)
    )
    return draw(st.sampled_from([boosted, boosted, forests]))(n_jobs=1, **given)


@st.composite
def _catboosts(draw, kind):
    import catboost

    made = catboost.CatBoostRegressor if kind == "regressor" else catboost.CatBoostClassifier
    given = draw(
        st.fixed_dictionaries(
            {"n_estimators": _sizes()},
            optional={
                "depth": st.just(2),
                "bootstrap_type": st.just("No"),
                "learning_rate": st.sampled_from([0.3, 0.8]),
                "metric_period": st.just(3),
            },
        )
    )
    return made(random_seed=0, thread_count=1, verbose=False, allow_writing_files=False, **given)


def _wrapped(kind):
    base = Ridge if kind == "regressor" else LogisticRegression
    bag = BaggingRegressor if kind == "regressor" else BaggingClassifier
    some = [
        bag(base(), n_estimators=3, random_state=0),
        GridSearchCV(base(), {"alpha": [0.1, 1.0]} if kind == "regressor" else {"C": [0.1, 1.0]}, cv=2),
    ]
    if kind == "regressor":
        some += [
            TransformedTargetRegressor(Ridge(), func=_shifted, inverse_func=_shifted_back),
            MultiOutputRegressor(Ridge()),
        ]
    return st.sampled_from(some)


def _shifted(y):
    return y + 1


def _shifted_back(y):
    return y - 1


def _usual(kind):
    if kind == "regressor":
        return st.sampled_from([Ridge(), RandomForestRegressor(4, random_state=0), KNeighborsRegressor(3)])
    some = [LogisticRegression(max_iter=15), RandomForestClassifier(4, random_state=0), KNeighborsClassifier(3)]
    return st.sampled_from(some)


def models(data):
    """Draw a model for some data."""
    kind = "regressor" if data.is_regression else "classifier"
    own = sorted(REGRESSORS if data.is_regression else CLASSIFIERS)
    takes_xgboost = data.target != "multiclass"  # whose labels are words
    return st.one_of(
        _usual(kind),
        _sklearns(kind),
        _sklearns(kind),
        _lightgbms(kind),
        _xgboosts(kind) if takes_xgboost else _lightgbms(kind),
        _wrapped(kind),
        st.sampled_from(own).map(Users),
        st.integers(0, 4).flatmap(lambda drawn: _catboosts(kind) if drawn == 4 else _usual(kind)),
    )
