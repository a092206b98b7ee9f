"""The only place that touches names which scikit-learn keeps private, each with the reason.

``_safe_split``
    Rows of X and y for a fold, also where X is a precomputed kernel. Every public splitter helper lacks the latter.
``_safe_indexing``
    Rows of anything that scikit-learn accepts as data, without converting it.
``_num_samples``
    The number of rows of anything that scikit-learn accepts as data.
``_check_method_params``
    Which fit parameters have one entry per row, and those entries' rows, exactly as GridSearchCV decides it.
``_score``
    A scorer's result checked, with GridSearchCV's warnings and errors.
``_BaseScorer``, ``_Scorer``, ``_PassthroughScorer``, ``_MultimetricScorer``
    The classes behind ``check_scoring``; needed to know which scorers look at nothing but predictions.
``_VisualBlock``, ``_callback_support``
    What draws estimators in notebooks, and what ends the callbacks of a fit (since 1.9; before, there are none).
``_routing_enabled``
    Whether metadata routing is on; the public ``get_config`` says the same, at several times the cost.
"""

from __future__ import annotations

import copy
import inspect
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sklearn.metrics._scorer import _BaseScorer as BaseScorer
from sklearn.metrics._scorer import _MultimetricScorer as MultimetricScorer
from sklearn.metrics._scorer import _PassthroughScorer as PassthroughScorer
from sklearn.metrics._scorer import _Scorer as Scorer
from sklearn.model_selection._validation import _score as checked_score
from sklearn.utils import _safe_indexing as take_rows
from sklearn.utils._repr_html.estimator import _VisualBlock as VisualBlock
from sklearn.utils.metadata_routing import _routing_enabled as routing_enabled
from sklearn.utils.metaestimators import _safe_split as safe_split
from sklearn.utils.validation import _check_method_params as check_method_params
from sklearn.utils.validation import _num_samples as count_rows

try:
    from sklearn.callback import CallbackSupportMixin
    from sklearn.callback._callback_support import callback_management_context as callbacks_ended_after
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for what scikit-learn 1.9 brings: without it nobody can set callbacks."""

    def callbacks_ended_after(_: Any) -> AbstractContextManager[None]:
        """Do nothing: there are no callbacks."""
        return nullcontext()


__all__ = [
    "BaseScorer",
    "CallbackSupportMixin",
    "MultimetricScorer",
    "PassthroughScorer",
    "Scorer",
    "VisualBlock",
    "asks_once",
    "callbacks_ended_after",
    "check_method_params",
    "checked_score",
    "count_rows",
    "multimetric_scorers",
    "raising",
    "routing_enabled",
    "safe_split",
    "take_rows",
    "truncate_hist_gradient_boosting",
    "weighs_samples",
]


def multimetric_scorers(scorer: Any) -> dict[str, Any]:
    """Return the scorers by metric name that a multimetric scorer asks; it has no public attribute for them."""
    scorers: dict[str, Any] = scorer._scorers
    return scorers


def raising(scorer: Any) -> Any:
    """Return a scorer that raises whatever goes wrong; that for several metrics may give back its text instead."""
    if not isinstance(scorer, MultimetricScorer) or scorer._raise_exc:
        return scorer
    strict = copy.copy(scorer)
    strict._raise_exc = True
    return strict


def asks_once(scorer: Any) -> bool:
    """Say whether a scorer of scikit-learn's asks a model for one prediction only, whatever it computes from it.

    Of several metrics each may ask in its own way; those that ask in the same are given one and the same answer.
    """
    if not isinstance(scorer, MultimetricScorer):
        return True
    scorers = list(multimetric_scorers(scorer).values())
    if len(scorers) == 1:
        return True
    if not all(isinstance(one, BaseScorer) for one in scorers):
        return False
    first = scorers[0]._response_method
    return all(one._response_method == first for one in scorers)


def truncate_hist_gradient_boosting(estimator: Any, n_iterations: int) -> None:
    """Cut a fitted HistGradientBoosting model back to its first iterations, in place.

    Its trees are in ``_predictors``, one list per iteration, and everything that predicts loops over them; scikit-learn
    offers no public way to predict with fewer iterations than were fitted except the staged methods, which scorers
    cannot call.
    """
    estimator._predictors = copy.copy(estimator._predictors[:n_iterations])
    estimator.train_score_ = estimator.train_score_[: n_iterations + 1]
    estimator.validation_score_ = estimator.validation_score_[: n_iterations + 1]


def weighs_samples(scorer: Any) -> bool | None:
    """Say whether a scorer takes sample weights; None where this scikit-learn passes them to no scorer.

    GridSearchCV hands ``sample_weight`` to its scorer since 1.8 (without metadata routing), by a private method of
    scikit-learn's scorers.
    """
    if not hasattr(BaseScorer, "_accept_sample_weight"):
        return None
    if hasattr(scorer, "_accept_sample_weight"):
        return bool(scorer._accept_sample_weight())
    return "sample_weight" in inspect.signature(scorer).parameters
