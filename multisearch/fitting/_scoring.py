"""Scorers: which one serves which estimator, and when a scorer may be shown transformed rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.metrics import check_scoring
from sklearn.utils import get_tags

from multisearch._records import Scores
from multisearch._sklearn_compat import (
    BaseScorer,
    MultimetricScorer,
    PassthroughScorer,
    checked_score,
    multimetric_scorers,
    routing_enabled,
)


def make_scorers(estimators: Mapping[str, Any], scoring: Any, error_score: Any) -> dict[str, Any]:
    """Return every estimator's scorer; ``scoring=None`` stands for its own ``score`` method.

    Raises
    ------
    ValueError, TypeError
        Where scikit-learn knows no such scorer, or an estimator has no ``score`` method to fall back on.
    """
    if callable(scoring):
        return dict.fromkeys(estimators, scoring)
    if scoring is None:
        return {name: check_scoring(estimator) for name, estimator in estimators.items()}
    first = next(iter(estimators.values()))
    return dict.fromkeys(estimators, check_scoring(first, scoring, raise_exc=error_score == "raise"))


def only_looks_at_predictions(scorer: Any, score_params: Mapping[str, Any]) -> bool:
    """Say whether a Pipeline's last step on transformed rows gets the same score as the Pipeline on the rows as given.

    True for scikit-learn's own scorers, which call ``predict`` and the like. A callable of the user's is shown the
    whole Pipeline and the rows as given, because it may look at anything.
    """
    if score_params and routing_enabled():
        return False
    if isinstance(scorer, MultimetricScorer):
        return all(only_looks_at_predictions(one, score_params) for one in multimetric_scorers(scorer).values())
    return isinstance(scorer, BaseScorer | PassthroughScorer)


def score(scorer: Any, model: Any, rows: tuple[Any, Any], params: Mapping[str, Any], error_score: Any) -> Scores:
    """Score a fitted model on X and y, with ``error_score`` where the scorer fails and a warning that says so."""
    X, y = rows
    scores: Scores = checked_score(model, X, y, scorer, dict(params), error_score)
    return scores


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
