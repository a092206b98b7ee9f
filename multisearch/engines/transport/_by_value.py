"""The user's functions, classes and modules on their way to workers, with their code where need be, and back again."""

from __future__ import annotations

import io
import sys
import threading
import types
import weakref
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import cloudpickle
import numpy as np

from multisearch._fingerprint import Code, imports_in
from multisearch.engines.transport._mapped import ArrayPickler

_CODE = (types.FunctionType, types.ModuleType, type)
_LOADING = frozenset({"__builtins__", "__cached__", "__loader__", "__spec__"})
"""What a module has for its own loading; it is not loaded where it arrives."""

_LENGTH = 6
"""Of what pickling makes of something that comes with its code: the last is a function that fills in its content."""

_own: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
"""What this process has sent with its code, by token."""

_came: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
"""The tokens of what has come to this process with its code."""

_registering = threading.Lock()


class CodeDiffersError(Exception):
    """A worker has something else than the client in modules of the user's; comes instead of results of its tasks."""

    def __init__(self, modules: tuple[str, ...], worker: str) -> None:
        super().__init__(modules, worker)
        self.modules = modules
        self.worker = worker


class CodeCannotBeSentError(RuntimeError):
    """A worker's code is not the client's, and cannot be made so."""


class Sender:
    """Pickles what one search sends to workers.

    Functions and classes travel by their names where workers have the same, and with their code where they have not, or
    cannot have, as those of a script. The latter are new to every search: a worker does not take them for those of
    another search whose globals were different. Where they come back in a result, they are again what was sent.

    Parameters
    ----------
    code : Code
        What the user's modules hold here, as far as the search refers to it.
    search : str
        A name that no other search has.
    """

    def __init__(self, code: Code, search: str) -> None:
        self._code = code
        self._search = search
        self._modules: frozenset[str] = frozenset()
        self._tokens: dict[int, tuple[Any, str]] = {}

    @property
    def to_compare(self) -> Code:
        """What a worker is to compare with what it has: all that it does not get with its code."""
        digests = self._code.digests.items()
        return Code(self._code.modules, {place: digest for place, digest in digests if not self._is_sent(place[0])})

    def send(self, error: CodeDiffersError) -> None:
        """Send from now on the code of these modules, with that of the packages that they are in.

        Raises
        ------
        CodeCannotBeSentError
            Where that has been tried.
        """
        tops = {module.partition(".")[0] for module in error.modules}
        new = {*error.modules, *(top for top in tops if top in self._code.modules)}
        if new <= self._modules:
            raise self.cannot_be_sent(error, "it was sent from here, and still differs")
        self._modules |= new

    def cannot_be_sent(self, error: CodeDiffersError, reason: object) -> CodeCannotBeSentError:
        """Return what tells the user which module it is, and what to do."""
        names = ", ".join(map(repr, error.modules))
        return CodeCannotBeSentError(
            f"module {names} is not the same here as on worker {error.worker}, and its functions and classes cannot be "
            f"sent from here ({reason}); start workers anew that import the same, or send them the file with "
            "client.upload_file, or install the same version there; if it was edited or changed here while it was "
            "loaded, load it again"
        )

    def dumps(self, value: Any, buffer_callback: Callable[[Any], Any] | None = None) -> bytes:
        """Pickle a value.

        Raises
        ------
        Exception
            Of any kind, where something cannot be pickled.
        """
        stream = io.BytesIO()
        with _by_value(self._modules):
            _Pickler(stream, self._token, self._is_sent, buffer_callback).dump(value)
        return stream.getvalue()

    def _is_sent(self, module: str) -> bool:
        return any(module == one or module.startswith(f"{one}.") for one in self._modules)

    def _token(self, value: Any) -> str:
        _, token = known = self._tokens.get(id(value)) or (value, f"{self._search}-{len(self._tokens)}")
        self._tokens[id(value)] = known
        _own[token] = value
        return token


@contextmanager
def _by_value(modules: Collection[str]) -> Iterator[None]:
    """Let cloudpickle pickle modules by value, for all threads, since there is no other way to tell it."""
    if not modules:
        yield
        return
    with _registering:
        before = cloudpickle.list_registry_pickle_by_value()
        # What somebody has taken out of there is found under no name, and comes with its code anyway
        new = [types.ModuleType(name) for name in modules if name in sys.modules and name not in before]
        for module in new:
            cloudpickle.register_pickle_by_value(module)
        try:
            yield
        finally:
            for module in new:
                cloudpickle.unregister_pickle_by_value(module)


class _Pickler(ArrayPickler):
    """Gives what comes with its code a token, by which it is known again."""

    def __init__(
        self,
        stream: io.BytesIO,
        token: Callable[[Any], str],
        is_sent: Callable[[str], bool],
        buffer_callback: Callable[[Any], Any] | None,
    ) -> None:
        super().__init__(stream, protocol=5, buffer_callback=buffer_callback)
        self._token = token
        self._is_sent = is_sent

    def reducer_override(self, value: Any) -> Any:
        is_code = isinstance(value, _CODE)
        if not is_code and not isinstance(value, np.ndarray):
            return NotImplemented  # at once, since tasks hold many small things
        if isinstance(value, types.ModuleType) and self._is_sent(value.__name__):
            content = {name: used for name, used in vars(value).items() if name not in _LOADING}
            reduced: Any = (types.ModuleType, (value.__name__,), content, None, None, _fill_module)
        else:
            reduced = super().reducer_override(value)
        if not (is_code and isinstance(reduced, tuple) and len(reduced) == _LENGTH):
            return reduced
        if isinstance(value, types.FunctionType):
            self._check_imports(value.__code__, str(value.__globals__.get("__package__") or ""))
        make, arguments, content, *_, fill = reduced
        token = self._token(value)
        known_as = _tracked_as(value)
        arguments = tuple(token if known_as is not None and one == known_as else one for one in arguments)
        return make, arguments, (token, fill, content), None, None, _receive

    def _check_imports(self, code: types.CodeType, package: str) -> None:
        """Check that code imports nothing inside that would not be there what it is here.

        Raises
        ------
        ImportError
        """
        for name in imports_in(code, package):
            if self._is_sent(name):
                raise ImportError(f"{code.co_name} imports {name} inside, which gives what is installed there")


def _tracked_as(value: Any) -> str | None:
    """Return the name by which cloudpickle knows a class again in another process, over all searches."""
    tracked = getattr(cloudpickle.cloudpickle, "_DYNAMIC_CLASS_TRACKER_BY_CLASS", {})
    name: str | None = tracked.get(value) if isinstance(value, type) else None
    return name


def _fill_module(module: types.ModuleType, content: dict[str, Any]) -> None:
    vars(module).update(content)


def _receive(value: Any, sent: tuple[str, Callable[[Any, Any], Any], Any]) -> None:
    """Fill what has come, unless it is a class that has come before, whose instances may be at work."""
    token, fill, content = sent
    if _came.get(value) != token:
        fill(value, content)
        _came[value] = token


def returned(result: Any) -> Any:
    """Return a result in the form in which it is to go to the client: pickled, if code has come from there."""
    if not _came:
        return result
    stream = io.BytesIO()
    _HomewardPickler(stream, protocol=5).dump(result)
    return stream.getvalue()


class _HomewardPickler(cloudpickle.Pickler):
    """Sends back what has come as a token alone, since the client has the thing itself."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, _CODE):
            token = _came.get(value)
            if token is not None:
                return _at_home, (token,)
        return super().reducer_override(value)


def _at_home(token: str) -> Any:
    return _own[token]
