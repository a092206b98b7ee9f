import numpy as np

from multisearch.fitting import metadata_of

WEIGHTS = np.ones(3)


def test_weights_are_told_under_whichever_name_they_go():
    assert metadata_of({"sample_weight": WEIGHTS})["sample_weight"] is WEIGHTS
    assert metadata_of({"model__sample_weight": WEIGHTS, "scale__flag": 1})["sample_weight"] is WEIGHTS


def test_without_weights_there_is_nothing_to_tell():
    assert metadata_of({"scale__flag": 1}) is None
    assert metadata_of({"sample_weight": None}) is None
