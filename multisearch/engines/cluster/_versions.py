"""Whether client, scheduler and workers can understand each other: versions of packages, and the user's own modules."""

from __future__ import annotations

import io
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import cloudpickle
import distributed

from multisearch.engines.transport._modules import is_users_own, modules_of

_EVERYWHERE = ("multisearch", "sklearn", "numpy", "scipy", "pandas", "dask", "distributed", "cloudpickle")
_BY_NAME = (type, types.FunctionType, types.BuiltinFunctionType)
_CLIENT, _SCHEDULER = "client", "scheduler"


def check_versions(client: distributed.Client, estimators: Iterable[Any]) -> None:
    """Check that all processes of a cluster have the same versions of what a search needs.

    Parameters
    ----------
    client : distributed.Client
    estimators : iterable of estimator
        Workers need their libraries, too.

    Raises
    ------
    RuntimeError
        With a table of what differs, or is missing.
    """
    libraries = {name.partition(".")[0] for name in modules_of(estimators) if not is_users_own(name)}
    names = (*_EVERYWHERE, *sorted(libraries.difference(_EVERYWHERE)))
    ask = _versions_asker()
    found: dict[str, Mapping[str, str]] = {_CLIENT: ask(names)}
    found[_SCHEDULER] = client.run_on_scheduler(ask, _EVERYWHERE)
    found |= {address: said for address, said in client.run(ask, names, on_error="ignore").items() if said}
    differing = [
        name
        for name in ("python", *names)
        if len({versions[name] for versions in found.values() if name in versions}) > 1
    ]
    if differing:
        raise RuntimeError(
            "client, scheduler and workers must have the same versions of what a search needs; install the same in all "
            f"of them:\n{_table(differing, found)}"
        )


def _versions_asker() -> Callable[[Sequence[str]], dict[str, str]]:
    def versions(names: Sequence[str]) -> dict[str, str]:
        import importlib
        import importlib.metadata
        import importlib.util
        import sys

        def version(name: str) -> str:
            module = sys.modules.get(name)
            if module is None:
                spec = importlib.util.find_spec(name)
                if spec is None:
                    return "missing"
                for installed in importlib.metadata.distributions(name=name):
                    if str(spec.origin).startswith(str(installed.locate_file(""))):
                        return installed.version
            try:
                return str(getattr(module or importlib.import_module(name), "__version__", "of no known version"))
            except ImportError:
                return "missing"

        return {"python": "{}.{}".format(*sys.version_info), **{name: version(name) for name in names}}

    # A nested function travels with its code, so that it can also tell where multisearch is missing
    return versions


def _table(names: Sequence[str], found: Mapping[str, Mapping[str, str]]) -> str:
    rows = [("", *names), *((where, *(versions.get(name, "") for name in names)) for where, versions in found.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def check_modules(client: distributed.Client, value: Any) -> None:
    """Check that workers can import all modules that something refers to when it is pickled.

    Raises
    ------
    ModuleNotFoundError
        Naming the module and the way out.
    """
    names = sorted({name.partition(".")[0] for name in _modules_in(value)})
    for worker, missing in client.run(_missing_asker(), names, on_error="ignore").items():
        if missing:
            raise module_not_found(missing[0], worker)


def module_not_found(name: str, worker: str) -> ModuleNotFoundError:
    """Return an error that tells what to do about a module that a worker does not have."""
    return ModuleNotFoundError(
        f"worker {worker} has no module {name!r}, which estimators need; send it with client.upload_file(the path of "
        "the module, or of a zip file with the package), or put it into the image that workers are started from",
        name=name,
    )


def _missing_asker() -> Callable[[Sequence[str]], list[str]]:
    def missing(names: Sequence[str]) -> list[str]:
        import importlib.util
        import sys

        return [name for name in names if name not in sys.modules and importlib.util.find_spec(name) is None]

    return missing


class _Listener(cloudpickle.Pickler):
    """Pickles for nobody, and notes where things are that go by their names.

    Nothing is loaded again for it: cloudpickle would fill classes of the user's script with copies of their members.
    """

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), protocol=5)
        self.modules: set[str] = set()

    def reducer_override(self, value: Any) -> Any:
        reduced = super().reducer_override(value)
        if reduced is NotImplemented and isinstance(value, _BY_NAME):
            self.modules.add(str(value.__module__))
        elif isinstance(value, types.ModuleType) and value.__name__ not in cloudpickle.list_registry_pickle_by_value():
            self.modules.add(value.__name__)
        return reduced


def _modules_in(value: Any) -> set[str]:
    listener = _Listener()
    listener.dump(value)
    return listener.modules - {"__main__", "None", cloudpickle.__name__}
