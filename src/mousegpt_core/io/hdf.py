"""Opening HDF5 files that may be damaged or hostile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError, MouseGPTError
from mousegpt_core.io.contract import COPY_AGAIN, OTHER_FORMAT
from mousegpt_core.io.csv_tables import reading
from mousegpt_core.io.hdf_trial import try_hdf5

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_TEXT_BYTES = 512
#: No pose file holds more numbers than this: ten hours of 120 fps, 50 keypoints, 4 animals.
_MAX_ITEMS = 4_000_000_000
#: No filter of HDF5's own packs better than deflate's 1032 : 1.
_MAX_RATIO = 1100
_SMALL_BYTES = 4096
_MAX_TEXT_ITEMS = 100_000
_BLOCK_ITEMS = 4_000_000


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 does, or after a text as MATLAB 7.3 puts before it."""
    with reading(path), path.open("rb") as file:
        head = file.read(_TEXT_BYTES + len(_SIGNATURE))
    return head.startswith(_SIGNATURE) or head[_TEXT_BYTES:] == _SIGNATURE


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """Open an HDF5 file for reading.

    Yields
    ------
    h5py.File

    Raises
    ------
    FormatError
        If it is not HDF5, or damaged in what is read.
    """
    import h5py

    if not is_hdf5(path):
        raise FormatError(
            "not an HDF5 file",
            file=path,
            hint=OTHER_FORMAT,
        )
    try_hdf5(path)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except MouseGPTError:
        raise
    except (
        OSError, KeyError, ValueError, TypeError, RuntimeError, IndexError, AttributeError,
        OverflowError, MemoryError,
    ) as error:  # fmt: skip
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise FormatError(
            f"the HDF5 file is damaged or not as expected: {reason}", file=path,
            hint="copy or export it again",
        ) from error  # fmt: skip


def load(dataset: Any, path: Path) -> NDArray[Any]:
    """All of a dataset, if its size is believable.

    Raises
    ------
    FormatError
        If it is not a dataset, or too large to be true.
    """
    name = _check_size(dataset, path)
    if dataset.dtype.hasobject:
        raise FormatError(
            "names stored as Python objects, which are never loaded for safety", file=path,
            place=f"dataset {name!r}", hint="export the poses as csv instead",
        )  # fmt: skip
    return np.asarray(dataset[()])


def load_numbers(dataset: Any, path: Path) -> NDArray[np.float32]:
    """All of a dataset of numbers in single precision; no other copy of it is in memory.

    Raises
    ------
    FormatError
        If it is not a dataset of numbers, or too large to be true.
    """
    name = _check_size(dataset, path)
    if dataset.dtype.kind not in "fiu":
        raise FormatError(
            "not numbers", file=path, place=f"dataset {name!r}", found=str(dataset.dtype),
            hint=COPY_AGAIN,
        )  # fmt: skip
    if dataset.ndim == 0:
        return np.asarray(dataset[()], dtype=np.float32)
    values = np.empty(dataset.shape, dtype=np.float32)
    rows = max(1, _BLOCK_ITEMS // max(1, dataset.size // max(1, len(dataset))))
    with np.errstate(over="ignore"):
        for start in range(0, len(dataset), rows):
            values[start : start + rows] = dataset[start : start + rows]
    return values


def load_texts(dataset: Any, path: Path) -> tuple[str, ...]:
    """Strings of a dataset, of fixed or of any length.

    Raises
    ------
    FormatError
        If it is not a dataset of strings, or too large to be true.
    """
    import h5py

    name = _check_size(dataset, path)
    if h5py.check_string_dtype(dataset.dtype) is None or dataset.size > _MAX_TEXT_ITEMS:
        raise FormatError(
            "not a list of names", file=path, place=f"dataset {name!r}",
            found=f"{dataset.dtype} {dataset.shape}", hint=COPY_AGAIN,
        )  # fmt: skip
    return decode_names(np.atleast_1d(dataset[()]).ravel())


def _check_size(dataset: Any, path: Path) -> str:
    """Name of a dataset whose size is believable."""
    name = str(getattr(dataset, "name", "?"))
    if not hasattr(dataset, "dtype") or dataset.shape is None:
        raise FormatError(
            "not an array",
            file=path,
            place=f"dataset {name!r}",
            hint=COPY_AGAIN,
        )
    # Chunks that were never written read as zeros, so a few bytes may claim any size.
    stored = dataset.id.get_storage_size() + _SMALL_BYTES
    if dataset.size > _MAX_ITEMS or dataset.nbytes > _MAX_RATIO * stored:
        raise FormatError(
            "an array too large for the file", file=path, place=f"dataset {name!r}",
            found=f"shape {dataset.shape}",
            hint=COPY_AGAIN,
        )  # fmt: skip
    return name


def decode_names(values: NDArray[Any]) -> tuple[str, ...]:
    """Strings of an array of bytes."""
    return tuple(
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for value in values.tolist()
    )
