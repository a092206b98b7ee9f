"""What can be known of models before any work: metrics that they lack, labels that they refuse, fits that all fail."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from multisearch._records import Competitor, StoppingRule
from multisearch.arguments._early_stopping import models_of
from multisearch.families import Family, family_of, prefix_of_last_step, stopping_family_of


def check_models(
    competitors: Sequence[Competitor],
    rules: Mapping[str, StoppingRule],
    fit_params: Mapping[str, Mapping[str, Any]],
    y: Any,
) -> None:
    """Check that models can be fitted, and stopped, as far as that can be known without fitting them.

    Parameters
    ----------
    competitors : sequence of Competitor
    rules : mapping of str to StoppingRule
        How each estimator stops early; without those that do not.
    fit_params : mapping of str to mapping
        What each estimator's ``fit`` is given.
    y : object

    Raises
    ------
    ValueError
        Where a model has no such metric, is given other rows to stop by, or would fail in each of its fits.
    """
    for competitor in competitors:
        rule = rules.get(competitor.name)
        own = _of_model(competitor, fit_params[competitor.name])
        if rule is None:
            _check_own_stopping(competitor, own)
        else:
            _check_stopping(competitor, rule, own)
        _check_labels(competitor, y)


def _of_model(competitor: Competitor, fit_params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fit parameters of an estimator's last step, by the names that the model knows."""
    prefix = prefix_of_last_step(competitor.estimator)
    return {name.removeprefix(prefix): value for name, value in fit_params.items()}


def _check_stopping(competitor: Competitor, rule: StoppingRule, fit_params: Mapping[str, Any]) -> None:
    for model in models_of(competitor):
        family = stopping_family_of(model)
        if family is None:
            continue
        for name in family.stopping_params:
            if name in fit_params:
                raise ValueError(
                    f"fit is given {name} for estimator {competitor.name!r}, which stops early by the rows that "
                    "EarlyStopping chooses; leave out one of the two"
                )
        if rule.monitor is None or _searches(competitor, family.metric_params):
            continue
        objection = family.objection_to_monitor(model, rule.monitor, fit_params)
        if objection is not None:
            raise ValueError(
                f"EarlyStopping's monitor={rule.monitor!r} is no metric of estimator {competitor.name!r}: {objection}; "
                "where estimators have different metrics, give early_stopping as a dict by estimator name"
            )


def _check_own_stopping(competitor: Competitor, fit_params: Mapping[str, Any]) -> None:
    parameter = _common(competitor, lambda family, model: family.stops_by_itself(model, fit_params))
    if parameter is None:
        return
    if not _searches(competitor, [parameter]):
        raise ValueError(
            f"estimator {competitor.name!r} sets {parameter}, but nobody gives its fits rows to stop by, so that all "
            f"would fail; leave {parameter} out, and give the search an EarlyStopping in its place"
        )


def _check_labels(competitor: Competitor, y: Any) -> None:
    wanted = _common(competitor, lambda family, model: family.objection_to_labels(model, y))
    if wanted is not None:
        labels = reprlib.repr(np.unique(np.asarray(y)).tolist())
        raise ValueError(
            f"estimator {competitor.name!r} cannot be fitted: {wanted}, and those in y are {labels}; encode y for all "
            "estimators, as sklearn.preprocessing.LabelEncoder does"
        )


def _searches(competitor: Competitor, parameters: Iterable[str]) -> bool:
    """Say whether a parameter of an estimator's last step is among those that are searched."""
    prefix = prefix_of_last_step(competitor.estimator)
    return any(f"{prefix}{name}" in space for name in parameters for space in competitor.spaces)


def _common(competitor: Competitor, say: Callable[[Family, Any], str | None]) -> str | None:
    """Return what families say of the models that an estimator may end in, if they say something of each of them."""
    said = [_of_family(model, say) for model in models_of(competitor)]
    return said[0] if all(one is not None for one in said) else None


def _of_family(model: Any, say: Callable[[Family, Any], str | None]) -> str | None:
    family = family_of(model)
    return None if family is None else say(family, model)
