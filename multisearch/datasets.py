"""Generated data to try searches on."""

from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.datasets import make_regression
from sklearn.utils import check_random_state

__all__ = ["make_categorical_regression"]


def make_categorical_regression(
    n_samples: int = 10_000,
    n_categories: int = 1,
    n_numeric: int = 10,
    n_informative: int = 5,
    noise: float = 100.0,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[pd.DataFrame, npt.NDArray[np.float64]]:
    """Make a regression problem whose coefficients depend on a category.

    Every category is a :func:`sklearn.datasets.make_regression` problem with its own informative columns and its own
    coefficients. The problems are stacked and their rows shuffled. With one category the data are linear; with more,
    a model has to combine the category with the numbers to do well.

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of rows. They are split over the categories as evenly as possible: the first categories have one row
        more where it does not come out even.
    n_categories : int, default=1
        Number of categories, at most `n_samples`.
    n_numeric : int, default=10
        Number of numeric columns, each standard normal.
    n_informative : int, default=5
        Number of numeric columns that the target of one category depends on, at most `n_numeric`.
    noise : float, default=100.0
        Standard deviation of the normal noise added to the target, in the target's unit.
    random_state : int, RandomState instance or None, default=None
        Seed of columns, coefficients, noise and order. An int gives the same data at every call.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_numeric + 1)
        Columns `num_0`, `num_1`, ... (float64) and `cat` (categorical, with the strings "a", ..., "z", "aa", "ab",
        ...). The index counts the rows from 0.
    y : ndarray of shape (n_samples,)
        The target, float64.

    Raises
    ------
    TypeError
        If a number is not a number, or a count is not an integer.
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> from multisearch.datasets import make_categorical_regression
    >>> X, y = make_categorical_regression(n_samples=6, n_categories=2, n_numeric=3, n_informative=1, random_state=0)
    >>> list(X.columns)
    ['num_0', 'num_1', 'num_2', 'cat']
    >>> X["cat"].value_counts().to_dict()
    {'a': 3, 'b': 3}
    """
    _check_count("n_samples", n_samples, lowest=1)
    _check_count("n_categories", n_categories, lowest=1)
    _check_count("n_numeric", n_numeric, lowest=1)
    _check_count("n_informative", n_informative, lowest=0)
    if n_categories > n_samples:
        raise ValueError(f"{n_categories=} needs a row for each, but {n_samples=}; lower one or raise the other.")
    if n_informative > n_numeric:
        raise ValueError(f"{n_informative=} exceeds {n_numeric=}; lower one or raise the other.")
    _check_noise(noise)
    random = check_random_state(random_state)

    sizes = [n_samples // n_categories + (category < n_samples % n_categories) for category in range(n_categories)]
    problems = [
        make_regression(
            n_samples=size, n_features=n_numeric, n_informative=n_informative, noise=noise, random_state=random
        )
        for size in sizes
    ]
    order = random.permutation(n_samples)
    numbers = np.concatenate([rows for rows, _ in problems])[order]
    # make_regression returns a single row's target without a dimension.
    target = np.concatenate([np.atleast_1d(values) for _, values in problems])[order]
    codes = np.repeat(np.arange(n_categories), sizes)[order]

    X = pd.DataFrame(numbers, columns=[f"num_{column}" for column in range(n_numeric)])
    categories = pd.Index([_category_name(code) for code in range(n_categories)])
    X["cat"] = pd.Categorical.from_codes(codes, categories=categories)
    return X, target


def _category_name(code: int) -> str:
    """Count in letters as spreadsheets name columns: a, b, ..., z, aa, ab, ..."""
    name = ""
    while code >= 0:
        code, letter = divmod(code, 26)
        name = chr(ord("a") + letter) + name
        code -= 1
    return name


def _check_count(name: str, value: object, lowest: int) -> None:
    """Raise unless `value` is an integer of at least `lowest`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}={value!r} is no integer; give a whole number of at least {lowest}.")
    if int(value) < lowest:
        raise ValueError(f"{name}={value} is too small; give at least {lowest}.")


def _check_noise(noise: object) -> None:
    """Raise unless `noise` can be a standard deviation."""
    if isinstance(noise, bool) or not isinstance(noise, Real):
        raise TypeError(f"noise={noise!r} is no number; give a standard deviation of 0 or more.")
    if not 0 <= float(noise) < np.inf:
        raise ValueError(f"noise={noise} is no standard deviation; give a finite number of 0 or more.")
