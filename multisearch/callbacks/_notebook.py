"""A progress bar in notebooks, drawn with nothing but what IPython itself can display."""

from __future__ import annotations

import contextvars
import html
import threading
from datetime import timedelta
from typing import Any

from rich.progress import Progress, Task

_SECONDS_BETWEEN_LOOKS = 0.5


class NotebookProgress(Progress):
    """Knows what rich's own bar knows, and draws it as HTML that is replaced in place.

    rich would need ipywidgets in notebooks.
    """

    def __init__(self) -> None:
        super().__init__()
        self._handle: Any = None
        self._drawn = ""
        self._is_over = threading.Event()
        self._redrawing: threading.Thread | None = None

    def start(self) -> None:
        """Put the bar below the cell, and keep it up to date; a second time does nothing."""
        if self._redrawing is not None:
            return
        from IPython.display import display

        self._drawn = _as_text(self.tasks[0])
        self._handle = display(_shown(self.tasks[0]), raw=True, display_id=True)
        context = contextvars.copy_context()  # in which Jupyter finds the cell
        self._redrawing = threading.Thread(
            target=context.run, args=(self._redraw,), name="multisearch-progress", daemon=True
        )
        self._redrawing.start()

    def stop(self) -> None:
        """Draw the bar for the last time, if ever."""
        if self._redrawing is None:
            return
        self._is_over.set()
        self._redrawing.join()
        self.refresh()

    def refresh(self) -> None:
        """Draw the bar if it would look otherwise than it does."""
        text = _as_text(self.tasks[0])
        if self._handle is not None and text != self._drawn:
            self._drawn = text
            self._handle.update(_shown(self.tasks[0]), raw=True)

    def _redraw(self) -> None:
        while not self._is_over.wait(_SECONDS_BETWEEN_LOOKS):
            self.refresh()


def _shown(task: Task) -> dict[str, str]:
    total = int(task.total or 0)
    bar = f'<progress value="{int(task.completed)}" max="{max(total, 1)}"></progress>'
    before, after = html.escape(task.description), html.escape(_numbers(task))
    return {"text/plain": _as_text(task), "text/html": f"<div><code>{before} {bar} {after}</code></div>"}


def _as_text(task: Task) -> str:
    return f"{task.description} {_numbers(task)}"


def _numbers(task: Task) -> str:
    said = [f"{int(task.completed)}/{int(task.total or 0)}", str(task.fields["best"]), _duration(task.elapsed)]
    if not task.finished and task.time_remaining is not None:
        said.append(f"{_duration(task.time_remaining)} left")
    return ", ".join(said)


def _duration(seconds: float | None) -> str:
    return str(timedelta(seconds=max(0, int(seconds or 0))))
