import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from multisearch import EarlyStopping, MultiModelSearchCV


def test_parameters_are_read_and_set_through_the_names(two_pipelines):
    search = MultiModelSearchCV(two_pipelines, early_stopping=EarlyStopping())
    search.set_params(ridge__model__alpha=7.0, early_stopping__patience=3, cv=4)
    assert search.get_params()["ridge__model__alpha"] == 7.0
    assert search.get_params()["lasso"] is two_pipelines[1][1]
    assert search.early_stopping.patience == 3
    assert search.cv == 4
    search.set_params(lasso=Ridge(), lasso__alpha=2.0)
    assert search.get_params()["lasso__alpha"] == 2.0
    assert isinstance(two_pipelines[1][1], Pipeline)
    with pytest.raises(ValueError, match="Invalid parameter 'nothing'"):
        search.set_params(nothing=1)


def test_shallow_parameters_are_the_arguments_alone(two_pipelines):
    shallow = MultiModelSearchCV(two_pipelines).get_params(deep=False)
    assert shallow["estimators"] is two_pipelines
    assert not {"ridge", "ridge__model__alpha"} & set(shallow)


@pytest.mark.parametrize("malformed", [None, "ridge", {"ridge": Ridge()}, [Ridge()], [("ridge", Ridge())]])
def test_what_is_no_list_of_triples_is_left_for_fit_to_complain_about(malformed):
    assert MultiModelSearchCV(malformed).get_params()["estimators"] is malformed
