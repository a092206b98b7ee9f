"""Scorers: which one serves which estimator, and when a scorer may be shown transformed rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.metrics import check_scoring
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from multisearch._interrupts import raise_interrupt
from multisearch._records import Scores
from multisearch._sklearn_compat import (
    BaseScorer,
    MultimetricScorer,
    PassthroughScorer,
    Scorer,
    asks_once,
    checked_score,
    multimetric_scorers,
    raising,
    routing_enabled,
)
from multisearch.families import active_steps, is_exactly, is_known, kind_of, last_step

_USUAL_KINDS = {"classifier", "regressor"}
_USUAL_PACKAGES = ("sklearn.", "lightgbm.", "scikeras.", "xgboost.", "catboost.")
"""Whose classifiers score by accuracy and whose regressors by R2, some through a ``score`` of their own."""

_UNUSUAL_MODULES = ("sklearn.linear_model._glm",)
"""Modules in these packages that score otherwise: generalised linear models by D2."""


def make_scorers(estimators: Mapping[str, Any], scoring: Any, error_score: Any) -> dict[str, Any]:
    """Return every estimator's scorer; ``scoring=None`` stands for its own ``score`` method.

    Raises
    ------
    ValueError, TypeError
        Where scikit-learn knows no such scorer, or estimators have no ``score`` methods to fall back on, or have such
        that compute different things.
    """
    if callable(scoring):
        return dict.fromkeys(estimators, scoring)
    if scoring is None:
        scorers = {name: check_scoring(estimator) for name, estimator in estimators.items()}
        _check_one_meaning(estimators)
        return scorers
    first = next(iter(estimators.values()))
    return dict.fromkeys(estimators, check_scoring(first, scoring, raise_exc=error_score == "raise"))


def _check_one_meaning(estimators: Mapping[str, Any]) -> None:
    """Raise ValueError where estimators' own scores cannot be compared, such as R2 with a mean squared error."""
    meanings = {name: _meaning_of_score(last_step(estimator)) for name, estimator in estimators.items()}
    if len(set(meanings.values())) > 1:
        listed = ", ".join(f"that of {name!r} is {meaning}" for name, meaning in meanings.items())
        raise ValueError(
            f"scoring=None compares the estimators by their own score methods, which differ here: {listed}; "
            "set scoring to one scorer for all"
        )


def _meaning_of_score(model: Any) -> str:
    """Name what a model's ``score`` computes: accuracy or R2 as most do, or the method of its own that computes it."""
    if hasattr(model, "scoring") and hasattr(model, "refit"):  # a search scores by what it was told to
        return "its kind's usual one" if model.scoring is None else f"{model.scoring!r}"
    definer = next((base for base in type(model).__mro__ if "score" in vars(base)), type(model))
    usual = kind_of(model) in _USUAL_KINDS and definer.__module__.startswith(_USUAL_PACKAGES)
    if usual and not definer.__module__.startswith(_UNUSUAL_MODULES):
        return "its kind's usual one"
    return f"{definer.__module__}.{definer.__qualname__}.score"


def only_looks_at_predictions(scorer: Any, score_params: Mapping[str, Any]) -> bool:
    """Say whether all that a scorer asks of a model are predictions of the rows that it is given.

    True for scikit-learn's own scorers, which call ``predict`` and the like. A callable of the user's may look at
    anything, and so may a subclass of scikit-learn's, or a scorer on which a method was set.
    """
    if score_params and routing_enabled():
        return False
    if is_exactly(scorer, "sklearn", MultimetricScorer.__name__):
        return all(only_looks_at_predictions(one, score_params) for one in multimetric_scorers(scorer).values())
    return is_exactly(scorer, "sklearn", Scorer.__name__, PassthroughScorer.__name__)


def scores_on_transformed_rows(estimator: Any, scorer: Any, score_params: Mapping[str, Any]) -> bool:
    """Say whether a Pipeline's last step on transformed rows gets the same score as the Pipeline on the rows as given.

    A subclass may predict in a way of its own. A transformer that is not known may transform the same rows otherwise
    the next time, so that it has to be asked as often as the Pipeline would ask it.
    """
    if not (is_exactly(estimator, "sklearn", Pipeline.__name__) and only_looks_at_predictions(scorer, score_params)):
        return False
    return asks_once(scorer) or all(is_known(step) for _, step in active_steps(estimator))


def score(scorer: Any, model: Any, rows: tuple[Any, Any], params: Mapping[str, Any], error_score: Any) -> Scores:
    """Score a fitted model on X and y, with ``error_score`` where the scorer fails and a warning that says so.

    scikit-learn would make a score of what the user has interrupted a scorer with, too, so that it is only told what
    came of asking the scorer.
    """
    X, y = rows
    told = _Answer(scorer)
    try:
        told.scores = raising(scorer)(model, *((X,) if y is None else rows), **params)
    except Exception as error:  # noqa: BLE001 - a scorer may raise anything, of which scikit-learn makes a score
        raise_interrupt(error)
        told.error = error
    if told.error is None:  # so that whatever is raised from here on is no failure of the scorer's
        error_score = "raise"
    asked = scorer if told.error is not None and isinstance(scorer, MultimetricScorer) else told
    scores: Scores = checked_score(model, X, y, asked, dict(params), error_score)
    return scores


class _Answer:
    """Stands for a scorer, and gives the answer that it has given."""

    def __init__(self, scorer: Any) -> None:
        self._scorer = scorer
        self.scores: Any = None
        self.error: Exception | None = None

    def __call__(self, *_: Any, **__: Any) -> Any:
        if self.error is not None:
            raise self.error
        return self.scores

    def __repr__(self) -> str:
        return repr(self._scorer)


def announced(model: Any, kind: str | None, scorer: Any) -> Any:
    """Return what scikit-learn's scorers should be shown for a model that does not announce what it is.

    They ask the model's tags whether it is a classifier before they call ``predict_proba``; see
    `multisearch.families.kind_of`. Other scorers are shown the model itself.
    """
    scikit_learns = isinstance(scorer, BaseScorer | PassthroughScorer | MultimetricScorer)
    if kind is None or not scikit_learns or get_tags(model).estimator_type is not None:
        return model
    return _Announced(model, kind)


class _Announced:
    """A model with its kind in its tags; everything else is the model's own."""

    def __init__(self, model: Any, kind: str) -> None:
        self._model = model
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def __sklearn_tags__(self) -> Any:
        tags = get_tags(self._model)
        tags.estimator_type = self._kind
        return tags
