"""The order of the gallery: from the first thing to see to the longest program."""

from pathlib import Path

_ORDER = ("plot_compare_models.py", "plot_shared_steps.py", "plot_early_stopping.py")


class GalleryOrder:
    """Sort the examples as listed, and all others behind them by name.

    Parameters
    ----------
    src_dir : str or Path
        The folder of the examples.
    """

    def __init__(self, src_dir: str | Path) -> None:
        self.src_dir = src_dir

    def __call__(self, filename: str) -> tuple[int, str]:
        """Return what a file name is sorted by."""
        return (_ORDER.index(filename) if filename in _ORDER else len(_ORDER), filename)
