"""
========================================
How many trees? Let stopping rows decide
========================================

The learning rate of a boosted model and its number of trees belong together: the smaller the steps, the more of them
are needed. A search with a fixed number of trees therefore compares learning rates at different distances from their
best. With early stopping every candidate, and every fold, finds its own number.
"""

# %%
# One search, with and without
# ----------------------------
#
# The same model takes part twice under two names: once with 100 trees, once with as many as it wants. An
# :class:`~multisearch.EarlyStopping` for the second name only holds back a fifth of each fold's training rows; a fit
# ends when the error on these rows has not improved for 30 trees. The test rows of a fold decide about nothing, so
# that both scores mean the same.

import matplotlib.pyplot as plt
import pandas as pd
from lightgbm import LGBMRegressor
from sklearn.base import clone
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

from multisearch import EarlyStopping, MultiModelSearchCV

X, y = make_friedman1(n_samples=2000, noise=1.0, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=500, random_state=0)

hundred_trees = LGBMRegressor(
    n_estimators=100,
    num_leaves=6,
    n_jobs=1,
    random_state=0,
    verbosity=-1,
)
many_trees = clone(hundred_trees).set_params(n_estimators=5000)
learning_rates = {"learning_rate": [0.02, 0.04, 0.08, 0.16, 0.32]}
search = MultiModelSearchCV(
    [
        ("100 trees", hundred_trees, learning_rates),
        ("early stopping", many_trees, learning_rates),
    ],
    scoring="r2",
    early_stopping={
        "early stopping": EarlyStopping(patience=30, validation_fraction=0.2),
    },
    random_state=0,
)
search.fit(X_train, y_train)

# %%
# The iterations of every fold
# ----------------------------
#
# The number of trees at each fold's best iteration is in ``split0_n_iterations``, ``split1_n_iterations`` and so on,
# with their mean and standard deviation; candidates that do not stop early have none (NaN).

results = pd.DataFrame(search.cv_results_)
stopped = results[results["estimator"] == "early stopping"]
columns = ["param_learning_rate", "mean_n_iterations", "std_n_iterations"]
stopped[[*columns, "mean_test_score"]].round(3)

# %%
# With 100 trees, small learning rates look poor, because they have hardly begun; with early stopping they are as good
# as any, at the price of more trees. What remains visible is that large steps cost accuracy.

fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(7, 6.5), layout="constrained")
for name, rows in results.groupby("estimator"):
    top.errorbar(
        rows["param_learning_rate"].astype(float),
        rows["mean_test_score"],
        yerr=rows["std_test_score"] / search.n_splits_**0.5,
        marker="o",
        capsize=3,
        label=name,
    )
top.set_ylabel("mean R2")
top.set_title("The same learning rates, with a fixed and with a found number of trees")
top.legend()
bottom.axhline(100, color="C0", label="100 trees")
bottom.errorbar(
    stopped["param_learning_rate"].astype(float),
    stopped["mean_n_iterations"],
    yerr=stopped["std_n_iterations"],
    color="C1",
    marker="o",
    capsize=3,
    label="early stopping",
)
bottom.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="trees")
rates = learning_rates["learning_rate"]
bottom.set_xticks(rates, [str(rate) for rate in rates])
bottom.minorticks_off()
for ax in (top, bottom):
    ax.grid(alpha=0.3)
plt.show()

# %%
# The refit
# ---------
#
# The winner is fitted once more on all training rows, the stopping rows included, for the mean of the iterations that
# its folds have found. ``best_estimator_`` is an ordinary model with that many trees.

print(f"{search.best_estimator_name_} wins with {search.best_params_}")
print(f"mean of its iterations, rounded: {search.best_n_iterations_}")
print(f"trees of the fitted model: {search.best_estimator_.n_estimators_}")
print(f"R2 on rows that no fold has seen: {search.score(X_test, y_test):.3f}")
