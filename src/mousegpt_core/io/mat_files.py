"""Reading variables of MATLAB files: version 5 to 7, and 7.3, which is HDF5, by h5py."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mousegpt_core.errors import FormatError, MouseGPTError
from mousegpt_core.io.contract import COPY_AGAIN
from mousegpt_core.io.csv_tables import reading
from mousegpt_core.io.hdf import load, open_hdf5
from mousegpt_core.io.mat5 import Mat5

_MARK = b"MATLAB "
_NEW = b"MATLAB 7.3"
#: No pose file is larger; a damaged header may claim any size.
_MAX_BYTES = 8 << 30
_MAX_CELLS = 100_000
_MAX_DEPTH = 8


def is_mat(path: Path) -> bool:
    """Whether a file begins as MATLAB's do."""
    with reading(path), path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK


def mat_names(path: Path) -> dict[str, tuple[int, ...]]:
    """Name and shape of the variables of a file; none of them is read.

    Raises
    ------
    FormatError
        If the file is damaged.
    """
    with _mat_errors(path):
        if _is_new(path):
            with open_hdf5(path) as file:
                return {
                    name: tuple(reversed(getattr(item, "shape", ())))
                    for name, item in file.items()
                    if not name.startswith("#")
                }
        return Mat5(path).shapes()


def load_mat(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """Some variables of a file, in plain terms.

    Parameters
    ----------
    path : Path
        The file.
    names : sequence of str
        Variables to read; those that are not there are left out.

    Returns
    -------
    dict
        Arrays as arrays, texts as str, a struct as dict, cells as list.

    Raises
    ------
    FormatError
        If the file is damaged.
    """
    with _mat_errors(path):
        if _is_new(path):
            with open_hdf5(path) as file:
                reader = _Hdf5Reader(file, path)
                return {n: reader.read(file[n]) for n in names if n in file}
        return Mat5(path).load(names)


def _is_new(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_NEW)) == _NEW


@contextmanager
def _mat_errors(path: Path) -> Iterator[None]:
    """Say in our words that a MATLAB file is damaged."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise FormatError("too large", file=path, expected="at most 8 GB", hint=COPY_AGAIN)
        yield
    except MouseGPTError:
        raise
    except FileNotFoundError as error:
        raise FormatError("no such file", file=path, hint="check the path") from error
    except (
        OSError, KeyError, ValueError, TypeError, RuntimeError, IndexError, AttributeError,
        OverflowError, MemoryError, struct.error, zlib.error, UnicodeError,
    ) as error:  # fmt: skip
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise FormatError(
            f"the MATLAB file is damaged or not as expected: {reason}", file=path,
            hint="save it again in MATLAB",
        ) from error  # fmt: skip


class _Hdf5Reader:
    """Variables of a 7.3 file: axes are reversed there, cells are references.

    References and links may go round in circles, or many to one place, so what is read is counted.
    """

    def __init__(self, file: Any, path: Path) -> None:
        self._file = file
        self._path = path
        self._items = 0
        self._bytes = 0

    def read(self, item: Any, depth: int = 0) -> Any:
        """A variable, or what is in one."""
        import h5py

        self._count(item)
        if depth > _MAX_DEPTH:
            return None
        if isinstance(item, h5py.Group):
            return {name: self.read(item[name], depth + 1) for name in item}
        if h5py.check_ref_dtype(item.dtype) is not None:
            if item.size > _MAX_CELLS:
                self._refuse(item)
            cells = np.atleast_1d(item[()]).ravel()
            return [self.read(self._file[cell], depth + 1) for cell in cells if cell]
        kind = item.attrs.get("MATLAB_class", b"")
        if item.attrs.get("MATLAB_empty", 0):
            return "" if kind == b"char" else np.zeros((0, 0))
        values = load(item, self._path).T
        if kind == b"char":
            return "".join(chr(int(code)) for code in values.ravel(order="C")[:1000])
        return values

    def _count(self, item: Any) -> None:
        self._items += 1
        self._bytes += getattr(item, "nbytes", 0)
        if self._items > _MAX_CELLS or self._bytes > _MAX_BYTES:
            self._refuse(item)

    def _refuse(self, item: Any) -> None:
        raise FormatError(
            "more in a variable than can be", file=self._path, place=str(item.name),
            hint=COPY_AGAIN,
        )  # fmt: skip
