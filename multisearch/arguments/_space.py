"""The ``estimators`` argument: names, estimators and parameter distributions, checked before any work starts."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from multisearch._records import Competitor


def check_names(estimators: Any, reserved: Collection[str]) -> None:
    """Check that ``estimators`` is a list of triples with usable names.

    Parameters
    ----------
    estimators : object
        The constructor's argument, as it came.
    reserved : collection of str
        Names that an estimator cannot have: those of the constructor's arguments.

    Raises
    ------
    TypeError
        Where the list, a triple or a name is of the wrong type.
    ValueError
        Where there are no estimators, or a name is a duplicate or cannot be used in a parameter's name.
    """
    if isinstance(estimators, str | Mapping) or not isinstance(estimators, Sequence):
        raise TypeError(
            f"estimators must be a list of (name, estimator, param_distributions) triples, got {estimators!r}"
        )
    if not estimators:
        raise ValueError("estimators is empty; give at least one (name, estimator, param_distributions) triple")
    seen: set[str] = set()
    for entry in estimators:
        if isinstance(entry, str) or not isinstance(entry, Sequence) or len(entry) != 3:  # noqa: PLR2004 - a triple
            raise TypeError(f"estimators must hold (name, estimator, param_distributions) triples, got {entry!r}")
        _check_name(entry[0], seen, reserved)
        seen.add(entry[0])


def _check_name(name: Any, seen: Collection[str], reserved: Collection[str]) -> None:
    if not isinstance(name, str):
        raise TypeError(f"an estimator's name must be a string, got {name!r}")
    if not name or "__" in name:
        raise ValueError(f"{name!r} cannot name an estimator; give it a name that is not empty and has no '__' in it")
    if name in reserved:
        raise ValueError(f"{name!r} cannot name an estimator, because MultiModelSearchCV has an argument of that name")
    if name in seen:
        raise ValueError(f"two estimators are named {name!r}; give each a name of its own")


def check_space(name: str, estimator: Any, param_distributions: Any) -> Competitor:
    """Check one triple's estimator and parameters.

    Raises
    ------
    TypeError
        Where the estimator cannot be fitted or cloned, or the parameters are neither a dict nor a list of dicts.
    ValueError
        Where a parameter does not exist or has no values.
    """
    if isinstance(estimator, type) or not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
        hint = "; give an instance, not the class" if isinstance(estimator, type) else ""
        raise TypeError(
            f"estimator {name!r} must be a scikit-learn estimator with fit and get_params, got {estimator!r}{hint}"
        )
    spaces = [param_distributions] if isinstance(param_distributions, Mapping) else param_distributions
    if isinstance(spaces, str) or not isinstance(spaces, Sequence) or not all(isinstance(s, Mapping) for s in spaces):
        raise TypeError(
            f"the parameters of estimator {name!r} must be a dict or a list of dicts, got {param_distributions!r}"
        )
    if not spaces:
        raise ValueError(f"the parameters of estimator {name!r} are an empty list; {{}} stands for no parameters")
    for space in spaces:
        _check_values(name, space)
        _check_parameters_exist(name, estimator, space)
    return Competitor(name, estimator, tuple(spaces))


def _check_values(name: str, space: Mapping[str, Any]) -> None:
    for parameter in space:
        if not isinstance(parameter, str):
            raise TypeError(f"estimator {name!r}: a parameter's name must be a string, got {parameter!r}")
    lists = {parameter: values for parameter, values in space.items() if not hasattr(values, "rvs")}
    try:
        ParameterGrid(lists)
    except (TypeError, ValueError) as error:
        raise type(error)(f"estimator {name!r}: {error}") from None


def _check_parameters_exist(name: str, estimator: Any, space: Mapping[str, Any]) -> None:
    """Try unlisted names on a clone: some libraries take parameters that they only list once they are set."""
    known = estimator.get_params(deep=True)
    unlisted = [parameter for parameter in space if parameter not in known]
    if not unlisted:
        return
    listed = {parameter: _first_value(values) for parameter, values in space.items() if parameter in known}
    trial = clone(estimator).set_params(**clone(listed, safe=False))
    for parameter in unlisted:
        try:
            trial.set_params(**{parameter: _first_value(space[parameter])})
        except (ValueError, AttributeError, TypeError) as error:
            close = difflib.get_close_matches(parameter, trial.get_params(deep=True), n=1, cutoff=0.0)
            hint = f"; the closest is {close[0]!r}" if close else ""
            raise ValueError(f"Invalid parameter {parameter!r} for estimator {name!r}{hint}") from error


def _first_value(values: Any) -> Any:
    return values.rvs(random_state=0) if hasattr(values, "rvs") else next(iter(values))
