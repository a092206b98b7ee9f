"""Check that the installed multisearch is whole, and not the checkout's: ``check_installed.py FILES CHECKOUT``.

FILES holds the paths of all files of the package in the checkout, separated by zero bytes.
"""

import importlib
import sys
from pathlib import Path

import multisearch


def main() -> None:
    """Look at every file, and import every module."""
    home = Path(multisearch.__file__).parent.parent
    if home.is_relative_to(sys.argv[2]):
        sys.exit(f"multisearch comes from the checkout at {home}, not from the wheel")
    files = [Path(name) for name in Path(sys.argv[1]).read_text("utf-8").split("\0") if name]
    missing = [str(file) for file in files if not (home / file).exists()]
    if missing or not files:
        sys.exit(f"the wheel lacks {', '.join(missing) or 'everything'}")
    for file in files:
        if file.suffix == ".py":
            importlib.import_module(".".join(file.with_suffix("").parts).removesuffix(".__init__"))
    print(f"{len(files)} files of multisearch {multisearch.__version__} are installed, and can be imported")


if __name__ == "__main__":
    main()
