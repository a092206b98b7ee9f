"""scikit-learn's checks of any estimator, on searches over classifiers and over regressors."""

import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from multisearch import MultiModelSearchCV

SEARCHES = [
    MultiModelSearchCV(
        [
            ("logistic", make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [0.1, 1.0]}),
            ("neighbours", KNeighborsClassifier(), {"n_neighbors": [1, 3]}),
        ],
        cv=2,
        error_score="raise",
    ),
    MultiModelSearchCV(
        [
            ("ridge", Ridge(), {"alpha": [0.1, 1.0]}),
            ("neighbours", KNeighborsRegressor(), {"n_neighbors": [1, 3]}),
        ],
        cv=2,
        error_score="raise",
    ),
]


@pytest.mark.filterwarnings("default")
@parametrize_with_checks(SEARCHES)
def test_scikit_learn_estimator_checks(estimator, check):
    check(estimator)
