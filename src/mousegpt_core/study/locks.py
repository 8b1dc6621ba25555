"""Leases: who works on what, by locks of the operating system that die with their process."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from mousegpt_core.errors import StudyLockedError
from mousegpt_core.study.files import writing

_GATE = ".gate"
_PATIENCE = 20.0
#: Between two looks at a lease that somebody holds (s).
_POLL_S = 0.05


class Leases:
    """Locks of one folder, in its hidden sub-folder ``.locks``.

    The same thread may take a lease it holds again; another thread or process may not.

    Parameters
    ----------
    folder : Path
        The folder whose parts are locked.
    owner : str
        What the folder is, for messages: ``"recording m1"``.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = Path(folder).resolve() / ".locks"
        self._owner = owner

    @contextmanager
    def lease(self, name: str, *, timeout: float = 0.0) -> Iterator[None]:
        """Hold the lease of one stage.

        Parameters
        ----------
        name : str
            The stage.
        timeout : float
            Seconds to wait for whoever holds it.

        Raises
        ------
        StudyLockedError
            If another process or thread holds it; says who and since when.
        MouseGPTError
            If the folder cannot be written.
        """
        lock = self._wait_for(name, timeout)
        try:
            yield
        finally:
            lock.release()

    def _wait_for(self, name: str, timeout: float) -> FileLock:
        """The lock of a stage; the gate is open meanwhile, as who holds it may need others."""
        end = time.monotonic() + timeout
        while True:
            try:
                with self.short(_GATE):
                    return self._acquire(name, 0.0)
            except StudyLockedError:
                if time.monotonic() >= end:
                    raise
            time.sleep(_POLL_S)

    @contextmanager
    def short(self, name: str) -> Iterator[None]:
        """Hold a lock for an instant (a change of the manifest); waits for its turn."""
        lock = self._acquire(name, _PATIENCE)
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep new leases from being taken; gives whether none is held now."""
        with self.short(_GATE):
            yield not self.held()

    def held(self) -> list[str]:
        """Names of the leases that are held by anyone, this thread included."""
        paths = self._folder.glob("*.lock") if self._folder.is_dir() else ()
        names = sorted(path.stem for path in paths if not path.name.startswith("."))
        return [name.replace("+", "/") for name in names if self._is_held(name)]

    def _is_held(self, name: str) -> bool:
        lock = self._lock(name)
        if lock.is_locked:
            return True
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def _acquire(self, name: str, timeout: float) -> FileLock:
        with writing(self._folder):
            self._folder.mkdir(exist_ok=True)
            lock = self._lock(name)
            try:
                lock.acquire(timeout=timeout, poll_interval=0.02)
            except Timeout as error:
                raise self._explain(name) from error
            if not name.startswith("."):
                self._write_holder(name)
        return lock

    def _lock(self, name: str) -> FileLock:
        # One object per file and process, so that nested leases of a thread count instead of block.
        return FileLock(self._path(name, "lock"), is_singleton=True)

    def _path(self, name: str, suffix: str) -> Path:
        return self._folder / f"{name.replace('/', '+')}.{suffix}"

    def _write_holder(self, name: str) -> None:
        # Beside the lock, because Windows lets nobody read a locked file.
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._path(name, "json").write_text(json.dumps(holder), encoding="utf-8")

    def _explain(self, name: str) -> StudyLockedError:
        try:
            holder = json.loads(self._path(name, "json").read_text(encoding="utf-8"))
            who = f"process {holder['pid']} on {holder['host']}, since {holder['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            who = "another process"
        return StudyLockedError(
            f"{self._owner}: {name.lstrip('.')!r} is being worked on by {who}",
            hint="it may run in another window or terminal: wait until it has finished, or stop it "
            "there, then go on; nothing is damaged",
        )
