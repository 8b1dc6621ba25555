"""Films as Zarr: every frame alone, and read at once, for ten to a hundred times the space.

A group of two arrays: ``frames`` (time, height, width[, 3]), one frame a chunk and up to 64 chunks
a file, and ``times`` (time) in seconds; its attributes tell what it was made of and how.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import VideoError
from mousegpt_core.video.contract import FilmLike, Image

FRAMES, TIMES = "frames", "times"
#: Attribute of the group, with the version of this layout.
LAYOUT, VERSION = "mousegpt_film", 1
_SHARD_FRAMES = 64
#: A file of frames is put together in memory, so that of large frames fewer are in one.
_SHARD_BYTES = 256 << 20
#: What zarr raises for folders that are none of its own, or damaged.
_DAMAGED = (OSError, ValueError, TypeError, AttributeError, LookupError, RuntimeError)


class ZarrFilm(FilmLike):
    """A film that was converted to Zarr, read lazily.

    Parameters
    ----------
    path : Path
        The folder.

    Attributes
    ----------
    source, settings : dict
        What it was made of, and how.

    Raises
    ------
    VideoError
        If it is not such a film, or incomplete.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__()
        self.path = Path(path)
        try:
            self._frames, self._times, attributes = _open(self.path)
            self._tick = float(attributes["tick_s"])
            self.source: dict[str, Any] = attributes["source"]
            self.settings: dict[str, Any] = attributes["settings"]
            self._remarks = _changes(self)
            there = {each.name for each in (self.path / FRAMES).iterdir()}
        except VideoError:
            raise
        except _DAMAGED as error:
            raise self._broken(f"cannot be opened: {error}") from error
        missing = set(shard_names(self._frames)) - there
        if missing:
            raise self._broken(f"{len(missing)} files are missing, such as {min(missing)}")

    @property
    def shape(self) -> tuple[int, ...]:
        """(time, height, width, 3), or (time, height, width) where the pictures are grey."""
        return tuple(self._frames.shape)

    @cached_property
    def times(self) -> NDArray[np.float64]:
        """Time of each frame in seconds from the first."""
        return self._times

    @property
    def tick(self) -> float:
        """Seconds to which the times of the source were rounded."""
        return self._tick

    @property
    def remarks(self) -> tuple[str, ...]:
        """What of the source is not in it."""
        return self._remarks

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        changed = (self.path / "zarr.json").stat().st_mtime_ns
        return str(self.path.resolve()), self.shape, changed, json.dumps(self.source)

    def _read(self, number: int) -> Image:
        try:
            image = np.asarray(self._frames[number])
        except _DAMAGED as error:
            raise self._broken(f"frame {number} cannot be read: {error}") from error
        image.flags.writeable = False
        return image

    def _broken(self, what: str) -> VideoError:
        return VideoError(f"{self.path}: {what}", hint="convert the film again: mousegpt convert")


def _changes(film: ZarrFilm) -> tuple[str, ...]:
    """What a user should know who has poses of the source."""
    settings = film.settings
    changes = []
    if settings["crop"]:
        changes.append("cropped to {2} x {3} px at {0}, {1}".format(*settings["crop"]))
    if settings["downscale"] > 1:
        changes.append(f"made {settings['downscale']} times smaller")
    if len(film) < film.source["frames"]:
        changes.append(f"cut to {len(film)} frames from number {settings['first_frame']}")
    if not changes:
        return ()
    return (
        f"{film.path.name} was {' and '.join(changes)}: its poses must be of these pictures, "
        f"not of {film.source['name']}",
    )


def is_zarr(path: Path) -> bool:
    """Whether a folder is of Zarr v3."""
    return (path / "zarr.json").is_file()


def _open(path: Path) -> tuple[Any, NDArray[np.float64], dict[str, Any]]:
    """The array of frames, the times and the attributes of a film.

    Raises
    ------
    VideoError
        If it is something else.
    """
    import zarr

    if not is_zarr(path):
        raise VideoError(f"{path}: no such Zarr folder", hint="check the path")
    group: Any = zarr.open(str(path), mode="r", zarr_format=3)
    attributes = dict(group.attrs)
    if attributes.get(LAYOUT) != VERSION:
        raise VideoError(
            f"{path}: Zarr, but not a film of version {VERSION} of ours",
            hint="make it with mousegpt convert FILM",
        )
    frames, times = group[FRAMES], np.asarray(group[TIMES][:], dtype=np.float64)
    rising = len(times) > 0 and np.isfinite(times).all() and (np.diff(times) > 0).all()
    if frames.dtype != np.uint8 or times.shape != frames.shape[:1] or not rising:
        raise VideoError(
            f"{path}: frames and times do not fit each other", hint="convert the film again"
        )
    return frames, times, attributes


def create_zarr(
    path: Path,
    picture: tuple[int, ...],
    times: NDArray[np.float64],
    attributes: dict[str, Any],
) -> None:
    """Make a film whose frames are yet to be written.

    Parameters
    ----------
    path : Path
        A new folder.
    picture : tuple of int
        (height, width) or (height, width, 3).
    times : array of shape (frame,)
        Seconds from the first.
    attributes : dict
        ``tick_s``, ``source`` and ``settings``, as in `ZarrFilm`.
    """
    import zarr
    from zarr.codecs import BloscCodec

    group = zarr.create_group(str(path), zarr_format=3, attributes={LAYOUT: VERSION, **attributes})
    group.create_array(TIMES, data=times - times[0])
    together = int(np.clip(_SHARD_BYTES // np.prod(picture), 1, _SHARD_FRAMES))
    group.create_array(
        FRAMES,
        shape=(len(times), *picture),
        dtype=np.uint8,
        chunks=(1, *picture),
        shards=(together, *picture),
        # Shuffling helps numbers of several bytes only.
        compressors=BloscCodec(cname="zstd", clevel=1, shuffle="noshuffle", typesize=1),
        chunk_key_encoding={"name": "default", "separator": "."},
        dimension_names=["time", "y", "x", "channel"][: 1 + len(picture)],
    )


def open_for_writing(path: Path) -> tuple[Any, dict[str, Any]]:
    """The array of frames of a film that is being made, and its attributes."""
    import zarr

    # Black pictures are written too: a file that is missing means damage.
    with zarr.config.set({"array.write_empty_chunks": True}):
        group: Any = zarr.open(str(path), mode="r+", zarr_format=3)
        return group[FRAMES], dict(group.attrs)


def shard_names(frames: Any) -> list[str]:
    """Names of the files with frames, in order."""
    tail = ".0" * (len(frames.shape) - 1)
    return [f"c.{number}{tail}" for number in range(-(-frames.shape[0] // frames.shards[0]))]
