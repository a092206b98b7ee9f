"""What users put into pipelines of their own; its behaviour hangs on one number that is hidden somewhere in it."""

import functools
import zlib
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import FunctionTransformer, StandardScaler, scale


def times(X, factor=1.0):
    return X * factor


def offset_by(X, fitted):
    return X + fitted.mean_[0]


def fitted_scaler(number):
    return StandardScaler().fit(np.array([[number], [number + 2]]))


def _closure(number):
    def scaled(X):
        return X * number

    return scaled


def _over_fitted(number):
    fitted = fitted_scaler(number)
    return lambda X: X + fitted.mean_[0]


def _wrapping(number):
    @functools.wraps(scale)
    def scaled(X):
        return X * number

    return scaled


def _cached(number):
    @functools.lru_cache
    def factor():
        return number

    return lambda X: X * factor()


def _with_default(number):
    factors = defaultdict(lambda: number)
    return lambda X: X * factors.default_factory()


class Marked(dict):
    pass


def _with_marked(number):
    marked = Marked()
    marked.factor = number
    return lambda X: X * marked.factor


class Holder:
    """A callable with state."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, X):
        return X * self.factor


class Forgetful(Holder):
    """Leaves its state out when it is pickled, but not when it is copied."""

    def __getstate__(self):
        return {}

    def __deepcopy__(self, memo):
        return Forgetful(self.factor)


def _by_partialmethod(number):
    class Scaled:
        def apply(self, factor, X):
            return X * factor

        __call__ = functools.partialmethod(apply, number)

    return Scaled()


FUNCTIONS = {
    "lambda": lambda number: lambda X: X * number,
    "closure": _closure,
    "partial": lambda number: functools.partial(times, factor=number),
    "closure over a fitted estimator": _over_fitted,
    "partial of a fitted estimator": lambda number: functools.partial(offset_by, fitted=fitted_scaler(number)),
    "wraps": _wrapping,
    "lru_cache": _cached,
    "defaultdict": _with_default,
    "attribute of a dict": _with_marked,
    "holder": Holder,
    "holder of a fitted estimator": lambda number: Holder(fitted_scaler(number).mean_[0]),
    "forgetful holder": Forgetful,
    "partialmethod": _by_partialmethod,
}


class Scaling(TransformerMixin, BaseEstimator):
    """Writes into the rows that it is given, as ``how`` says."""

    def __init__(self, factor=2.0, how="copies"):
        self.factor = factor
        self.how = how

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return written(X, self.factor, self.how)


class Counting(TransformerMixin, BaseEstimator):
    """Learns from how often it was fitted and how it was used before; a fresh one always begins at nought."""

    def __init__(self, factor=2.0):
        self.factor = factor

    def fit(self, X, y=None):
        self.fits_ = getattr(self, "fits_", 0) + 1
        return self

    def transform(self, X):
        self.seen_ = getattr(self, "seen_", 0) + X.shape[0]
        return X * (self.fits_ * self.factor)


def written(X, factor, how):
    """Return rows times a factor; unless it "copies" it writes into X, whether or not that was locked."""
    part = X.data if hasattr(X, "tocsr") else X
    if how == "copies" or not isinstance(part, np.ndarray) or part.dtype.kind != "f":
        return X * factor
    if how == "unlocks":
        part.flags.writeable = True
    try:
        part *= factor
    except ValueError:
        if how != "catches":
            raise
    return X


def _looking_at_frames(number):
    """Return a function whose result depends on all that a frame says beside its values."""

    def looked(X):
        if not hasattr(X, "iloc"):
            return X
        categories = [list(dtype.categories) for dtype in X.dtypes if hasattr(dtype, "categories")]
        seen = repr((dict(X.attrs), X.index.names, X.columns.names, list(X.columns), categories, list(X.dtypes)))
        return X.select_dtypes("number") + zlib.crc32(seen.encode()) % 97 * np.arange(1, 1 + len(X))[:, None]

    return looked


def _own_class(number):
    class Own(TransformerMixin, BaseEstimator):
        offset = number

        def fit(self, X, y=None):
            self.fitted_ = True
            return self

        def transform(self, X):
            return X * self.offset

    return Own()


STEPS = {name: functools.partial(lambda make, number: FunctionTransformer(make(number)), make)
         for name, make in FUNCTIONS.items()}  # fmt: skip
STEPS |= {
    "kw_args": lambda number: FunctionTransformer(times, kw_args={"factor": number}),
    "fitted estimator in kw_args": lambda number: FunctionTransformer(
        offset_by, kw_args={"fitted": fitted_scaler(number)}
    ),
    "bound method": lambda number: FunctionTransformer(Holder(number).__call__),
    "frozen": lambda number: FrozenEstimator(FunctionTransformer(times, kw_args={"factor": number}).fit(np.eye(2))),
    "class in a function": _own_class,
    "looking at frames": lambda number: FunctionTransformer(_looking_at_frames(number)),
    "copying": Scaling,
    "writing": lambda number: Scaling(number, "writes"),
    "catching": lambda number: Scaling(number, "catches"),
    "unlocking": lambda number: Scaling(number, "unlocks"),
    "counting": Counting,
}


class _Writing(BaseEstimator):
    """A model that writes into the rows it is fitted on, and predicts on."""

    def __init__(self, factor=2.0, how="writes", alpha=1.0):
        self.factor = factor
        self.how = how
        self.alpha = alpha

    def fit(self, X, y):
        self.model_ = self._model().fit(written(X, self.factor, self.how), y)
        return self

    def predict(self, X):
        return self.model_.predict(written(X, self.factor, self.how))


class WritingRegressor(RegressorMixin, _Writing):
    def _model(self):
        return Ridge(alpha=self.alpha)


class WritingClassifier(ClassifierMixin, _Writing):
    def _model(self):
        return LogisticRegression(C=self.alpha, max_iter=15)

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return super().fit(X, y)


class OwnForestRegressor(RandomForestRegressor):
    """A subclass whose predictions depend on how many trees were asked for."""

    def predict(self, X):
        return super().predict(X) * self.n_estimators


class OwnForestClassifier(RandomForestClassifier):
    """A subclass that knows more about its training than its trees."""

    def fit(self, X, y, sample_weight=None):
        depth = 1 + self.n_estimators % 2
        self.set_params(max_depth=depth)
        return super().fit(X, y, sample_weight)


class Prefitted(RegressorMixin, BaseEstimator):
    """Adds to its predictions what a fitted estimator, given as an attribute of a function, says."""

    def __init__(self, offset=None):
        self.offset = offset

    def fit(self, X, y):
        self.model_ = Ridge().fit(X, y)
        return self

    def predict(self, X):
        return self.offset(self.model_.predict(X))


REGRESSORS = {
    "writing regressor": WritingRegressor,
    "catching regressor": lambda number: WritingRegressor(number, "catches"),
    "unlocking regressor": lambda number: WritingRegressor(number, "unlocks"),
    "own forest": lambda number: OwnForestRegressor(4, random_state=0),
    "prefitted": lambda number: Prefitted(_over_fitted(number)),
}
CLASSIFIERS = {
    "writing classifier": WritingClassifier,
    "catching classifier": lambda number: WritingClassifier(number, "catches"),
    "unlocking classifier": lambda number: WritingClassifier(number, "unlocks"),
    "own forest classifier": lambda number: OwnForestClassifier(4, random_state=0),
    "constant": lambda number: DummyClassifier(strategy="prior"),
}


@dataclass(frozen=True)
class Users:
    """Something of the user's, by its kind."""

    kind: str

    def build(self, number):
        return (STEPS | FUNCTIONS_AS_VALUES | REGRESSORS | CLASSIFIERS)[self.kind](number)


FUNCTIONS_AS_VALUES = {f"function: {name}": make for name, make in FUNCTIONS.items()}


def built(part, number):
    """Return a fresh object for a part of a case: of the user's, or of a library, alone or within others."""
    if hasattr(part, "build"):
        return part.build(number)
    if isinstance(part, list | tuple):
        return type(part)(built(one, number) for one in part)
    if isinstance(part, dict):
        return {name: built(one, number) for name, one in part.items()}
    if isinstance(part, type) or not hasattr(part, "get_params"):
        return part
    return clone(part)
