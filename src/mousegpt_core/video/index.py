"""Index of a film: which frames there are and where decoding can start.

Containers lie about their number of frames, and seeking by time lands on the wrong one where the
frame rate varies. So every packet is read once, without decoding: the frames are the sorted
timestamps of the packets that are to be shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import MouseGPTError, VideoError

#: Demuxers that open anything, or other files than the one named.
_NOT_FILMS = frozenset({"tty", "hls", "concat", "dash", "lavfi", "image2", "ffmetadata", "sdp"})
_CHECKED_FRAMES = 24


@dataclass(frozen=True)
class FilmIndex:
    """Frames of a film.

    Attributes
    ----------
    pts : array of shape (frame,)
        Timestamps in units of `time_base`, rising. Where a container's timestamps are not those
        of the pictures (B-frames in AVI, raw streams), 0, 1, 2, ...
    keyframes : array of shape (keyframe,)
        Timestamps at which decoding can start, rising.
    time_base : Fraction
        Seconds per unit.
    width, height : int
        Size of the picture in pixels as shown.
    quarter_turns : int
        Quarter turns counter-clockwise to show the picture upright.
    counted : bool
        Whether frames are told apart by counting from the start, for want of timestamps.
    size, modified_ns : int
        Of the file, to notice that it changed.
    """

    pts: NDArray[np.int64]
    keyframes: NDArray[np.int64]
    time_base: Fraction
    width: int
    height: int
    quarter_turns: int
    counted: bool
    size: int
    modified_ns: int


@contextmanager
def video_errors(path: Path, what: str) -> Iterator[None]:
    """Say FFmpeg's errors in our words.

    Raises
    ------
    VideoError
        In place of FFmpeg's error.
    """
    import av

    try:
        yield
    except MouseGPTError:
        raise
    except FileNotFoundError as error:
        raise VideoError(f"{path}: no such file", hint="check the path") from error
    except (av.FFmpegError, OSError, ValueError, IndexError, OverflowError) as error:
        raise VideoError(
            f"{path}: {what}: {error}", hint="play the file to check it, or convert it to mp4"
        ) from error


def open_container(path: Path) -> Any:
    """Open a film with FFmpeg, without following what it may refer to.

    Raises
    ------
    VideoError
        If it is not a film.
    """
    import av

    if not path.is_file():
        raise VideoError(f"{path}: no such file", hint="check the path")
    if path.stat().st_size == 0:
        raise VideoError(f"{path}: the file is empty", hint="copy it again")
    with video_errors(path, "not a film that can be read"):
        container = av.open(str(path), options={"protocol_whitelist": "file"})
    kinds = set(container.format.name.split(","))
    if not container.streams.video or kinds & _NOT_FILMS or container.format.name.endswith("_pipe"):
        container.close()
        raise VideoError(
            f"{path}: not a film", hint="a film has moving pictures: mp4, avi, mkv, ..."
        )
    return container


def build_index(path: Path) -> FilmIndex:
    """Read all packets of a film and list its frames.

    Parameters
    ----------
    path : Path
        The film. One that breaks off is indexed as far as it goes.

    Raises
    ------
    VideoError
        If it is not a film, or without a single frame that can be decoded.
    """
    container = open_container(path)
    stat = path.stat()
    try:
        stream = container.streams.video[0]
        with video_errors(path, "the film is damaged"):
            shown, keys, missing = _read_packets(container, stream)
        base = Fraction(stream.time_base or Fraction(1, 1000))
        rate = Fraction(stream.average_rate or stream.guessed_rate or Fraction(25))
    finally:
        container.close()
    if not shown and not missing:
        raise VideoError(f"{path}: a film without frames", hint="copy or export it again")
    pts = np.unique(np.array(shown, dtype=np.int64))
    first, counted = _check_start(path, pts, bool(missing))
    if counted:
        pts = np.arange(len(shown) + missing, dtype=np.int64)
        base, keys = 1 / rate, [0]
    width, height, turns = first
    return FilmIndex(
        pts=pts,
        keyframes=np.unique(np.array(keys or [pts[0]], dtype=np.int64)),
        time_base=base,
        width=width,
        height=height,
        quarter_turns=turns,
        counted=counted,
        size=stat.st_size,
        modified_ns=stat.st_mtime_ns,
    )


def _read_packets(container: Any, stream: Any) -> tuple[list[int], list[int], int]:
    """Timestamps of the frames and of all keyframes, and the number of frames without one."""
    import av

    shown: list[int] = []
    keys: list[int] = []
    missing = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            # A film that breaks off: what came before is there.
            break
        if packet is None:
            break
        if packet.size == 0:
            continue
        if packet.pts is None:
            missing += not packet.is_discard
            continue
        # Keyframes that are not shown are still where decoding can start.
        if packet.is_keyframe:
            keys.append(packet.pts)
        if not packet.is_discard:
            shown.append(packet.pts)
    return shown, keys, missing


def _check_start(
    path: Path, pts: NDArray[np.int64], missing: bool
) -> tuple[tuple[int, int, int], bool]:
    """Decode the first frames: their size and turn, and whether timestamps are the pictures'."""
    container = open_container(path)
    decoded: list[int | None] = []
    first: tuple[int, int, int] | None = None
    try:
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"
        with video_errors(path, "no frame can be decoded"):
            for frame in decode(container, stream):
                turns = round(getattr(frame, "rotation", 0) / 90) % 4
                size = (frame.height, frame.width) if turns % 2 else (frame.width, frame.height)
                first = first or (*size, turns)
                decoded.append(frame.pts)
                if len(decoded) >= _CHECKED_FRAMES:
                    break
    finally:
        container.close()
    if first is None:
        raise VideoError(f"{path}: no frame can be decoded", hint="copy or export it again")
    if missing or None in decoded:
        return first, True
    stamps = [stamp for stamp in decoded if stamp is not None]
    return first, any(b <= a for a, b in pairwise(stamps)) or not len(pts)


def decode(container: Any, stream: Any) -> Iterator[Any]:
    """Frames from where the container stands; packets that cannot be decoded are passed over."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except (av.FFmpegError, OSError):
            continue
        yield from frames
