"""`MultiModelSearchCV`: parameters, ``fit``, and what a fitted search can be asked."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
from sklearn.base import MetaEstimatorMixin
from sklearn.utils import ClassifierTags, RegressorTags, get_tags
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.validation import check_is_fitted

from multisearch._sklearn_compat import CallbackSupportMixin, VisualBlock, callbacks_ended_after
from multisearch.arguments import Preparation, prepare, route_to_scorer, router
from multisearch.callbacks import callbacks_for
from multisearch.engines import Engine, open_engine
from multisearch.estimator._delegation import BestEstimatorMixin, check_refit_was_asked
from multisearch.estimator._fitted_attributes import (
    FITTED_ATTRIBUTES,
    PARTIAL_ATTRIBUTES,
    FoundTablesMixin,
    conclude,
    partial_attributes,
    refitted,
)
from multisearch.estimator._lazy_answers import scored
from multisearch.estimator._nested_params import NamedEstimatorsMixin
from multisearch.estimator._sklearn_callbacks import told_of_the_fit, told_of_the_search
from multisearch.estimator._trackers import kept_out
from multisearch.families import kind_of
from multisearch.fitting import Problem, make_scorers
from multisearch.journal import EvaluationKeys, Journal, KnownEvaluations
from multisearch.loop import Search, give_warnings
from multisearch.preview import SearchPlan, make_plan


class MultiModelSearchCV(
    BestEstimatorMixin, FoundTablesMixin, CallbackSupportMixin, MetaEstimatorMixin, NamedEstimatorsMixin
):
    """Search the parameters of several estimators at once, on the same folds, and keep the best of all.

    Used, cloned, pickled and read like scikit-learn's GridSearchCV. Leading pipeline steps that several candidates
    share, also across estimators, are fitted once per fold; evaluations run in this process, on local worker processes
    or on a dask cluster, with equal results.

    Parameters
    ----------
    estimators : list of (str, estimator, dict or list of dict) tuples
        The competitors: a name, a scikit-learn estimator (usually a Pipeline) and its parameter distributions. Values
        are lists, or distributions with an ``rvs`` method; ``{}`` is one candidate with the estimator as it is. All
        estimators are of one kind (classifiers, regressors, ...). Names are unique, not empty, without ``__``, and no
        argument's name.
    n_iter : int, dict of str to int, or None, default=None
        How many settings to draw for each estimator: None takes its full grid, an int draws that many (a grid with
        fewer points is taken whole), a dict says it by estimator name (a missing name takes the full grid).
    scoring : str, callable, list, tuple, dict or None, default=None
        As in GridSearchCV; None calls each estimator's own ``score``. A ``sample_weight`` given to ``fit`` weighs the
        test rows as well, in every score that can be weighted; ``score`` takes one, too.
    cv : int, splitter, iterable or None, default=None
        As in GridSearchCV. The splitter is asked once, so that all candidates see the same folds.
    refit : bool, str or callable, default=True
        As in GridSearchCV: whether to fit the best candidate on all rows, by which metric, or a callable that returns
        the best row of ``cv_results_``.
    early_stopping : EarlyStopping, dict of str to EarlyStopping, or None, default=None
        Stops the training of models that can (see `EarlyStopping`); one for all, or by estimator name. The refit then
        uses the iterations that the winner's folds have found.
    error_score : "raise" or float, default=np.nan
        The score of a fit that fails.
    return_train_score : bool, default=False
        Whether to score the training rows as well.
    n_jobs : int or None, default=None
        Local worker processes, ``-1`` for one per core; None and 1 run everything in this process. An active dask
        client takes precedence.
    scheduler : {None, "inline", "local"} or str, default=None
        Forces this process, local workers, or the dask scheduler at an address (``"tcp://..."``).
    optimize : bool or "verify", default=True
        False fits every candidate alone, from the raw rows, as GridSearchCV does: for proof and debugging. With True a
        little of what was spared is computed after all, for comparison: for each estimator one evaluation of each kind,
        as long as that stays below 3 % of the work. "verify" computes everything twice, also what the journal knew,
        and is for tests and doubters.
    random_state : int, RandomState or None, default=None
        Source of every random choice. With an int each estimator's settings are those that RandomizedSearchCV would
        draw for it alone.
    journal : str, path or None, default=None
        An SQLite file, on a file system of this machine, that keeps every finished evaluation at once, of any number
        of searches. What it knows, by content, is not computed again: the same search goes on where it was
        interrupted, and a larger one begins with what smaller ones have found. None keeps nothing.
    code_version : str or None, default=None
        A word of yours that goes into every key of the journal, for what nobody else can see: files, services and
        environment variables that your code reads. Change it when they have changed, so that nothing older is taken.
    retry_failed : bool, default=False
        Whether evaluations that the journal knows as failed by an exception are tried again. Those that were killed,
        took too long or ran out of memory always are.
    fit_timeout : float or None, default=None
        Seconds that one evaluation, or one shared step, may take before it counts as failed and the worker process
        that it runs in is ended and replaced. Needs local workers, or a cluster's with nannies. None sets no limit.
    worker_timeout : float or None, default=300
        Seconds to wait while a cluster has no worker for the tasks. None waits for ever.
    verbose : int, default=0
        1 and more show a progress bar; 2 and more also print every evaluation's setting and time, 3 and more its
        scores, as GridSearchCV does.

    Attributes
    ----------
    cv_results_ : dict of str to array
        As in GridSearchCV, one row per candidate, with ``estimator`` (its name) besides. With early stopping also
        ``split{i}_n_iterations``, ``mean_n_iterations`` and ``std_n_iterations``. ``fit_time`` is what the candidate
        would have cost alone, in seconds.
    best_estimator_ : estimator
        The best candidate, fitted on all rows; only with ``refit``.
    best_estimator_name_ : str
        The name of the best candidate's estimator.
    best_params_ : dict
        The best candidate's setting.
    best_score_ : float
        Its mean test score; not with a callable ``refit``.
    best_index_ : int
        Its row in ``cv_results_``.
    best_n_iterations_ : int or None
        The iterations that it was refitted with; only with ``early_stopping``, None where it did not stop early.
    scorer_ : callable or dict of str to callable
        What candidates were scored by.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds that the refit took.
    multimetric_ : bool
        Whether there are several metrics.
    search_stats_ : SearchStats
        What was really spent: fits done and saved, busy and wall seconds, workers.
    failures_ : DataFrame
        One row per evaluation that failed, with the columns ``candidate``, ``estimator``, ``fold``, ``kind``
        ("raised", "timeout" or "killed"), ``message``, ``traceback`` and ``worker``; also when ``fit`` was interrupted
        or failed.
    histories_ : DataFrame
        The metrics of every fit that stopped early, by iteration, on its stopping rows: one row per iteration with the
        columns ``candidate``, ``estimator``, ``fold``, ``metric`` (the library's own name), ``iteration`` (from 1) and
        ``value``. Only with ``early_stopping``.
    partial_results_ : dict of str to array
        Like ``cv_results_``, of the candidates that were finished when ``fit`` was interrupted or failed; only then,
        and the search still counts as not fitted.
    n_features_in_ : int
        Number of features seen during ``fit``, from the best estimator.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where the best estimator has them.
    classes_ : ndarray of shape (n_classes,)
        Class labels of a classifier.

    See Also
    --------
    EarlyStopping : When training ends before its iterations are used up.

    Examples
    --------
    >>> from multisearch import MultiModelSearchCV
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Lasso, Ridge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> search = MultiModelSearchCV(
    ...     [("ridge", Ridge(), {"alpha": [0.1, 1.0, 10.0]}), ("lasso", Lasso(), {"alpha": [0.05, 0.5]})]
    ... ).fit(X, y)
    >>> search.best_estimator_name_, search.best_params_
    ('lasso', {'alpha': 0.05})
    """

    def __init__(  # noqa: PLR0913 - a public constructor
        self,
        estimators: Any,
        *,
        n_iter: Any = None,
        scoring: Any = None,
        cv: Any = None,
        refit: Any = True,
        early_stopping: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        n_jobs: int | None = None,
        scheduler: str | None = None,
        optimize: bool | str = True,
        random_state: Any = None,
        journal: Any = None,
        code_version: str | None = None,
        retry_failed: bool = False,
        fit_timeout: float | None = None,
        worker_timeout: float | None = 300.0,
        verbose: int = 0,
    ) -> None:
        self.estimators = estimators
        self.n_iter = n_iter
        self.scoring = scoring
        self.cv = cv
        self.refit = refit
        self.early_stopping = early_stopping
        self.error_score = error_score
        self.return_train_score = return_train_score
        self.n_jobs = n_jobs
        self.scheduler = scheduler
        self.optimize = optimize
        self.random_state = random_state
        self.journal = journal
        self.code_version = code_version
        self.retry_failed = retry_failed
        self.fit_timeout = fit_timeout
        self.worker_timeout = worker_timeout
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, **params: Any) -> MultiModelSearchCV:
        """Evaluate all candidates on all folds, and fit the best on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Or whatever the estimators and the splitter accept. The rows of a dask array or DataFrame go from worker to
            worker without passing through this process.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        **params : dict of str to object
            ``groups`` goes to the splitter, ``sample_weight`` (of shape (n_samples,)) to the last step of every
            estimator and to the scorers, ``<name>__<param>`` to the ``fit`` of the estimator of that name, anything
            else to the ``fit`` of every estimator. What has one entry per row is split with the folds. With metadata
            routing enabled, whoever requested a parameter gets it.

        Returns
        -------
        self : MultiModelSearchCV

        Raises
        ------
        TypeError, ValueError, ImportError
            Where something is wrong with the arguments or the data, before any work starts; ValueError also where
            every fit fails.
        OSError
            Where the journal cannot be written.
        ConnectionError
            Where there is no scheduler at the address given, or it is lost.
        TimeoutError
            Where no worker takes a task for ``worker_timeout`` seconds.
        RuntimeError
            Where client, scheduler and workers have different versions of packages that matter.
        """
        for name in PARTIAL_ATTRIBUTES:
            self.__dict__.pop(name, None)
        preparation = prepare(self, X, y, params)
        with kept_out(), callbacks_ended_after(self), told_of_the_fit(self, preparation) as preparation:
            fitted = self._fitted_attributes(preparation)
        for name in FITTED_ATTRIBUTES:
            self.__dict__.pop(name, None)
        self.__dict__.update(fitted)
        return self

    def plan(self, X: Any, y: Any = None, *, measure: bool = False, **params: Any) -> SearchPlan:
        """Say what ``fit`` would do with the same arguments: fits needed, fits saved, and how long it may take.

        The search stays as it is: nothing is remembered, and no random numbers are used up, so that a ``fit`` that
        follows tries what was planned.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As for ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        measure : bool, default=False
            Whether to run one evaluation of every estimator on the first fold where ``fit`` would run it (this may
            start local workers, which ``fit`` then uses), and to estimate the time from that. False fits nothing.
        **params : dict of str to object
            As for ``fit``.

        Returns
        -------
        plan : SearchPlan
            Prints as text, and as HTML in notebooks. With ``measure`` it also tells which trials failed, and why.

        Raises
        ------
        TypeError, ValueError, ImportError
            Whatever ``fit`` would raise before any work starts; TypeError also where ``cv`` is an iterator, which can
            be read only once.
        ConnectionError
            Where there is no scheduler at the address given; only with ``measure``.
        """
        with kept_out():
            return make_plan(self, X, y, params, measure=measure)

    def _fitted_attributes(self, preparation: Preparation) -> dict[str, Any]:
        """Search and refit; return what there is to be known after that."""
        callbacks = callbacks_for(self.verbose, self.refit)
        problem = preparation.problem
        with (
            nullcontext() if self.journal is None else Journal(self.journal) as journal,
            open_engine(self.n_jobs, self.scheduler, self.worker_timeout) as engine,
        ):
            engine.start(problem)
            search = Search(preparation, engine, callbacks, self._known(journal, problem, engine))
            try:
                with told_of_the_search(problem.monitor):
                    result = search.run()
                fitted = conclude(problem, result, self.refit)
                if self.refit:
                    fitted |= refitted(engine, fitted, callbacks, result.distrusted)
            except BaseException:
                self.__dict__.update(partial_attributes(problem, search.candidates, search.outcomes))
                raise
            finally:
                for callback in callbacks:
                    callback.on_end()
        return fitted

    def _known(self, journal: Journal | None, problem: Problem, engine: Engine) -> KnownEvaluations | None:
        if journal is None:
            return None
        return KnownEvaluations(
            journal,
            EvaluationKeys(problem, engine.compute, self.code_version),
            retry_failed=self.retry_failed or self.error_score == "raise",
            with_train_scores=self.return_train_score,
        )

    def score(self, X: Any, y: Any = None, **params: Any) -> float:
        """Score the best estimator by ``scoring`` (with several metrics: by the one that ``refit`` names).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            A dask array or DataFrame is scored where dask computes it, as a whole; only the score comes here.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        **params : dict
            ``sample_weight`` (of shape (n_samples,)) weighs the rows, as that of ``fit`` does in its scores. With
            metadata routing enabled, the scorer gets what it requested; anything else needs that.

        Returns
        -------
        score : float
        """
        check_refit_was_asked(self, "score")
        check_is_fitted(self)
        scorer = self.scorer_[self.refit] if isinstance(self.scorer_, dict) else self.scorer_
        given = route_to_scorer(self, self.best_estimator_name_, scorer, X, params)
        score, caught = scored(scorer, self.best_estimator_, (X, y), given)
        give_warnings(caught)
        chosen: float = score[self.refit] if isinstance(score, dict) else score
        return chosen

    def get_metadata_routing(self) -> MetadataRouter:
        """Return who may ask for parameters of ``fit`` and ``score``: estimators, their scorers and the splitter.

        Returns
        -------
        routing : MetadataRouter
        """
        estimators = self._estimators_by_name()
        return router(self, estimators, make_scorers(estimators, self.scoring, self.error_score), self.cv)

    def _sk_visual_block_(self) -> Any:
        """Draw every estimator side by side, the best one as it was fitted."""
        estimators = self._estimators_by_name()
        titles = {name: f"{name}: {type(estimator).__name__}" for name, estimator in estimators.items()}
        if hasattr(self, "best_estimator_"):
            best = self.best_estimator_name_
            estimators[best] = self.best_estimator_
            titles[best] = f"best_estimator_, {best}: {type(self.best_estimator_).__name__}"
        return VisualBlock(
            "parallel",
            list(estimators.values()),
            names=list(titles.values()),
            name_details=[str(estimator) for estimator in estimators.values()],
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        estimators = self._estimators_by_name()
        if not estimators:
            return tags
        all_tags = [get_tags(estimator) for estimator in estimators.values()]
        tags.estimator_type = next((kind for one in estimators.values() if (kind := kind_of(one))), None)
        if tags.estimator_type == "classifier":
            tags.classifier_tags = all_tags[0].classifier_tags or ClassifierTags()
        if tags.estimator_type == "regressor":
            tags.regressor_tags = all_tags[0].regressor_tags or RegressorTags()
        tags.input_tags.pairwise = any(one.input_tags.pairwise for one in all_tags)
        tags.input_tags.sparse = all(one.input_tags.sparse for one in all_tags)
        tags.input_tags.allow_nan = all(one.input_tags.allow_nan for one in all_tags)
        tags.target_tags.multi_output = all(one.target_tags.multi_output for one in all_tags)
        tags.array_api_support = all(one.array_api_support for one in all_tags)
        return tags
