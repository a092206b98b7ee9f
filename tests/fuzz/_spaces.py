"""Parameter spaces for a pipeline: lists, distributions, other steps, functions, seeds and lengths of paths."""

import numpy as np
from fuzz._parameters import values_by_parameter
from fuzz._steps import steps
from fuzz._users import FUNCTIONS_AS_VALUES, Users
from hypothesis import strategies as st
from scipy import stats

_TUNED = {"alpha": [0.1, 1.0, 10.0], "C": [0.1, 1.0], "n_neighbors": [1, 3, 5], "factor": [0.5, 2.0, -1.0]}
"""Parameters that are tuned wherever they are found, also inside other estimators."""


def _lists(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=3)


def _of_library_part(part, name):
    """Return what may be tried for the parameters of one estimator, by their full names."""
    found = {f"{name}{param}": _lists(values) for param, values in values_by_parameter(part).items()}
    for param, default in part.get_params(deep=True).items():
        last = param.rpartition("__")[2]
        if last in _TUNED:
            found[name + param] = _lists(_TUNED[last])
        if param == "random_state" and default is not None:
            found[name + param] = _seeds()
    return found


def _seeds():
    seeds = st.sampled_from([0, 1, 2, np.int64(1)])
    generators = st.integers(0, 1).map(np.random.RandomState)
    return st.lists(st.one_of(seeds, seeds, generators), min_size=1, max_size=2)


def _path(part, name):
    """Return lengths of a path, where an estimator has one."""
    known = part.get_params(deep=False) if hasattr(part, "get_params") else {}
    param = next((one for one in ("n_estimators", "max_iter") if one in known), None)
    if param is None:
        return {}
    sizes = st.sampled_from([1, 2, 3, 5, np.int64(4), 2])
    return {name + param: st.lists(sizes, min_size=2, max_size=4)}


def _distributions(part, name):
    known = part.get_params(deep=False) if hasattr(part, "get_params") else {}
    choices = {
        "alpha": stats.loguniform(0.1, 10),
        "C": stats.loguniform(0.1, 10),
        "n_estimators": stats.randint(1, 6),
        "n_components": stats.randint(1, 4),
        "learning_rate": stats.uniform(0.1, 0.8),
    }
    return {name + param: st.just(dist) for param, dist in choices.items() if isinstance(known.get(param), float | int)}


def _choices(names, parts, model):
    """Return strategies for lists of values by the parameter's full name, paths and other steps besides."""
    found, usual = {}, {}
    for name, part in zip(names, parts, strict=True):
        found[name] = st.lists(steps(), min_size=1, max_size=2).map(lambda some: ["passthrough", *some])
        if hasattr(part, "get_params"):
            found |= _of_library_part(part, f"{name}__")
        elif isinstance(part, Users) and part.build(1.0).get_params().get("func") is not None:
            functions = st.lists(st.sampled_from(sorted(FUNCTIONS_AS_VALUES)).map(Users), min_size=1, max_size=2)
            found[f"{name}__func"] = functions
    prefix = "model__" if names else ""
    shown = model.build(1.0) if isinstance(model, Users) else model
    usual = _of_library_part(shown, prefix)
    return found | usual, usual | _path(shown, prefix), _path(shown, prefix)


@st.composite
def grids(draw, names, parts, model):
    """Draw a dict of lists for steps of these names and parts, and a model (alone where there are no steps)."""
    found, of_model, path = _choices(names, parts, model)
    chosen = {}
    if path and draw(st.booleans()):
        name, values = next(iter(path.items()))
        chosen[name] = draw(values)
    for pool in (found, of_model):
        if pool and draw(st.booleans()):
            name = draw(st.sampled_from(sorted(pool)))
            chosen.setdefault(name, draw(pool[name]))
    return _at_most(6, chosen)


def _at_most(n_candidates, grid):
    """Shorten lists until a grid is small."""
    grid = dict(grid)
    while grid and np.prod([len(values) for values in grid.values()]) > n_candidates:
        longest = max(grid, key=lambda name: len(grid[name]))
        grid[longest] = grid[longest][:-1]
    return grid


@st.composite
def spaces(draw, names, parts, model):
    """Draw a grid, a list of grids, or a grid with distributions (which takes a search with ``n_iter``)."""
    grid = draw(grids(names, parts, model))
    kind = draw(st.sampled_from(["grid", "grid", "several", "distributions"]))
    if kind == "several":
        return [grid, draw(grids(names, parts, model))]
    shown = model.build(1.0) if isinstance(model, Users) else model
    distributions = _distributions(shown, "model__" if names else "")
    if kind == "distributions" and distributions:
        name = draw(st.sampled_from(sorted(distributions)))
        return grid | {name: draw(distributions[name])}
    return grid


def has_distributions(space):
    """Say whether a space can only be drawn from."""
    parts = space if isinstance(space, list) else [space]
    return any(hasattr(values, "rvs") for part in parts for values in part.values())
