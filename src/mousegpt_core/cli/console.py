"""What all commands share: progress on screen, JSON for machines, errors and exit codes.

With ``--json`` the result is one JSON object on standard output, and progress is one JSON object a
line on standard error. An error is both the result and the last line of the progress.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from mousegpt_core.errors import (
    BackendError,
    MouseGPTError,
    StageMissingError,
    StudyLockedError,
)
from mousegpt_core.progress import Cancellation, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

EXIT_INPUT, EXIT_LOCKED, EXIT_MISSING, EXIT_BACKEND, EXIT_STOPPED = 2, 3, 4, 5, 130


def exit_code(error: MouseGPTError) -> int:
    """The exit code that tells a script what kind of error it was."""
    if isinstance(error, StudyLockedError):
        return EXIT_LOCKED
    if isinstance(error, StageMissingError):
        return EXIT_MISSING
    return EXIT_BACKEND if isinstance(error, BackendError) else EXIT_INPUT


class Console:
    """Where a command speaks.

    Parameters
    ----------
    as_json : bool
        For machines instead of people.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.cancellation = Cancellation()
        self._bars: Bars | None = None
        self._tasks: dict[tuple[str, str], Any] = {}

    def say(self, text: str) -> None:
        """A line for people; silent with ``--json``."""
        if not self.as_json:
            from rich.console import Console as Rich

            Rich(highlight=False, soft_wrap=True, markup=False).print(text)

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """A table for people; silent with ``--json``."""
        if self.as_json:
            return
        from rich.console import Console as Rich
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title or None, title_justify="left", show_edge=False, pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        Rich().print(table)

    def result(self, value: dict[str, Any]) -> None:
        """The result for machines, and for all which recordings failed; then leaves with an error.

        Without ``--json`` it is silent about what went well.
        """
        failed = value.get("failed") or {}
        if self.as_json:
            sys.stdout.write(json.dumps(_finite(value), default=str, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        elif failed:
            sys.stderr.write("These recordings failed and were left out:\n")
            sys.stderr.writelines(f"{id}: {reason}\n" for id, reason in failed.items())
        if failed:
            sys.exit(EXIT_INPUT)

    def error(self, error: MouseGPTError) -> None:
        """Say an error and what to do."""
        if self.as_json:
            self._fail(type(error).__name__, error.message, error.hint)
        else:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")

    def stopped(self, how: str) -> NoReturn:
        """Say that the work was stopped by Ctrl-C and how to go on, and leave."""
        with suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # we are leaving already
        message, hint = "what was finished is kept", "run the same command to go on"
        if self.as_json:
            self._fail("Stopped", message, hint)
        else:
            sys.stderr.write(f"{how}: {message}; {hint}.\n")
        sys.exit(EXIT_STOPPED)

    def _fail(self, name: str, message: str, hint: str) -> None:
        """The error as the result, and as the last event."""
        details = {"error": name, "message": message, "hint": hint}
        sys.stdout.write(json.dumps(details, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        self._event("error", details)

    def _event(self, event: str, details: dict[str, Any]) -> None:
        sys.stderr.write(json.dumps({"event": event, **details}, ensure_ascii=False) + "\n")
        sys.stderr.flush()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Show progress; the first Ctrl-C asks the work to stop, the second breaks it off."""
        previous = signal.getsignal(signal.SIGINT)
        try:
            signal.signal(signal.SIGINT, self._interrupt)
        except ValueError:  # not in the main thread: the caller stops us by other means
            previous = None
        try:
            if self.as_json:
                yield
            else:
                from mousegpt_core.cli.live import progress_bars

                with progress_bars() as self._bars:
                    yield
        finally:
            self._bars = None
            if previous is not None:
                signal.signal(signal.SIGINT, previous)

    def progress(self, step: Progress) -> None:
        """Show a step of long work."""
        if self.as_json:
            self._event("progress", asdict(step))
            return
        if self._bars is None:
            return
        key = (step.stage, step.recording)
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task("", total=None)
        label = f"{step.stage} {step.recording}".strip()
        total = step.total or None
        done = step.done
        if step.finished:
            total = total or 1
            done = total
        self._bars.update(
            self._tasks[key],
            description=label,
            total=total,
            completed=done,
            remark=step.message,
            counts=step.counts,
        )

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.cancellation.requested:
            raise KeyboardInterrupt
        self.cancellation.cancel()
        text = "\nStopping after this step; Ctrl-C again breaks off at once.\n"
        # Past the buffer of stderr, in which the signal may have come.
        os.write(2, b'{"event": "stopping"}\n' if self.as_json else text.encode())


def _finite(value: Any) -> Any:
    """JSON has no NaN: null instead."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
