"""When a candidate's fit may serve others too: how far along its path parameter it goes."""

from __future__ import annotations

from numbers import Integral

from sklearn.base import clone

from multisearch._records import Candidate
from multisearch._sklearn_compat import asks_once, routing_enabled
from multisearch.families import family_of, is_plain_pipeline, is_resampling_pipeline, prefix_of_last_step
from multisearch.fitting._problem import Problem
from multisearch.fitting._scoring import only_looks_at_predictions, scores_on_transformed_rows

_HARMLESS_FIT_PARAMS = {"sample_weight"}
"""What a model may be given besides X and y; anything else may depend on the number of iterations."""


def path_of(problem: Problem, candidate: Candidate) -> tuple[str, int] | None:
    """Return a candidate's path parameter, by its name among the candidate's, and its value; None if it has none.

    Candidates that agree on everything else are served by the fit of the largest value. That takes a model whose
    family says so, scorers that look at predictions only, and nobody who watches the fits.
    """
    model = problem.model_of(candidate)
    family = family_of(model)
    if family is None or problem.monitor is not None or problem.rule_of(candidate) is not None:
        return None
    estimator = problem.estimators[candidate.estimator]
    if is_resampling_pipeline(estimator):
        return None  # samplers draw other rows in each fit
    prefix = prefix_of_last_step(estimator)
    own = {name.removeprefix(prefix): value for name, value in candidate.params.items() if name.startswith(prefix)}
    if any("__" in name for name in own):
        model = clone(model).set_params(**clone(own, safe=False))  # what is inside it may be changed, too
        own_params = model.get_params(deep=False)
    else:
        own_params = {**model.get_params(deep=False), **own}
    name = family.path_parameter(model, own_params)
    value = None if name is None else own.get(name)
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        return None
    if not (_fit_params_are_harmless(problem, candidate, prefix) and _scores_predictions(problem, candidate)):
        return None
    return f"{prefix}{name}", int(value)


def _fit_params_are_harmless(problem: Problem, candidate: Candidate, prefix: str) -> bool:
    given = problem.fit_params[candidate.estimator]
    names = given if routing_enabled() else [name for name in given if name.startswith(prefix)]
    return {name.removeprefix(prefix) for name in names} <= _HARMLESS_FIT_PARAMS


def _scores_predictions(problem: Problem, candidate: Candidate) -> bool:
    """Say whether scorers see nothing of the model but its predictions, each of them as in a fit of its own."""
    name = candidate.estimator
    scorer, score_params = problem.scorers[name], problem.score_params[name]
    if not is_plain_pipeline(problem.estimators[name]):
        return only_looks_at_predictions(scorer, score_params)
    estimator = problem.estimators[name] if asks_once(scorer) else problem.build(candidate)
    return scores_on_transformed_rows(estimator, scorer, score_params)
