"""HDF5 files are tried in a process of their own before they are opened in ours.

The HDF5 library trusts what it reads: of one damaged file in a thousand it loops for ever, reserves
gigabytes or ends the process. So a helper reads names, attributes and whatever is small of a file
first; if it does not come back, the file is refused. It is started with the first file, tries one
in some milliseconds, and ends with us.
"""

from __future__ import annotations

import atexit
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from mousegpt_core.errors import FormatError
from mousegpt_core.io.contract import COPY_AGAIN

#: How long the helper may be busy with one group or dataset (s).
_PATIENCE_S = 10.0
#: How long it may take to start, on a machine that has much else to do (s).
_START_S = 60.0
#: After this it ends itself, should nobody be left to end it (s).
_ALONE_S = 60
#: What the helper may take on top of what it has (bytes of address space).
_MEMORY = 2 << 30
#: Arrays up to this are read by the helper (bytes); larger ones hold little but numbers.
_SMALL = 16 << 20
_READY, _GOOD, _ON = "ready", "good", "."
_PROGRAM = "from mousegpt_core.io.hdf_trial import serve; serve()"


def try_hdf5(path: Path) -> None:
    """Check that the HDF5 library survives a file.

    Raises
    ------
    FormatError
        If it does not.
    """
    status = path.stat()
    if not _survives(str(path.absolute()), status.st_size, status.st_mtime_ns):
        raise FormatError(
            "the HDF5 file is damaged so much that its library cannot read it", file=path,
            hint=COPY_AGAIN,
        )  # fmt: skip


def serve() -> None:
    """Be the helper: try the files named on standard input, and say so for each that is good."""
    import h5py

    _limit_memory()
    print(_READY, flush=True)  # noqa: T201
    for line in sys.stdin:
        try:
            with _passed_over(), h5py.File(json.loads(line), "r") as file:
                _look(file, set())
        except MemoryError:
            sys.exit(1)
        if sys.platform != "win32":
            signal.alarm(0)
        print(_GOOD, flush=True)  # noqa: T201


def _limit_memory() -> None:
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _look(item: Any, seen: set[Any]) -> None:
    """Read what is small of a group and all in it, or of a dataset; say that one has got on.

    What cannot be read is passed over, as what comes after it may be what we shall read.
    """
    print(_ON, flush=True)  # noqa: T201
    if sys.platform != "win32":
        signal.alarm(_ALONE_S)
    for key in _listed(item.attrs):
        with _passed_over():
            item.attrs[key]
    if hasattr(item, "dtype"):
        with _passed_over():
            if _is_small(item):
                item[()]
    elif hasattr(item, "keys") and item.id not in seen:
        seen.add(item.id)
        for name in _listed(item):
            with _passed_over():
                _look(item[name], seen)


def _is_small(dataset: Any) -> bool:
    """Whether a dataset takes little memory; packed pictures, of any length each, may take much."""
    import h5py

    kind = dataset.dtype
    pictures = h5py.check_string_dtype(kind) is None and h5py.check_vlen_dtype(kind) is not None
    return dataset.shape is not None and dataset.nbytes <= _SMALL and not pictures


def _listed(names: Any) -> list[str]:
    """The names of a group or of its attributes, as far as they can be listed."""
    found: list[str] = []
    with _passed_over():
        found.extend(names)
    return found


@contextmanager
def _passed_over() -> Iterator[None]:
    """Go on after what cannot be read.

    Raises
    ------
    MemoryError
        If memory was wanting: with more of it, the library might never have come back.
    """
    try:
        yield
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        if "alloc" in str(error):
            raise MemoryError from error


class _Helper:
    """The other process, as we see it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: Any = None

    def try_file(self, path: str) -> bool:
        """Whether the helper came back from a file; True, too, if it cannot be started."""
        with self._lock:
            process = self._process or self._start()
            if process is None:
                return True
            if self._answer(process, json.dumps(path)) == _GOOD:
                return True
            self._stop()
            return False

    def _start(self) -> Any:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM],  # -P: no code from the user's folder
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:
            return None
        atexit.register(self._stop)
        if self._line(self._process, _START_S) != _READY:
            self._stop()
        return self._process

    def _answer(self, process: Any, question: str) -> str:
        """What the helper says in the end; ``""`` if it dies or does not get on."""
        try:
            process.stdin.write(question + "\n")
            process.stdin.flush()
            while (line := self._line(process, _PATIENCE_S)) == _ON:
                pass
        except OSError:
            return ""
        return line

    def _line(self, process: Any, patience_s: float) -> str:
        alarm = threading.Timer(patience_s, process.kill)
        alarm.start()
        try:
            return str(process.stdout.readline()).strip()
        finally:
            alarm.cancel()

    def _stop(self) -> None:
        process, self._process = self._process, None
        atexit.unregister(self._stop)
        if process is None:
            return
        process.kill()
        with suppress(OSError):
            process.communicate()


_HELPER = _Helper()


@lru_cache(maxsize=64)
def _survives(path: str, size: int, changed_ns: int) -> bool:
    """See `try_hdf5`; size and time of the file tell apart what was tried already."""
    return _HELPER.try_file(path)
