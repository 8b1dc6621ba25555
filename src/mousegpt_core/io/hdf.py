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

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: No pose file holds more numbers than this: ten hours of 120 fps, 50 keypoints, 4 animals.
_MAX_ITEMS = 4_000_000_000


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 does."""
    with reading(path), path.open("rb") as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE


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
    name = str(getattr(dataset, "name", "?"))
    if not hasattr(dataset, "dtype") or dataset.shape is None:
        raise FormatError(
            "not an array",
            file=path,
            place=f"dataset {name!r}",
            hint=COPY_AGAIN,
        )
    # Chunks that were never written read as zeros, so a few bytes may claim any size.
    if dataset.size > _MAX_ITEMS or dataset.size > 4096 * (path.stat().st_size + 1):
        raise FormatError(
            "an array too large for the file", file=path, place=f"dataset {name!r}",
            found=f"shape {dataset.shape}",
            hint=COPY_AGAIN,
        )  # fmt: skip
    if dataset.dtype.hasobject:
        raise FormatError(
            "names stored as Python objects, which are never loaded for safety", file=path,
            place=f"dataset {name!r}", hint="export the poses as csv instead",
        )  # fmt: skip
    return np.asarray(dataset[()])


def decode_names(values: NDArray[Any]) -> tuple[str, ...]:
    """Strings of an array of bytes."""
    return tuple(
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for value in values.tolist()
    )
