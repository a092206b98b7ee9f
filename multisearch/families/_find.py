"""Which family a model belongs to: the registry that a new library's family is added to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from multisearch.families._base import Family
from multisearch.families._catboost import CatBoostFamily
from multisearch.families._hist_gradient_boosting import HistGradientBoostingFamily
from multisearch.families._lightgbm import LightGBMFamily
from multisearch.families._sklearn_ensembles import SklearnEnsembleFamily
from multisearch.families._xgboost import XGBoostFamily
from multisearch.families.keras._family import KerasFamily

FAMILIES: tuple[Family, ...] = (
    LightGBMFamily(),
    XGBoostFamily(),
    CatBoostFamily(),
    KerasFamily(),
    HistGradientBoostingFamily(),
    SklearnEnsembleFamily(),
)


def family_of(model: Any) -> Family | None:
    """Return the family of a model (the last step of a Pipeline), or None where nothing about it is special."""
    return next((family for family in FAMILIES if family.handles(model)), None)


def stopping_family_of(model: Any) -> Family | None:
    """Return the family of a model that can stop early, or None."""
    family = family_of(model)
    return family if family is not None and family.stops(model) else None


def families_that_stop() -> list[str]:
    """Name the families whose models can stop early."""
    return [family.name for family in FAMILIES if family.stops_early]


@contextmanager
def libraries_as_if_new() -> Iterator[None]:
    """Let a fit be what it is in a new process, whatever libraries have counted up in this thread before."""
    with ExitStack() as ends:
        for family in FAMILIES:
            ends.enter_context(family.as_if_new())
        yield
