"""
================================
Fit expensive preprocessing once
================================

Three models compete behind the same imputer, which takes longer than all of them. A search that fits every candidate
from the raw rows pays for the imputer once per candidate and fold; here it is paid for once per fold. The scores are
the same.
"""

# %%
# Data with holes
# ---------------
#
# A fifth of all values is missing. Each is filled in from the 5 most similar rows, and finding these takes time.

from dataclasses import asdict
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import make_friedman1
from sklearn.impute import KNNImputer
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from multisearch import MultiModelSearchCV

random = np.random.RandomState(0)
X, y = make_friedman1(n_samples=800, n_features=10, noise=1.0, random_state=random)
X[random.uniform(size=X.shape) < 0.2] = np.nan


def behind_imputer(model: Any) -> Pipeline:
    """Put the same two steps before a model."""
    impute, scale = KNNImputer(n_neighbors=5), StandardScaler()
    return Pipeline([("impute", impute), ("scale", scale), ("model", model)])


ridge = behind_imputer(Ridge())
neighbours = behind_imputer(KNeighborsRegressor())
tree = behind_imputer(DecisionTreeRegressor(random_state=0))

estimators = [
    ("ridge", ridge, {"model__alpha": [0.1, 1.0, 10.0, 100.0]}),
    ("neighbours", neighbours, {"model__n_neighbors": [5, 10, 20, 40]}),
    ("tree", tree, {"model__max_depth": [3, 5, 7, 9]}),
]

# %%
# Twice the same search
# ---------------------
#
# Steps are shared by default. ``optimize=False`` turns that off: every candidate then starts from the raw rows, as in
# GridSearchCV.

shared = MultiModelSearchCV(estimators, cv=3, refit=False).fit(X, y)
alone = MultiModelSearchCV(estimators, cv=3, refit=False, optimize=False).fit(X, y)

scores = shared.cv_results_["mean_test_score"]
same = np.array_equal(scores, alone.cv_results_["mean_test_score"])
print(f"the scores of all {len(scores)} candidates are equal, to the last bit: {same}")

# %%
# ``search_stats_`` tells what was really spent. A step fit is one transformer or model of a pipeline, fitted on one
# fold: 12 candidates of 3 steps each on 3 folds make 108, and 72 of these are imputers and scalers. Only 6 of the 72
# are needed.

stats = [shared.search_stats_, alone.search_stats_]
names = ["steps shared", "each alone"]
pd.DataFrame([asdict(one) for one in stats], index=names).round(2)

# %%
# What it saves
# -------------
#
# The seconds depend on the machine, the number of fits does not.

models = shared.search_stats_.evaluations  # one for each candidate on each fold
transformers = [one.step_fits - models for one in stats]

fig, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(8, 2.6), layout="constrained")
left.barh([0, 1], models, color="tab:orange", label="models")
bars = left.barh([0, 1], transformers, left=models, color="tab:blue", label="transformers")
left.bar_label(bars, [str(one.step_fits) for one in stats], padding=3)
left.set(xlabel="step fits", xlim=(0, 125), title="What was fitted")
left.set_yticks([0, 1], names)
left.invert_yaxis()
left.legend(loc="upper right")
right.barh([0, 1], [one.wall_seconds for one in stats], color="0.6")
right.set(xlabel="seconds", title="How long it took")
plt.show()

# %%
# Times per candidate
# -------------------
#
# ``mean_fit_time`` still says what one fit of a candidate costs alone, with all of the time of the imputer and the
# scaler in it. It is what to expect from fitting this pipeline again, and can be compared between candidates, whoever
# has shared steps with whom.

results = pd.DataFrame(shared.cv_results_).sort_values("rank_test_score")
results["mean_fit_time_alone"] = pd.Series(alone.cv_results_["mean_fit_time"])
columns = ["estimator", "params", "mean_test_score", "mean_fit_time", "mean_fit_time_alone"]
results[columns].head().round(3)
