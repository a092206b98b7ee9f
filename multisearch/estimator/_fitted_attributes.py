"""From outcomes to the attributes of a fitted search, those that are made when asked for, and the winner's refit."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from multisearch._records import Candidate, Outcome, Refit
from multisearch._sklearn_compat import MultimetricScorer, multimetric_scorers
from multisearch.arguments._early_stopping import iterations_for_refit
from multisearch.arguments._prepare import check_refit
from multisearch.callbacks import Callback
from multisearch.engines import Engine
from multisearch.fitting import Problem
from multisearch.loop import SearchResult, refit_candidate
from multisearch.results import (
    HistoryRow,
    ResultTable,
    failure_rows,
    failures_frame,
    histories_frame,
    history_rows,
    report_failures,
    report_used_up,
    select_best,
)

if TYPE_CHECKING:
    import pandas as pd

FITTED_ATTRIBUTES = (
    "_histories",
    "best_estimator_",
    "best_estimator_name_",
    "best_index_",
    "best_n_iterations_",
    "best_params_",
    "best_score_",
    "feature_names_in_",
    "refit_time_",
)
"""What a fit may leave out, and so must not leave over from an earlier one."""

PARTIAL_ATTRIBUTES = ("_partial_results", "_partial_failures")
"""What a fit leaves that has not come to its end."""


class FoundTablesMixin:
    """What a search has found besides scikit-learn's attributes; DataFrames are made when they are asked for."""

    @property
    def failures_(self) -> pd.DataFrame:
        """One row for every evaluation that failed in the last fit, whether or not that came to its end."""
        rows = vars(self).get("_partial_failures", vars(self).get("_failures"))
        if rows is None:
            raise AttributeError(f"this {type(self).__name__} has no failures_, since it is not fitted")
        return failures_frame(rows)

    @property
    def histories_(self) -> pd.DataFrame:
        """One row for every iteration of every fit that stopped early, and every metric on its stopping rows."""
        rows = vars(self).get("_histories")
        if rows is None:
            raise AttributeError(
                f"this {type(self).__name__} has no histories_, since it is not fitted with early_stopping"
            )
        return histories_frame(rows)

    @property
    def partial_results_(self) -> dict[str, Any]:
        """Like ``cv_results_``, of the candidates that were finished when ``fit`` was interrupted or failed."""
        found: dict[str, Any] | None = vars(self).get("_partial_results")
        if found is None:
            raise AttributeError(
                f"this {type(self).__name__} has no partial_results_, since no fit was interrupted; see cv_results_"
            )
        return found


def conclude(problem: Problem, result: SearchResult, refit: Any) -> dict[str, Any]:
    """Return the attributes that all outcomes together make, except those of the refit.

    Raises
    ------
    ValueError
        Where every fit failed, or ``refit`` names none of the metrics that a callable returned.
    """
    outcomes = [result.outcomes[key] for key in sorted(result.outcomes)]
    report_failures(outcomes, problem.error_score)
    report_used_up(result.candidates, outcomes)
    n_folds = len(problem.folds[0])
    table = ResultTable(result.candidates, n_folds, result.outcomes, _error_score(problem))
    metrics = table.metrics
    check_refit(refit, metrics)
    cv_results = _cv_results(problem, table)
    attributes: dict[str, Any] = {
        "cv_results_": cv_results,
        "n_splits_": n_folds,
        "multimetric_": metrics is not None,
        "_failures": failure_rows(result.candidates, outcomes),
        "search_stats_": result.stats,
        "scorer_": _public_scorer(next(iter(problem.scorers.values()))),
    }
    if problem.early_stopping:
        attributes["_histories"] = _histories(problem, result.candidates, outcomes)
    if not refit and metrics is not None:
        return attributes
    metric = refit if metrics is not None and isinstance(refit, str) else "score"
    index = select_best(refit, metric, cv_results)
    best = result.candidates[index]
    attributes |= {
        "best_index_": index,
        "best_estimator_name_": best.estimator,
        "best_params_": cv_results["params"][index],
        "scorer_": _public_scorer(problem.scorers[best.estimator]),
    }
    if not callable(refit):
        attributes["best_score_"] = cv_results[f"mean_test_{metric}"][index]
    if problem.early_stopping:
        attributes["best_n_iterations_"] = _best_iterations(problem, result, index)
    return attributes


def _error_score(problem: Problem) -> float:
    return np.nan if problem.error_score == "raise" else float(problem.error_score)


def _cv_results(problem: Problem, table: ResultTable) -> dict[str, Any]:
    return table.to_cv_results(with_train_scores=problem.return_train_score, with_iterations=problem.early_stopping)


def _histories(problem: Problem, candidates: Sequence[Candidate], outcomes: Sequence[Outcome]) -> list[HistoryRow]:
    """Return the histories that are to be kept; a journal may know more of them."""
    is_kept = {name: rule.keep_history for name, rule in problem.rules.items()}
    return history_rows(
        candidates, [one for one in outcomes if is_kept.get(candidates[one.candidate].estimator, False)]
    )


def partial_attributes(
    problem: Problem, candidates: Sequence[Candidate], outcomes: Mapping[tuple[int, int], Outcome]
) -> dict[str, Any]:
    """Return what there is to know of a search that did not come to its end: results, and what failed."""
    in_order = [outcomes[place] for place in sorted(outcomes)]
    known = _results_of_finished(problem, candidates, outcomes), failure_rows(candidates, in_order)
    return dict(zip(PARTIAL_ATTRIBUTES, known, strict=True))


def _results_of_finished(
    problem: Problem, candidates: Sequence[Candidate], outcomes: Mapping[tuple[int, int], Outcome]
) -> dict[str, Any]:
    """Return ``cv_results_`` of the candidates whose folds are all done."""
    n_folds = len(problem.folds[0])
    finished = [one for one in candidates if all((one.index, fold) in outcomes for fold in range(n_folds))]
    if not finished:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is said about results belongs to a search that has come to its end
        return _cv_results(problem, ResultTable(finished, n_folds, outcomes, _error_score(problem)))


def _public_scorer(scorer: Any) -> Any:
    return multimetric_scorers(scorer) if isinstance(scorer, MultimetricScorer) else scorer


def _best_iterations(problem: Problem, result: SearchResult, index: int) -> int | None:
    """Return the iterations for the refit; None where the winner did not stop early."""
    candidate = result.candidates[index]
    rule = problem.rule_of(candidate)
    found = [result.outcomes[index, fold].n_iterations for fold in range(len(problem.folds[0]))]
    iterations = [count for count in found if count is not None]
    return None if rule is None or not iterations else iterations_for_refit(rule, iterations)


def refitted(
    engine: Engine, fitted: dict[str, Any], callbacks: Sequence[Callback], distrusted: Collection[str]
) -> dict[str, Any]:
    """Fit the winner on all rows, without short cuts if it is distrusted; return the attributes that come of it."""
    candidate = Candidate(fitted["best_index_"], fitted["best_estimator_name_"], fitted["best_params_"])
    iterations, is_plain = fitted.get("best_n_iterations_"), candidate.estimator in distrusted
    result = refit_candidate(engine, Refit("refit", candidate, iterations, plain=is_plain), callbacks)
    attributes = {"best_estimator_": result.estimator, "refit_time_": result.seconds}
    if hasattr(result.estimator, "feature_names_in_"):
        attributes["feature_names_in_"] = result.estimator.feature_names_in_
    return attributes
