"""
======================================================
Three models in one search: accuracy and what it costs
======================================================

Which model should read handwritten digits? Logistic regression, a support vector machine and LightGBM are tuned and
cross-validated on the same folds in a single call. A table of all candidates then answers two questions: who is the
most accurate, and what does the accuracy cost?
"""

# %%
# The competitors
# ---------------
#
# Each competitor is a name, an estimator and its parameters. The first two need scaled pixels, so that they are
# pipelines; trees do not care, so that LightGBM is taken as it is. All candidates of all three are evaluated on the
# same five folds.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from multisearch import MultiModelSearchCV

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X,
    y,
    train_size=600,
    stratify=y,
    random_state=0,
)

search = MultiModelSearchCV(
    [
        (
            "logistic",
            Pipeline([("scale", StandardScaler()), ("model", LogisticRegression(max_iter=1000))]),
            {"model__C": [0.001, 0.01, 0.1, 1.0]},
        ),
        (
            "svm",
            Pipeline([("scale", StandardScaler()), ("model", SVC())]),
            {"model__C": [1.0, 10.0], "model__gamma": [0.003, 0.01, 0.03]},
        ),
        (
            "lightgbm",
            LGBMClassifier(
                n_estimators=40,
                min_child_samples=10,
                n_jobs=1,
                random_state=0,
                verbosity=-1,
            ),
            {"num_leaves": [4, 8], "learning_rate": [0.1, 0.3]},
        ),
    ],
    cv=5,
)
search.fit(X_train, y_train)
print(f"{search.best_estimator_name_} wins with {search.best_params_}")
print(f"mean accuracy {search.best_score_:.3f}")

# %%
# All candidates in one table
# ---------------------------
#
# ``cv_results_`` has one row per candidate. ``estimator`` says whose row it is, and ``rank_test_score`` ranks all
# candidates of all estimators together.

results = pd.DataFrame(search.cv_results_).sort_values("rank_test_score")
columns = ["rank_test_score", "estimator", "params", "mean_test_score", "mean_fit_time"]
results[columns].head().round(3)

# %%
# Every fold counts
# -----------------
#
# Each box below is one candidate, over its scores on the five folds. The best settings of the support vector machine
# differ by less than each of them varies from fold to fold, so that their order means little. Since all candidates saw
# the same folds, two of them can also be compared fold by fold, which says more than the overlap of their boxes.

COLOURS = {"logistic": "tab:blue", "svm": "tab:orange", "lightgbm": "tab:green"}


def setting(params: dict[str, float]) -> str:
    """Write a candidate's parameters in short."""
    shown = [f"{name.removeprefix('model__')}={value:g}" for name, value in params.items()]
    return ", ".join(shown)


folds = [f"split{fold}_test_score" for fold in range(search.n_splits_)]
from_worst = results.iloc[::-1]

fig, ax = plt.subplots(figsize=(8, 5.5), layout="constrained")
scores = from_worst[folds].to_numpy()
boxes = ax.boxplot(scores.T, orientation="horizontal", patch_artist=True, widths=0.6)
for box, name in zip(boxes["boxes"], from_worst["estimator"], strict=True):
    box.set(facecolor=COLOURS[name], alpha=0.6)
for line in boxes["medians"]:
    line.set(color="black")
ax.set_yticklabels([setting(params) for params in from_worst["params"]])
ax.set_xlabel("accuracy on the test rows of each fold")
ax.set_title("All candidates, the best on top")
ax.grid(axis="x", alpha=0.3)
legend = [Patch(facecolor=colour, alpha=0.6, label=name) for name, colour in COLOURS.items()]
ax.legend(handles=legend, loc="lower right")
plt.show()

# %%
# What accuracy costs
# -------------------
#
# ``mean_fit_time`` is what one fit of a candidate costs alone, its scaler included, although the scaler was fitted
# only once per fold for all ten candidates that need it. So the times can be compared, too. Error bars show the
# standard error of the mean accuracy.

fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for name, colour in COLOURS.items():
    rows = results[results["estimator"] == name]
    ax.errorbar(
        1000 * rows["mean_fit_time"],
        rows["mean_test_score"],
        yerr=rows[folds].std(axis=1) / np.sqrt(search.n_splits_),
        fmt="o",
        color=colour,
        capsize=3,
        label=name,
    )
ax.set(xscale="log", xlabel="time of one fit, in ms", ylabel="mean accuracy")
ax.set_title("Accuracy, and what it costs")
ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
ax.xaxis.set_major_formatter(ScalarFormatter())
ax.xaxis.set_minor_formatter(NullFormatter())
ax.grid(alpha=0.3)
ax.legend()
plt.show()

# %%
# The winner is fitted on all training rows already; the search predicts and scores with it.

accuracy = search.score(X_test, y_test)
print(f"accuracy on {len(X_test)} rows that no fold has seen: {accuracy:.3f}")
