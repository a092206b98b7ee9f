"""
A tournament between LightGBM and Keras
=======================================

Both models are tuned, stopped early and cross-validated in one search; the winner is judged on rows that the search
never saw, then fitted on all rows. The ranking goes to the terminal, and with two pictures to the output folder::

    python docs/examples/lightgbm_vs_keras.py                        # about a minute on two cores
    python docs/examples/lightgbm_vs_keras.py --full --categories 2  # large, on data with two categories

.. image:: ../images/all-scores.png
    :alt: A box per candidate over the scores of its folds, the best on top
"""

import argparse
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow reads it when it is imported, here and in the workers

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
from lightgbm import LGBMRegressor
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scikeras.wrappers import KerasRegressor
from scipy.stats import loguniform, randint
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from multisearch import EarlyStopping, MultiModelSearchCV
from multisearch.datasets import make_categorical_regression

SEED = 0
PATIENCE = 10
STRENGTH = loguniform(1e-8, 1e-2)
COLOURS = {"lightgbm": "#0072B2", "keras": "#D55E00"}


@dataclass(frozen=True)
class Sizes:
    """How large a tournament is."""

    n_samples: int
    max_trees: int
    max_epochs: int
    batch_size: int
    keras_learning_rate: float
    n_settings: int = 5
    n_splits: int = 5


# The small one takes larger steps, for a network without hidden layers otherwise needs a thousand epochs.
QUICK = Sizes(n_samples=3_000, max_trees=5_000, max_epochs=500, batch_size=64, keras_learning_rate=0.1)
FULL = Sizes(n_samples=10_000, max_trees=10_000, max_epochs=10_000, batch_size=32, keras_learning_rate=0.001)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the tournament as the command line asks."""
    options = parse_arguments(arguments)
    sizes = FULL if options.full else QUICK
    X, y = make_categorical_regression(sizes.n_samples, n_categories=options.categories, random_state=SEED)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=SEED)

    search = make_search(sizes, n_jobs=options.jobs)
    started = time.perf_counter()
    search.fit(X_train, y_train)
    seconds = time.perf_counter() - started
    final_model = clone(search.best_estimator_).fit(X, y)

    summary = [
        f"Data: {len(X):,} rows, {len(X_test):,} of them held out; number of categories: {options.categories}",
        f"Search: {seconds:.0f} s",
        "",
        ranking(search.cv_results_).to_string(index=False),
        "",
        *describe_winner(search),
        f"R2 on the {len(X_test):,} held-out rows: {search.score(X_test, y_test):.3f}",
        f"R2 after fitting the same settings on all {len(X):,} rows, on these: {final_model.score(X, y):.3f}",
    ]
    print("", *summary, sep="\n")

    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "summary.txt").write_text("\n".join([*summary, ""]), encoding="utf-8")
    draw_scores(search.cv_results_).savefig(options.output / "all-scores.png")
    draw_predictions(y_test, search.predict(X_test), X_test["cat"]).savefig(options.output / "predicted-vs-true.png")
    print(f"\nsummary.txt, all-scores.png and predicted-vs-true.png are in {options.output}/")


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="LightGBM against Keras, in one search.")
    parser.add_argument("--full", action="store_true", help="10,000 rows, up to 10,000 trees and epochs")
    parser.add_argument("--categories", type=int, default=1, help="number of categories in the data (default: 1)")
    parser.add_argument("--jobs", type=int, default=-1, help="number of worker processes (default: -1, all cores)")
    parser.add_argument("--output", type=Path, default=Path("results"), help="folder to write to (default: results)")
    return parser.parse_args(arguments)


def make_search(sizes: Sizes, n_jobs: int) -> MultiModelSearchCV:
    """Put both models, each behind the same encoding of the category, into one search."""
    trees = LGBMRegressor(n_estimators=sizes.max_trees, random_state=SEED, verbosity=-1)
    network = KerasRegressor(
        model=build_network,
        loss="mean_squared_error",
        optimizer="adam",
        optimizer__learning_rate=sizes.keras_learning_rate,
        epochs=sizes.max_epochs,
        batch_size=sizes.batch_size,
        random_state=SEED,
        verbose=0,
    )
    return MultiModelSearchCV(
        [
            ("lightgbm", behind_encoder(trees), lightgbm_settings()),
            ("keras", behind_encoder(network), keras_settings()),
        ],
        n_iter=sizes.n_settings,
        scoring="r2",
        cv=sizes.n_splits,
        early_stopping={
            "lightgbm": EarlyStopping(patience=PATIENCE, validation_fraction=0.2),
            "keras": EarlyStopping(patience=PATIENCE, min_delta=0.1, validation_fraction=0.2),
        },
        n_jobs=n_jobs,
        random_state=SEED,
        verbose=1,
    )


def behind_encoder(model: LGBMRegressor | KerasRegressor) -> Pipeline:
    """Let the numbers through to the model, and the category as one column per value."""
    encoder = ColumnTransformer([("category", OneHotEncoder(sparse_output=False), ["cat"])], remainder="passthrough")
    return Pipeline([("encode", encoder), ("model", model)])


def lightgbm_settings() -> dict[str, Any]:
    """Return what is tried for LightGBM."""
    return {"model__learning_rate": loguniform(0.01, 0.1), "model__max_depth": randint(1, 4)}


def keras_settings() -> dict[str, Any]:
    """Return what is tried for Keras; `model__model__` is scikeras' way to the arguments of `build_network`."""
    regularised = ("kernel", "bias", "activity")
    strengths = {f"model__model__{where}_{norm}": STRENGTH for where in regularised for norm in ("l1", "l2")}
    return {"model__model__widths": [(), (15,), (15, 15), (225,)], **strengths}


