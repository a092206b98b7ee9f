"""How code is written: the user's own by what it does and refers to, a library's by its name and version."""

from __future__ import annotations

import abc
import contextlib
import dis
import functools
import importlib
import importlib.util
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from multisearch._fingerprint._origin import file_of, found_under, is_compiled, version_of
from multisearch._interrupts import raise_interrupt

if TYPE_CHECKING:
    from multisearch._fingerprint._encoder import Encoder

_NOT_CONTENT = frozenset({
    "__module__", "__name__", "__qualname__", "__doc__", "__signature__", "__dict__", "__weakref__", "__firstlineno__",
    "__annotations__", "__annotate__", "__annotations_cache__", "__static_attributes__", "__abstractmethods__",
    "__orig_bases__", "__parameters__", "__type_params__", "__slotnames__", "_abc_impl",
})  # fmt: skip
"""What a class or function has that says nothing about what it does, or follows from the rest."""

_LOADS_ATTRIBUTES = frozenset(
    {"LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "STORE_ATTR", "DELETE_ATTR", "IMPORT_FROM"}
)
_FunctionOrClass = types.FunctionType | type


@dataclass(frozen=True, slots=True)
class _Names:
    """What a piece of code, with all code inside it, looks up by name; ``imports`` with their relative level."""

    globals: tuple[str, ...]
    attributes: tuple[str, ...]
    imports: tuple[tuple[str, int], ...]


@functools.lru_cache(maxsize=4096)
def _names_in(code: types.CodeType) -> _Names:
    globals_: set[str] = set()
    attributes: set[str] = set()
    imports: set[tuple[str, int]] = set()
    before: list[dis.Instruction] = []
    for instruction in dis.get_instructions(code):
        name = str(instruction.argval)
        if instruction.opname == "IMPORT_NAME":
            level = before[-2].argval if len(before) > 1 and isinstance(before[-2].argval, int) else 0
            imports.add((name, level))
            attributes.update(name.split("."))
        elif instruction.opname in _LOADS_ATTRIBUTES:
            attributes.add(name)
        elif instruction.opcode in dis.hasname:
            globals_.add(name)
        before = [*before[-1:], instruction]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner = _names_in(constant)
            globals_.update(inner.globals)
            attributes.update(inner.attributes)
            imports.update(inner.imports)
    return _Names(tuple(sorted(globals_)), tuple(sorted(attributes)), tuple(sorted(imports)))


def imports_in(code: types.CodeType, package: str) -> list[str]:
    """Return the full names of the modules that a piece of code imports, with all code inside it.

    Parameters
    ----------
    code : code
    package : str
        The package that it is in; "" for none.
    """
    names = []
    for name, level in _names_in(code).imports:
        with contextlib.suppress(ImportError):  # the code itself will say so
            names.append(importlib.util.resolve_name("." * level + name, package))
    return names


def add_function(encoder: Encoder, value: types.FunctionType) -> None:
    """Write a function of the user's by its content, one of a library's by its name if that leads to it.

    What counts is where the code was defined, not what ``functools.wraps`` has made it look like.
    """
    home = value.__globals__.get("__name__")
    home = home if isinstance(home, str) else ""
    if _is_users(encoder, home, value.__globals__.get("__file__")):
        _meet(encoder, home, value)
        owner = found_under(home, value.__qualname__.rpartition(".")[0])
        if isinstance(owner, type) and not encoder.is_inside(owner) and found_under(home, value.__qualname__) is value:
            encoder.add_each("method of", (value.__name__, owner))
        else:
            encoder.add_once(value, _add_own_function)
    elif found_under(home, value.__qualname__) is value:
        encoder.write("library", f"{home}.{value.__qualname__} {version_of(home)}")
    else:
        encoder.write("made by", f"{home}.{value.__qualname__} {version_of(home)}")
        encoder.add_once(value, _add_code_and_bindings)


def _is_users(encoder: Encoder, module: str, file: Any) -> bool:
    return encoder.keys.origin.is_users(module, file if isinstance(file, str) else None)


def _meet(encoder: Encoder, module: str, value: _FunctionOrClass) -> None:
    """Remember what another process would import by its name rather than get with its code."""
    if module != "__main__" and found_under(module, value.__qualname__) is value:
        encoder.keys.met[module, value.__qualname__] = value


def _add_own_function(encoder: Encoder, value: types.FunctionType) -> None:
    _add_code_and_bindings(encoder, value)
    names = _names_in(value.__code__)
    for name in names.globals:
        if name in value.__globals__:
            encoder.write("global", name)
            _add_referred(encoder, value.__globals__[name], names)
    for cell in value.__closure__ or ():
        content = _content_of(cell)
        if isinstance(content, types.ModuleType):
            _add_referred(encoder, content, names)
    package = str(value.__globals__.get("__package__") or "")
    for name, level in names.imports:
        _add_import(encoder, "." * level + name, package, names)


def _add_code_and_bindings(encoder: Encoder, value: types.FunctionType) -> None:
    encoder.add(value.__code__)
    encoder.add_each("defaults", (value.__defaults__, value.__kwdefaults__))
    attributes = {name: one for name, one in vars(value).items() if name not in _NOT_CONTENT}
    encoder.add_each("attributes", sorted(attributes.items()))
    cells = (_content_of(cell) for cell in value.__closure__ or ())
    encoder.add_each("closure", (_Named(one.__name__) if isinstance(one, types.ModuleType) else one for one in cells))


@dataclass(frozen=True, slots=True)
class _Named:
    """Stands for a module where what is used of it is written elsewhere."""

    name: str


def _add_referred(encoder: Encoder, value: Any, names: _Names) -> None:
    """Write what a name leads to; of a module of the user's all that the code may take from it."""
    if not isinstance(value, types.ModuleType):
        encoder.add(value)
        return
    _add_uses(encoder, value, names, set())


def _add_uses(encoder: Encoder, module: types.ModuleType, names: _Names, seen: set[int]) -> None:
    name = str(vars(module).get("__name__"))
    if not _is_users(encoder, name, file_of(module)):
        encoder.write("library", f"{name} {version_of(name)}")
        return
    encoder.write("module", name)
    if id(module) in seen:
        return
    seen.add(id(module))
    for attribute in names.attributes:
        if attribute in vars(module):
            encoder.write("attribute", attribute)
            used = vars(module)[attribute]
            if isinstance(used, types.ModuleType):
                _add_uses(encoder, used, names, seen)
            else:
                if name != "__main__":
                    encoder.keys.met[name, attribute] = used
                encoder.add(used)


def _add_import(encoder: Encoder, name: str, package: str, names: _Names) -> None:
    """Write what an import inside code may take from the user's modules, imported now if they were not before."""
    try:
        full_name = importlib.util.resolve_name(name, package)
        loaded = sys.modules.get(full_name.partition(".")[0])
        spec = None if loaded is not None else importlib.util.find_spec(full_name.partition(".")[0])
    except (ImportError, ValueError, AttributeError):
        encoder.write("absent", name)
        return
    file = file_of(loaded) if spec is None else spec.origin if spec.has_location else None
    if loaded is None and spec is None:
        encoder.write("absent", full_name)
    elif not _is_users(encoder, full_name.partition(".")[0], file):
        encoder.write("library", f"{full_name} {version_of(full_name)}")
    else:
        _add_imported(encoder, full_name, names)


def _add_imported(encoder: Encoder, full_name: str, names: _Names) -> None:
    try:
        module = importlib.import_module(full_name)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, the fit itself will say so
        raise_interrupt(error)
        encoder.write("absent", full_name)
        return
    # A name imported from a package may be a module that nobody has imported yet
    for attribute in names.attributes if hasattr(module, "__path__") else ():
        with contextlib.suppress(Exception):
            importlib.import_module(f"{full_name}.{attribute}")
    parts = full_name.split(".")
    seen: set[int] = set()
    for depth in range(1, len(parts) + 1):
        _add_uses(encoder, sys.modules[".".join(parts[:depth])], names, seen)


def add_module(encoder: Encoder, value: types.ModuleType) -> None:
    """Write a module that is held as a value, of which anything may be used."""
    name = str(vars(value).get("__name__"))
    if not _is_users(encoder, name, file_of(value)):
        encoder.write("library", f"{name} {version_of(name)}")
        return
    if is_compiled(file_of(value)):
        encoder.refuse(value, f"{name} is compiled")
    encoder.write("module", name)
    for attribute, used in sorted(vars(value).items()):
        if not attribute.startswith("__"):
            encoder.write("attribute", attribute)
            encoder.add(used)


def add_code(encoder: Encoder, value: types.CodeType) -> None:
    """Write what code does, without where it stands."""
    encoder.write("code", value.co_code)
    encoder.write("handlers", value.co_exceptiontable)
    encoder.add_each("names", (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars))
    counts = (value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount, value.co_flags)
    encoder.add_each("arguments", counts)
    encoder.add_each("constants", value.co_consts)


def add_cell(encoder: Encoder, value: types.CellType) -> None:
    """Write what a closure holds."""
    encoder.add(_content_of(value))


def _content_of(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # the name is not bound yet, as in a function that refers to itself
        return None


def add_method(encoder: Encoder, value: types.MethodType) -> None:
    """Write a function and the object it belongs to."""
    encoder.add_each("method", (value.__func__, value.__self__))


def add_builtin(encoder: Encoder, value: Any) -> None:
    """Write a compiled function by the name that leads to it."""
    owner = getattr(value, "__self__", None)
    name = str(getattr(value, "__qualname__", None) or value.__name__)
    if owner is not None and not isinstance(owner, types.ModuleType):
        encoder.write("of an object", name)
        encoder.add(owner)
        return
    module = _module_of(value, name)
    if module is None or _is_users(encoder, module, file_of(sys.modules.get(module))):
        encoder.refuse(value, f"{name} is compiled, and in no installed library")
    encoder.write("library", f"{module}.{name} {version_of(str(module))}")


def _module_of(value: Any, name: str) -> str | None:
    """Return the module in which a compiled function is found under its name; numpy's do not all say it."""
    said = getattr(value, "__module__", None)
    places = [said] if isinstance(said, str) else []
    return next((place for place in (*places, "numpy", "scipy.special") if found_under(place, name) is value), None)


def add_descriptor(encoder: Encoder, value: Any) -> None:
    """Write a method that is called in a way of its own."""
    if isinstance(value, property):
        encoder.add_each("property", (value.fget, value.fset, value.fdel))
    elif isinstance(value, functools.cached_property):
        encoder.add_each("cached property", (value.func, value.attrname))
    else:
        encoder.add_each(type(value).__name__, (value.__func__,))


def add_class(encoder: Encoder, value: type) -> None:
    """Write a class of the user's by its members, one of a library's by the name that leads to it."""
    home = str(value.__module__)  # some compiled classes have something else there
    encoder.write("class", f"{home}.{value.__qualname__}")
    is_found = found_under(home, value.__qualname__) is value
    if is_found and not _is_users(encoder, home, file_of(sys.modules.get(home))):
        encoder.write("library", version_of(home))
        encoder.add_once(value, _add_patches)
        return
    _meet(encoder, home, value)
    encoder.add_once(value, _add_own_class)


def _add_own_class(encoder: Encoder, value: type) -> None:
    encoder.add_each("bases", value.__bases__)
    if type(value) not in {type, abc.ABCMeta}:
        encoder.add(type(value))
    for name, member in vars(value).items():
        if name in _NOT_CONTENT or isinstance(member, types.GetSetDescriptorType):
            continue
        encoder.write("member", name)
        if not isinstance(member, types.MemberDescriptorType):  # a slot is its name
            encoder.add(member)


def _add_patches(encoder: Encoder, value: type) -> None:
    """Write what somebody has put into a library's class at run time, or into one that it descends from."""
    for base in value.__mro__:
        for name, function in _functions_in(base):
            home = function.__globals__.get("__name__")
            file = function.__globals__.get("__file__")
            if isinstance(home, str) and _is_users(encoder, home, file):
                encoder.write("patched", f"{base.__qualname__}.{name}")
                encoder.add(function)


def _functions_in(value: type) -> Iterator[tuple[str, types.FunctionType]]:
    for name, member in vars(value).items():
        found = member
        if isinstance(member, staticmethod | classmethod):
            found = member.__func__
        elif isinstance(member, property):
            found = member.fget
        if isinstance(found, types.FunctionType):
            yield name, found
