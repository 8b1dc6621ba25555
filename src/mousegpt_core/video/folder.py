"""A folder of pictures as a film."""

from __future__ import annotations

import re
import struct
from functools import cached_property
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import SettingsError, VideoError
from mousegpt_core.video.contract import FilmLike, Image

#: Endings of pictures, and the formats that these may have.
_ENDINGS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}
_DIGITS = re.compile(r"(\d+)")
_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B")
_GREY = ("1", "L", "LA", *_SIXTEEN_BITS)
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")
#: What Pillow raises for damaged files.
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, struct.error)
_SHOWN_GAPS = 5


class ImageFolder(FilmLike):
    """Pictures of a folder (png, jpg or tif) in the natural order of their names.

    Grey if the first picture is. Of 16 bits the upper 8 are kept. If the names differ by one
    number, it counts frames: those missing are gaps in time, and told in `remarks`.

    Parameters
    ----------
    path : Path
        The folder; other files and folders in it are passed over.
    fps : float, optional
        Frames per second, which pictures do not tell.

    Raises
    ------
    SettingsError
        If `fps` is missing or not positive.
    VideoError
        If there are no pictures, or such of several series.
    """

    def __init__(self, path: Path | str, fps: float | None) -> None:
        super().__init__()
        self.path = Path(path)
        self.files = _pictures(self.path)
        if fps is None or not 0 < fps < np.inf:
            raise SettingsError(
                f"{self.path}: pictures do not tell how many were taken in a second",
                hint="give the rate: --fps 30",
            )
        self._rate = float(fps)
        self._numbers, self._remarks = _numbers(self.files)
        first = self._open(0)
        self._size, self._is_grey = first.size, first.mode in _GREY

    @property
    def shape(self) -> tuple[int, ...]:
        """(time, height, width, 3), or (time, height, width) where the pictures are grey."""
        width, height = self._size
        return (len(self.files), height, width, *(() if self._is_grey else (3,)))

    @cached_property
    def times(self) -> NDArray[np.float64]:
        """Time of each frame in seconds from the first."""
        return np.asarray((self._numbers - self._numbers[0]) / self._rate, dtype=np.float64)

    @property
    def tick(self) -> float:
        """0: times are as exact as the rate that was given."""
        return 0.0

    @property
    def remarks(self) -> tuple[str, ...]:
        """Pictures that are missing, by their numbers."""
        return self._remarks

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "fps": self._rate}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        changed = max(file.stat().st_mtime_ns for file in self.files)
        return str(self.path.resolve()), len(self.files), changed, self._rate

    def _read(self, number: int) -> Image:
        picture = self._open(number)
        if picture.size != self._size:
            raise VideoError(
                f"{self.files[number]}: the picture has another size than {self.files[0].name}",
                hint="leave it out, or bring all to one size",
            )
        try:
            image = _as_bytes(picture, grey=self._is_grey)
        except _DAMAGED as error:
            raise _damaged(self.files[number], error) from error
        image.flags.writeable = False
        return image

    def _open(self, number: int) -> Any:
        """The picture as Pillow opens it, its pixels not yet read."""
        from PIL import Image as Pillow

        file = self.files[number]
        try:
            content = BytesIO(file.read_bytes())
            picture = Pillow.open(content, formats=[_ENDINGS[file.suffix.lower()]])
        except (*_DAMAGED, Pillow.DecompressionBombError) as error:
            raise _damaged(file, error) from error
        if getattr(picture, "n_frames", 1) > 1:
            raise VideoError(
                f"{file}: several pictures in one file",
                hint="save each as a file of its own, or convert the stack to a film",
            )
        if picture.mode not in (*_GREY, *_COLOUR):
            raise VideoError(
                f"{file}: pictures of this kind ({picture.mode}) cannot be read",
                hint="save them with 8 or 16 bits, grey or in colour",
            )
        return picture


def _pictures(folder: Path) -> list[Path]:
    """The pictures of a folder, in natural order.

    Raises
    ------
    VideoError
        If there are none, or such of several series.
    """
    if not folder.is_dir():
        raise VideoError(f"{folder}: no such folder", hint="check the path")
    files = [file for file in folder.iterdir() if _is_picture(file)]
    if not files:
        raise VideoError(
            f"{folder}: no pictures in this folder",
            hint="give a folder of png, jpg or tif files, or one that mousegpt convert made",
        )
    series = sorted({_DIGITS.sub("#", file.name) for file in files})
    if len(series) > 1:
        raise VideoError(
            f"{folder}: pictures of several series: {', '.join(series[:3])} (# is a number)",
            hint="put each into a folder of its own",
        )
    return sorted(files, key=lambda file: (_numbers_in(file), file.name))


def has_pictures(folder: Path) -> bool:
    """Whether there is a picture in a folder."""
    return any(map(_is_picture, folder.iterdir()))


def _is_picture(file: Path) -> bool:
    hidden = file.name.startswith(".")
    return file.suffix.lower() in _ENDINGS and not hidden and file.is_file()


def _numbers_in(file: Path) -> list[int]:
    return [int(digits) for digits in _DIGITS.findall(file.name)]


def _numbers(files: list[Path]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The number of each picture among all that were taken, and what is remarkable about them."""
    order = np.arange(len(files), dtype=np.int64)
    table = np.array([_numbers_in(file) for file in files], dtype=object)
    varying = [column for column in table.T if len(set(column)) > 1]
    if len(files) < 3 or len(varying) != 1:
        return order, ()
    steps = [after - before for before, after in pairwise(varying[0])]
    step = int(np.median([float(each) for each in steps]))
    usual = sum(each == step for each in steps)
    if step < 1 or usual <= len(steps) / 2 or any(each % step for each in steps):
        return order, ("the names of the pictures do not count frames evenly: they are taken one "
                       "after the other, without gaps",)  # fmt: skip
    numbers = np.cumsum([0, *(each // step for each in steps)], dtype=np.int64)
    return numbers, _told_gaps(files, steps, step)


def _told_gaps(files: list[Path], steps: list[int], step: int) -> tuple[str, ...]:
    gaps = [at for at, each in enumerate(steps) if each > step]
    if not gaps:
        return ()
    missing = sum(steps[at] // step - 1 for at in gaps)
    shown = ", ".join(f"after {files[at].name}" for at in gaps[:_SHOWN_GAPS])
    more = f" and {len(gaps) - _SHOWN_GAPS} places more" if len(gaps) > _SHOWN_GAPS else ""
    return (f"{missing} pictures are missing, {shown}{more}: they are gaps in time",)


def _as_bytes(picture: Any, *, grey: bool) -> Image:
    """Pixels as uint8, of shape (height, width) or (height, width, 3)."""
    if picture.mode in _SIXTEEN_BITS:
        upper = (np.asarray(picture) >> 8).astype(np.uint8)
        return upper if grey else np.repeat(upper[..., None], 3, axis=2)
    return np.array(picture.convert("L" if grey else "RGB"), dtype=np.uint8)


def _damaged(file: Path, error: Exception) -> VideoError:
    return VideoError(
        f"{file}: the picture cannot be read: {error}", hint="copy or export it again"
    )