def build_network(  # noqa: PLR0913 - scikeras hands over every setting by its name
    meta: dict[str, Any],
    compile_kwargs: dict[str, Any],
    *,
    widths: tuple[int, ...] = (),
    kernel_l1: float = 0.0,
    kernel_l2: float = 0.0,
    bias_l1: float = 0.0,
    bias_l2: float = 0.0,
    activity_l1: float = 0.0,
    activity_l2: float = 0.0,
) -> Any:
    """Build a network of dense layers, every one regularised alike; no widths make it a linear model."""

    def dense(name: str, width: int, activation: str | None = None) -> Any:
        return keras.layers.Dense(
            width,
            name=name,  # TensorFlow adds up losses by names; those that Keras makes up depend on what was built before
            activation=activation,
            kernel_regularizer=keras.regularizers.L1L2(kernel_l1, kernel_l2),
            bias_regularizer=keras.regularizers.L1L2(bias_l1, bias_l2),
            activity_regularizer=keras.regularizers.L1L2(activity_l1, activity_l2),
        )

    hidden = [dense(f"hidden_{number}", width, activation="relu") for number, width in enumerate(widths)]
    network = keras.Sequential([keras.Input(shape=(meta["n_features_in_"],)), *hidden, dense("output", 1)])
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it wonders why every fit traces a network of its own
    network.compile(**compile_kwargs)
    return network


def ranking(results: dict[str, Any]) -> pd.DataFrame:
    """Tabulate the candidates, the best first.

    Parameters
    ----------
    results : dict
        The search's `cv_results_`.

    Returns
    -------
    DataFrame of shape (n_candidates, 6)
        Rank, estimator, settings, mean and standard error of the R2 scores, mean number of trees or epochs.
    """
    scores = split_scores(results)
    table = pd.DataFrame(
        {
            "rank": results["rank_test_score"],
            "estimator": results["estimator"],
            "settings": [describe(params) for params in results["params"]],
            "R2": scores.mean(axis=1).round(4),
            "std. error": (scores.std(axis=1, ddof=1) / np.sqrt(scores.shape[1])).round(4),
            "iterations": np.asarray(results["mean_n_iterations"], dtype=float).round(1),
        }
    )
    return table.sort_values("rank", kind="stable")


