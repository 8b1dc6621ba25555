"""Indexes of large films, kept in the user's cache: all of a film is read for it only once.

Nothing is written beside a film. Where the cache cannot be written, or is damaged, the index is
made anew.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from threading import get_ident
from typing import BinaryIO

import numpy as np

from mousegpt_core.video.index import FilmIndex, build_index

#: To be raised when `index.build_index` finds something else than before.
_VERSION = 1
#: The index of a smaller film is made as quickly as it is looked up.
_LEAST_BYTES = 32 << 20
#: Indexes that are kept; those that were not used for longest go.
_MOST = 500
#: Bytes at both ends of a film that tell it from another one; many containers have their tables
#: there.
_END_BYTES = 64 << 10
_NUMBERS = ("width", "height", "quarter_turns", "counted", "left_out", "size", "modified_ns")
#: What is raised for files that are damaged.
_DAMAGED = (
    OSError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, EOFError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def index_of(path: Path) -> FilmIndex:
    """The index of a film: the one that is kept, where the film did not change.

    Parameters
    ----------
    path : Path
        The film.

    Raises
    ------
    VideoError
        If it is not a film, or without a single frame that can be decoded.
    """
    key = _key(path)
    if key is None:
        return build_index(path)
    file = cache_folder() / f"{key}.npz"
    index = _read(file, path)
    if index is None:
        index = build_index(path)
        if _key(path) == key:  # nobody is still writing it
            _keep(index, file)
    return index


def cache_folder() -> Path:
    """Where they are kept."""
    from platformdirs import user_cache_path

    return Path(user_cache_path("mousegpt", appauthor=False)) / "films"


def _key(path: Path) -> str | None:
    """What tells a film from all others and from itself after a change; None = a small one."""
    import av

    try:
        about = path.stat()
        if about.st_size < _LEAST_BYTES or not path.is_file():
            return None
        with path.open("rb") as file:
            ends = [file.read(_END_BYTES)]
            file.seek(-_END_BYTES, os.SEEK_END)
            ends.append(file.read())
        place = os.fsencode(path.resolve())
    except OSError:  # told where the film is opened
        return None
    # Which packets are shown is FFmpeg's to say.
    told = f"{_VERSION} {av.__version__} {about.st_size} {about.st_mtime_ns}"
    return hashlib.sha256(b"\0".join([told.encode(), place, *ends])).hexdigest()[:32]


def _read(file: Path, path: Path) -> FilmIndex | None:
    """The index that is kept; None where there is none that is whole and of this film."""
    try:
        # Opened here: numpy leaves the file open where it turns out to be damaged.
        with file.open("rb") as stream:
            index = _loaded(stream)
        about = path.stat()
        if (index.size, index.modified_ns) != (about.st_size, about.st_mtime_ns):
            return None
        os.utime(file)  # used just now
    except _DAMAGED:
        return None
    return index


def _loaded(stream: BinaryIO) -> FilmIndex:
    with np.load(stream, allow_pickle=False) as archive:
        steps, keyframes, seek_to = (archive[name] for name in ("steps", "keyframes", "seek_to"))
        base, numbers = archive["time_base"].tolist(), archive["numbers"].tolist()
    about = dict(zip(_NUMBERS, numbers, strict=True))
    if not len(steps) or keyframes.shape != seek_to.shape:
        raise ValueError("not whole")
    return FilmIndex(
        pts=np.cumsum(steps),
        keyframes=keyframes,
        seek_to=seek_to,
        time_base=Fraction(*base),
        **{**about, "counted": bool(about["counted"])},
    )


def _keep(index: FilmIndex, file: Path) -> None:
    """Keep an index, in a file that appears whole or not at all; where it cannot be, it is not."""
    part = file.with_suffix(f".{os.getpid()}-{get_ident()}.part")
    base = index.time_base
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as stream:
                np.savez_compressed(
                    stream,
                    # Those of an even film are all the same, which takes no space.
                    steps=np.diff(index.pts, prepend=0),
                    keyframes=index.keyframes,
                    seek_to=index.seek_to,
                    time_base=np.array([base.numerator, base.denominator], dtype=np.int64),
                    numbers=np.array([getattr(index, name) for name in _NUMBERS], dtype=np.int64),
                )
            os.replace(part, file)
        finally:
            part.unlink(missing_ok=True)
        _forget(file.parent)


def _forget(folder: Path) -> None:
    """Leave those that were used last."""
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)
    for file in files[:-_MOST]:
        file.unlink(missing_ok=True)
