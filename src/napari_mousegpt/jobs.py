"""Long work as a subprocess of the command, so that the window never waits for it.

A job runs ``mousegpt VERB ... --json`` and tells its progress, one JSON object a line on standard
error, and its result on standard output (`mousegpt_core.cli.console`). Stopping it loses nothing:
the same command goes on where it was.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, Literal

from mousegpt_core.progress import Progress

#: Lines that are kept for "copy details".
_LOG_LINES = 200
#: Exit code of a command that was asked to stop.
_STOPPED = 130
#: By how much jobs let others go first; 19 is the last to get the processor.
_NICENESS = 10
#: The same on Windows, and no black window there.
_BACK_ON_WINDOWS = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes
    ----------
    kind : {"done", "stopped", "failed"}
        How.
    result : dict
        What the command gave.
    message, hint : str
        Of a failure: what went wrong, what to do.
    details : str
        Of a failure: the command and all that it said.
    """

    kind: Literal["done", "stopped", "failed"]
    result: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    hint: str = ""
    details: str = ""

    @property
    def words(self) -> str:
        """Why there is no result, for people."""
        if self.kind == "stopped":
            return "Stopped."
        return f"{self.message}\n→ {self.hint}" if self.hint else self.message


class Job:
    """A command that runs.

    Parameters
    ----------
    title : str
        For people.
    arguments : sequence of str
        Of the command ``mousegpt``, without ``--json``.
    waited_for : bool
        Whether a person waits for it; else it lets the window have the processor first.
    """

    def __init__(self, title: str, arguments: Sequence[str], *, waited_for: bool = False) -> None:
        self.title = title
        self.arguments = tuple(arguments)
        self._steps: SimpleQueue[Progress] = SimpleQueue()
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._error: dict[str, Any] = {}
        self._output = ""
        self._asked = False
        verb, *options = self.arguments
        # In a session of its own, so that Ctrl-C in napari's terminal is not for it too.
        with _hearing_interrupts():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mousegpt_core.cli", verb, "--json", *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                creationflags=_NO_WINDOW if waited_for else _NO_WINDOW | _BACK_ON_WINDOWS,
            )
        if not waited_for:
            self._stand_back()
        self._readers = [
            threading.Thread(target=read, args=(pipe,), daemon=True)
            for read, pipe in (
                (self._read_result, self._process.stdout),
                (self._read_events, self._process.stderr),
            )
        ]
        for reader in self._readers:
            reader.start()

    @property
    def running(self) -> bool:
        """Whether it goes on; once it does not, `outcome` tells how it ended."""
        return self._process.poll() is None or any(one.is_alive() for one in self._readers)

    def steps(self) -> list[Progress]:
        """What was told since this was asked for last; never waits."""
        told = []
        with suppress(Empty):
            while True:
                told.append(self._steps.get_nowait())
        return told

    def cancel(self) -> None:
        """Ask it to stop after the step that it is at; the second time, end it at once."""
        if self._process.poll() is not None:
            return
        if self._asked or sys.platform == "win32":
            self._kill()
        else:
            self._process.send_signal(signal.SIGINT)
        self._asked = True

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended, at most so long; whether it has."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
            for reader in self._readers:
                reader.join(seconds)
        return not self.running

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        code = self._process.returncode
        try:
            result = json.loads(self._output or "{}")
        except ValueError:
            result = {}
        if code == 0:
            return Outcome("done", result)
        if self._asked or code == _STOPPED:
            return Outcome("stopped", result)
        error = self._error or _failures(result) or self._unexpected()
        command = " ".join(["mousegpt", *self.arguments])
        details = "\n".join([command, *self._log, json.dumps(result, ensure_ascii=False)])
        return Outcome("failed", result, error["message"], error["hint"], details)

    def _unexpected(self) -> dict[str, str]:
        last = self._log[-1] if self._log else f"exit code {self._process.returncode}"
        return {
            "message": f"{self.title} broke off: {last}",
            "hint": "copy the details and report them",
        }

    def _stand_back(self) -> None:
        """Let the window go first where both want the processor."""
        if sys.platform == "win32":
            return
        pid = self._process.pid
        with suppress(OSError):  # it has ended already, or the system has no such thing
            ours = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, pid, min(ours + _NICENESS, 19))
            # Linux shares the processor among sessions first, then within each by niceness.
            Path(f"/proc/{pid}/autogroup").write_text(str(_NICENESS), encoding="utf-8")

    def _kill(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _read_result(self, pipe: IO[str]) -> None:
        with pipe:
            self._output = pipe.read()

    def _read_events(self, pipe: IO[str]) -> None:
        with pipe:
            for line in pipe:
                self._take(line.rstrip("\n"))

    def _take(self, line: str) -> None:
        try:
            event = json.loads(line)
            kind = event.pop("event")
        except (ValueError, AttributeError, KeyError):
            self._log.append(line)
            return
        if kind == "progress":
            self._steps.put(Progress(**event))
        elif kind == "error":
            self._error = event


@contextmanager
def _hearing_interrupts() -> Iterator[None]:
    """Have what is started hear an interrupt though we do not, as scripts start us with ``&``."""
    ours = signal.getsignal(signal.SIGINT)
    if ours != signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, ours)


def _failures(result: dict[str, Any]) -> dict[str, str]:
    """Recordings that were left out, as an error."""
    failed = result.get("failed") or {}
    if not failed:
        return {}
    told = "\n".join(f"{id}: {reason}" for id, reason in failed.items())
    return {
        "message": f"{len(failed)} recordings failed and were left out\n{told}",
        "hint": "put right what is said of each, then go on; the others are done",
    }
