"""From what the user gave to a problem: every check that needs no fit."""

from multisearch.arguments._early_stopping import EarlyStopping
from multisearch.arguments._fit_params import route, route_to_scorer, router
from multisearch.arguments._prepare import Preparation, prepare
from multisearch.arguments._space import check_names, check_space

__all__ = [
    "EarlyStopping",
    "Preparation",
    "check_names",
    "check_space",
    "prepare",
    "route",
    "route_to_scorer",
    "router",
]
