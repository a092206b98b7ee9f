"""MultiModelSearchCV with one estimator, under the signatures of scikit-learn's own searches."""

import numpy as np

from multisearch import MultiModelSearchCV

NAME = "only"


class _OneEstimatorSearch(MultiModelSearchCV):
    """Reads the arguments of a scikit-learn search as those of a search over one estimator."""

    n_iter = None
    early_stopping = None
    scheduler = None
    optimize = True
    random_state = None
    journal = None
    code_version = None
    retry_failed = False
    fit_timeout = None
    worker_timeout = 300.0

    def fit(self, X, y=None, **params):
        super().fit(X, y, **params)
        del self.cv_results_["estimator"]
        return self


class GridSearchAdapter(_OneEstimatorSearch):
    def __init__(
        self,
        estimator,
        param_grid,
        *,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        error_score=np.nan,
        return_train_score=False,
    ):
        self.estimator = estimator
        self.param_grid = param_grid
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.refit = refit
        self.cv = cv
        self.verbose = verbose
        self.pre_dispatch = pre_dispatch
        self.error_score = error_score
        self.return_train_score = return_train_score

    @property
    def estimators(self):
        return [(NAME, self.estimator, self.param_grid)]


class RandomizedSearchAdapter(_OneEstimatorSearch):
    def __init__(
        self,
        estimator,
        param_distributions,
        *,
        n_iter=10,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        random_state=None,
        error_score=np.nan,
        return_train_score=False,
    ):
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.refit = refit
        self.cv = cv
        self.verbose = verbose
        self.pre_dispatch = pre_dispatch
        self.random_state = random_state
        self.error_score = error_score
        self.return_train_score = return_train_score

    @property
    def estimators(self):
        return [(NAME, self.estimator, self.param_distributions)]
