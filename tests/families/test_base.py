import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from multisearch.families import family_of
from multisearch.families._base import derives_from


class OwnRidge(Ridge):
    pass


class OwnestRidge(OwnRidge):
    pass


def test_a_class_and_what_descends_from_it_are_told_by_name_and_package():
    assert derives_from(Ridge(), "sklearn", "Ridge")
    assert derives_from(OwnestRidge(), "sklearn", "Lasso", "Ridge")


def test_a_class_of_the_same_name_from_elsewhere_is_another():
    same_name = type("LGBMModel", (), {"__module__": "lightgbm_of_my_own.sklearn"})

    assert not derives_from(same_name(), "lightgbm", "LGBMModel")
    assert not derives_from(Ridge(), "sklearn", "Lasso")
    assert not derives_from(Ridge(), "scikit", "Ridge")


@pytest.mark.parametrize("model", [HistGradientBoostingRegressor(), HistGradientBoostingClassifier()])
def test_every_family_has_the_whole_protocol(model):
    family = family_of(model)

    assert isinstance(family.name, str)
    assert family.extra is None
    assert family.stops_early is True
    with family.native_threads(model, None):
        family.require()
