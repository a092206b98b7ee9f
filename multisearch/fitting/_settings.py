"""Settings of libraries that change numbers: as they stand where a search is started, and in force where it fits."""

from __future__ import annotations

import functools
import importlib.util
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn import config_context, get_config

from multisearch.families import FAMILIES

_ONLY_SHOWN = frozenset({"display", "print_changed_only"})
"""What of scikit-learn's configuration changes no result."""

_NUMPY_DEFAULTS: Mapping[str, Any] = {
    "divide": "warn",
    "over": "warn",
    "under": "ignore",
    "invalid": "warn",
    "call": None,
    "bufsize": 8192,
}
_IN_PANDAS = r"^(compute|mode|future)\."
_ONE_OPTION = re.compile(
    r"^((?:compute|mode|future)\.\w+) .*?\[default: (.*?)\] \[currently: (.*?)\](?:\s+\((Deprecated))?",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What of libraries' settings may change numbers; of all but scikit-learn only what differs from the defaults.

    Attributes
    ----------
    sklearn : mapping
        scikit-learn's whole configuration.
    numpy : mapping
        What is done about floating point errors, and the size of buffers.
    pandas : mapping
        Options by name.
    libraries : mapping of str to mapping
        What families know about their libraries, by the family's name.
    """

    sklearn: Mapping[str, Any]
    numpy: Mapping[str, Any] = field(default_factory=dict)
    pandas: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        """Return what results may depend on: it is the same whether a library at its defaults is imported or not."""
        sklearn = {option: value for option, value in self.sklearn.items() if option not in _ONLY_SHOWN}
        others = {"numpy": self.numpy, "pandas": self.pandas, **self.libraries}
        return {"sklearn": sklearn, **{name: dict(options) for name, options in others.items() if options}}


def current_settings() -> Settings:
    """Return the settings of this thread."""
    return Settings(get_config(), _differing_in_numpy(), _differing_in_pandas(), _of_libraries())


@contextmanager
def applied(settings: Settings) -> Iterator[None]:
    """Let settings hold in this thread, and those that are the process's own in all of it, until the end.

    A thread that wants other settings of the process than those in force waits.
    """
    with _turns.taken(settings), _in_this_thread(settings), _numpy_in_force(settings.numpy):
        yield


def for_another_thread() -> Callable[[], AbstractContextManager[None]]:
    """Return a context in which another thread has this one's settings; context variables are not among them."""
    return functools.partial(_in_this_thread, Settings(get_config(), libraries=_of_libraries()))


@contextmanager
def _in_this_thread(settings: Settings) -> Iterator[None]:
    with config_context(**settings.sklearn), ExitStack() as undo:
        for family in FAMILIES:
            undo.enter_context(family.settings_in_this_thread(settings.libraries.get(family.name, {})))
        yield


class _Turns:
    """Lets threads of one process take turns, where they want other settings of the whole process."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._in_force: Any = None
        self._n_users = 0
        self._undo = ExitStack()

    @contextmanager
    def taken(self, settings: Settings) -> Iterator[None]:
        wanted = (settings.pandas, settings.libraries)
        with self._condition:
            self._condition.wait_for(lambda: not self._n_users or self._in_force == wanted)
            if not self._n_users:
                with ExitStack() as undo:
                    undo.enter_context(_pandas_in_force(settings.pandas))
                    for family in FAMILIES:
                        undo.enter_context(family.settings_in_force(settings.libraries.get(family.name, {})))
                    self._undo = undo.pop_all()
                self._in_force = wanted
            self._n_users += 1
        try:
            yield
        finally:
            with self._condition:
                self._n_users -= 1
                if not self._n_users:
                    self._undo.close()
                    self._condition.notify_all()


_turns = _Turns()


def _of_libraries() -> dict[str, Mapping[str, Any]]:
    found = {family.name: family.settings() for family in FAMILIES}
    return {name: settings for name, settings in found.items() if settings}


def _differing_in_numpy() -> dict[str, Any]:
    now = {**np.geterr(), "call": np.geterrcall(), "bufsize": np.getbufsize()}
    if "call" not in np.geterr().values() and "log" not in np.geterr().values():
        del now["call"]  # nobody calls it
    return {name: value for name, value in now.items() if value != _NUMPY_DEFAULTS[name]}


@contextmanager
def _numpy_in_force(settings: Mapping[str, Any]) -> Iterator[None]:
    wanted = {**_NUMPY_DEFAULTS, **settings}
    bufsize = wanted.pop("bufsize")
    with np.errstate(**wanted):
        if np.getbufsize() != bufsize:
            np.setbufsize(bufsize)  # until the end of errstate, too
        yield


@functools.cache
def _pandas_defaults() -> dict[str, str]:
    """Return the defaults, as pandas' own description gives them, of options that may change results."""
    return {name: default for name, default, _, _ in _described_by_pandas()}


@functools.cache
def _deprecated_in_pandas() -> frozenset[str]:
    return frozenset(name for name, _, _, deprecated in _described_by_pandas() if deprecated)


def _described_by_pandas() -> list[tuple[str, str, str, str]]:
    text = pd.describe_option(_IN_PANDAS, _print_desc=False)  # type: ignore[call-arg, unused-ignore]
    return [one for one in _ONE_OPTION.findall(str(text)) if one[0] not in _of_missing_packages()]


@functools.cache
def _of_missing_packages() -> frozenset[str]:
    """Return the options to use packages that are not there; dask switches one of them off when it is imported."""
    packages = ("bottleneck", "numba", "numexpr")
    return frozenset(f"compute.use_{name}" for name in packages if importlib.util.find_spec(name) is None)


def _differing_in_pandas() -> dict[str, Any]:
    return {name: _pandas_option(name) for name, default, now, _ in _described_by_pandas() if default != now}


@contextmanager
def _pandas_in_force(settings: Mapping[str, Any]) -> Iterator[None]:
    """Set what is wanted, and put back to its default whatever else may change results."""
    with ExitStack() as undo:
        for name, default in _pandas_defaults().items():
            if name in settings or name not in _deprecated_in_pandas():
                now = _pandas_option(name)
                if name in settings and now != settings[name]:
                    undo.callback(_set_pandas_option, name, now)
                    _set_pandas_option(name, settings[name])
                elif name not in settings and str(now) != default:
                    undo.callback(_set_pandas_option, name, now)
                    pd.reset_option(name)
        yield


def _pandas_option(name: str) -> Any:
    with _about_to_be_removed(name):
        return pd.get_option(name)


def _set_pandas_option(name: str, value: Any) -> None:
    with _about_to_be_removed(name):
        pd.set_option(name, value)


@contextmanager
def _about_to_be_removed(name: str) -> Iterator[None]:
    """Let pandas not warn of options that are deprecated: whoever has set one was told of it."""
    if name not in _deprecated_in_pandas():
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
