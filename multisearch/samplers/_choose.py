"""Which sampler serves which estimator: the meaning of ``n_iter``."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

from multisearch._records import Competitor
from multisearch.samplers._base import Sampler
from multisearch.samplers._grid import GridSampler
from multisearch.samplers._random import RandomSampler


def make_samplers(competitors: Sequence[Competitor], n_iter: Any, random_state: Any) -> dict[str, Sampler]:
    """Make a sampler for every estimator.

    Parameters
    ----------
    competitors : sequence of Competitor
    n_iter : int, dict of str to int, or None
        How many settings to draw; None takes every estimator's full grid.
    random_state : int, RandomState or None
        An int gives every estimator the settings that RandomizedSearchCV would draw for it alone.

    Raises
    ------
    TypeError, ValueError
        Where ``n_iter`` is no positive whole number, names an unknown estimator, or is missing for a distribution.
    """
    budgets = _budgets([competitor.name for competitor in competitors], n_iter)
    samplers: dict[str, Sampler] = {}
    for competitor in competitors:
        budget = budgets[competitor.name]
        if budget is not None:
            samplers[competitor.name] = RandomSampler(competitor, budget, random_state)
            continue
        if competitor.distributions:
            raise ValueError(
                f"estimator {competitor.name!r} draws {competitor.distributions[0]!r} from a distribution, which has "
                "no full grid; set n_iter to the number of settings to draw, or give a list of values"
            )
        samplers[competitor.name] = GridSampler(competitor)
    return samplers


def _budgets(names: Sequence[str], n_iter: Any) -> dict[str, int | None]:
    if not isinstance(n_iter, Mapping):
        return dict.fromkeys(names, _checked("n_iter", n_iter))
    for name in n_iter:
        if name not in names:
            raise ValueError(f"n_iter names {name!r}, which is no estimator; there are {', '.join(map(repr, names))}")
    return {name: _checked(f"n_iter[{name!r}]", n_iter.get(name)) for name in names}


def _checked(what: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{what} must be a whole number or None, got {value!r}")
    if value < 1:
        raise ValueError(f"{what} must be at least 1, got {value!r}; None stands for the full grid")
    return int(value)
