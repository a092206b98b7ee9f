import multisearch


def test_these_are_the_public_names():
    assert multisearch.__all__ == [
        "Check",
        "EarlyStopping",
        "EstimatorPlan",
        "MultiModelSearchCV",
        "SearchPlan",
        "SearchStats",
        "__version__",
        "read_journal",
    ]
    assert all(hasattr(multisearch, name) for name in multisearch.__all__)