def split_scores(results: dict[str, Any]) -> npt.NDArray[np.float64]:
    """Return the scores by candidate and fold, of shape (n_candidates, n_splits)."""
    n_splits = sum(key.startswith("split") and key.endswith("_test_score") for key in results)
    return np.column_stack([results[f"split{split}_test_score"] for split in range(n_splits)])


def describe(params: dict[str, Any]) -> str:
    """Name the settings that matter most, in few words."""
    if "model__max_depth" in params:
        return f"depth {params['model__max_depth']}, learning rate {params['model__learning_rate']:.3f}"
    widths = params["model__model__widths"]
    layers = f"layers {'-'.join(map(str, widths))}" if widths else "no hidden layer"
    strengths = (params[f"model__model__kernel_{norm}"] for norm in ("l1", "l2"))
    return f"{layers}, kernel l1 {next(strengths):.0e} l2 {next(strengths):.0e}"


def describe_winner(search: MultiModelSearchCV) -> list[str]:
    """Return lines that name the winner and all its settings."""
    lines = [f"The winner is {search.best_estimator_name_}, with a mean R2 of {search.best_score_:.3f}:"]
    for name, value in search.best_params_.items():
        shown = f"{value:.3g}" if isinstance(value, float) else str(value)
        lines.append(f"  {name.removeprefix('model__').removeprefix('model__')} = {shown}")
    lines.append(f"  iterations = {search.best_n_iterations_}")
    return lines


def draw_scores(results: dict[str, Any]) -> Figure:
    """Draw a box over the folds' scores of each candidate, the best on top."""
    scores = split_scores(results)
    order = np.argsort(results["rank_test_score"], kind="stable")[::-1]
    figure = Figure(figsize=(10, 0.45 * len(order) + 1.5), dpi=150, layout="constrained")
    axes: Axes = figure.subplots()
    for position, candidate in enumerate(order):
        colour = COLOURS[results["estimator"][candidate]]
        axes.boxplot(
            scores[candidate],
            positions=[position],
            orientation="horizontal",
            widths=0.6,
            showfliers=False,
            showmeans=True,
            meanprops={"marker": "D", "markerfacecolor": "white", "markeredgecolor": "black", "zorder": 4},
            patch_artist=True,
            boxprops={"facecolor": colour, "alpha": 0.35, "edgecolor": colour},
            medianprops={"color": colour, "linewidth": 2},
            whiskerprops={"color": colour},
            capprops={"color": colour},
        )
        axes.plot(scores[candidate], np.full(scores.shape[1], position), "o", color=colour, markersize=4)
    for name, colour in COLOURS.items():
        axes.plot([], [], "s", color=colour, markersize=9, label=name)
    axes.plot([], [], "D", markerfacecolor="white", markeredgecolor="black", label="mean")
    axes.set_yticks(range(len(order)), [describe(results["params"][candidate]) for candidate in order])
    axes.set_xlabel("R² on the test rows of each fold")
    axes.set_title(f"All {len(order)} candidates, by their mean over {scores.shape[1]} folds")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="best")
    return figure


def draw_predictions(true: npt.NDArray[np.float64], predicted: npt.NDArray[np.float64], category: pd.Series) -> Figure:
    """Draw predictions of the held-out rows over their true values, both of shape (n_rows,)."""
    figure = Figure(figsize=(7, 7), dpi=150, layout="constrained")
    axes: Axes = figure.subplots()
    for name in category.cat.categories:
        rows = (category == name).to_numpy()
        axes.scatter(true[rows], predicted[rows], s=12, alpha=0.5, linewidths=0, label=f"category {name}")
    axes.axline((0, 0), slope=1, color="black", linewidth=1, linestyle="--", label="predicted = true")
    lowest, highest = min(true.min(), predicted.min()), max(true.max(), predicted.max())
    margin = 0.03 * (highest - lowest)
    axes.set(xlim=(lowest - margin, highest + margin), ylim=(lowest - margin, highest + margin), aspect="equal")
    axes.set_xlabel("true")
    axes.set_ylabel("predicted")
    axes.set_title(f"The winner on {len(true):,} held-out rows, R² = {r2_score(true, predicted):.3f}")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    return figure


if __name__ == "__main__":
    main()
