"""Index of a film: which frames there are and where decoding can start.

Containers lie about their number of frames, and seeking by time lands on the wrong one where the
frame rate varies. So every packet is read once, without decoding: the frames are the sorted
timestamps of the packets that are to be shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count, islice, pairwise, takewhile
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import MouseGPTError, VideoError

#: Demuxers that open anything, or other files than the one named.
_NOT_FILMS = frozenset({"tty", "hls", "concat", "dash", "lavfi", "image2", "ffmetadata", "sdp"})
_CHECKED_FRAMES = 24
#: A keyframe is looked for among so many frames.
_MOST_TO_KEY = 1000
#: A timestamp that is not known.
NO_TIME = -(2**63)


@dataclass(frozen=True)
class FilmIndex:
    """Frames of a film.

    Frames are told apart by their timestamps. Where a container has none, or wrong ones (B-frames
    in AVI, raw streams, two frames at one time), the film is `counted`: then by the numbers of
    their packets in the file.

    Attributes
    ----------
    pts : array of shape (frame,)
        Timestamps in units of `time_base`, rising. Of a counted film they say the time only.
    keyframes : array of shape (keyframe,)
        Where decoding can start, rising: timestamps, or if `counted` numbers of packets.
    seek_to : array of shape (keyframe,)
        What to seek to for it in the container's time; `NO_TIME` = unknown.
    time_base : Fraction
        Seconds per unit.
    width, height : int
        Size of the picture in pixels as shown.
    quarter_turns : int
        Quarter turns counter-clockwise to show the picture upright.
    counted : bool
        Whether frames are told apart by counting packets.
    left_out : int
        Frames that cannot be decoded and are not counted: those at the beginning, mostly.
    size, modified_ns : int
        Of the file, to notice that it changed.
    """

    pts: NDArray[np.int64]
    keyframes: NDArray[np.int64]
    seek_to: NDArray[np.int64]
    time_base: Fraction
    width: int
    height: int
    quarter_turns: int
    counted: bool
    left_out: int
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
    except PermissionError as error:
        raise VideoError(
            f"{path}: cannot be read: {error.strerror}", hint="check that you may read the file"
        ) from error
    except (av.FFmpegError, OSError, ValueError, IndexError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise VideoError(
            f"{path}: {what}: {why}", hint="play the file to check it, or convert it to mp4"
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
        container: Any = av.open(str(path), options={"protocol_whitelist": "file"})
    kinds = set(container.format.name.split(","))
    if not container.streams.video or kinds & _NOT_FILMS or container.format.name.endswith("_pipe"):
        container.close()
        raise VideoError(
            f"{path}: not a film", hint="a film has moving pictures: mp4, avi, mkv, ..."
        )
    if container.streams.video[0].codec_context is None:
        container.close()
        raise VideoError(
            f"{path}: compressed in a way that is not known",
            hint="convert the film to H.264 in mp4",
        )
    return container


def build_index(path: Path) -> FilmIndex:
    """Read all packets of a film and list its frames; `kept_index.index_of` does it only once.

    Parameters
    ----------
    path : Path
        The film. One that breaks off is indexed as far as it goes; frames at its beginning that
        cannot be decoded are left out, as every player does.

    Raises
    ------
    VideoError
        If it is not a film, or without a single frame that can be decoded.
    """
    with _opened(path) as container:
        stat = path.stat()
        with video_errors(path, "the film is damaged"):
            found = _read_packets(container)
        if not found.shown:
            raise VideoError(f"{path}: a film without frames", hint="copy or export it again")
    start = _check_start(path)
    counted = not (found.may_be_of_pictures and start.rises)
    marks = _numbered(path, found) if counted else _as_decoded(path, found, start)
    pts, base = marks, found.time_base
    if counted and None in found.shown:
        pts, base = marks - marks[0], 1 / found.rate
    elif counted:
        pts = np.sort(np.array(found.shown, dtype=np.int64))[marks]
    by_time = np.unique(np.array(found.key_pts or [pts[0]], dtype=np.int64))
    return FilmIndex(
        pts=pts,
        keyframes=np.array(found.key_numbers, dtype=np.int64) if counted else by_time,
        seek_to=np.array(found.key_dts, dtype=np.int64) if counted else by_time,
        time_base=base,
        width=start.width,
        height=start.height,
        quarter_turns=start.quarter_turns,
        counted=counted,
        left_out=len(found.shown) - len(pts),
        size=stat.st_size,
        modified_ns=stat.st_mtime_ns,
    )


@dataclass
class _Packets:
    """What the packets of a film say.

    Of the shown ones the timestamps; of keyframes, shown or not, timestamps, numbers among the
    shown packets, and times of decoding. Whether timestamps are guessed from the packets' order.
    """

    time_base: Fraction
    rate: Fraction
    guessed: bool
    shown: list[int | None] = field(default_factory=list)
    key_pts: list[int] = field(default_factory=list)
    key_numbers: list[int] = field(default_factory=list)
    key_dts: list[int] = field(default_factory=list)

    @property
    def may_be_of_pictures(self) -> bool:
        """Whether the timestamps can be those of the pictures."""
        if None in self.shown or len(set(self.shown)) < len(self.shown):
            return False
        stamps = cast(list[int], self.shown)
        return not self.guessed or any(after < before for before, after in pairwise(stamps))


def _read_packets(container: Any) -> _Packets:
    stream = container.streams.video[0]
    found = _Packets(
        time_base=Fraction(stream.time_base or Fraction(1, 1000)),
        rate=Fraction(stream.average_rate or stream.guessed_rate or Fraction(25)),
        # AVI has no timestamps: where pictures may be reordered and packets don't say so.
        guessed=container.format.name == "avi" and stream.codec_context.has_b_frames,
    )
    for packet in whole_packets(container.demux(stream)):
        if packet.is_keyframe:
            found.key_numbers.append(len(found.shown))
            found.key_dts.append(NO_TIME if packet.dts is None else packet.dts)
            # Keyframes that are not shown are still where decoding can start.
            if packet.pts is not None:
                found.key_pts.append(packet.pts)
        if is_shown(packet):
            found.shown.append(packet.pts)
    return found


@dataclass(frozen=True)
class _Start:
    """The first decoded frames: size and turn of the first, timestamps, whether all could be."""

    width: int
    height: int
    quarter_turns: int
    stamps: list[int | None]
    whole: bool

    @property
    def rises(self) -> bool:
        """Whether the timestamps are in the order of the pictures."""
        return None not in self.stamps and all(
            before < after for before, after in pairwise(cast(list[int], self.stamps))
        )


def _check_start(path: Path) -> _Start:
    """Decode the first frames."""
    failed: list[Any] = []
    with _opened(path) as container, video_errors(path, "no frame can be decoded"):
        frames = list(islice(_decode_all(container, failed), _CHECKED_FRAMES))
        if not frames:
            raise VideoError(f"{path}: no frame can be decoded", hint="copy or export it again")
        first = frames[0]
        turns = round(getattr(first, "rotation", 0) / 90) % 4
        width, height = first.width, first.height
    if turns % 2:
        width, height = height, width
    return _Start(width, height, turns, [frame.pts for frame in frames], not failed)


def _as_decoded(path: Path, found: _Packets, start: _Start) -> NDArray[np.int64]:
    """Timestamps without those of packets that never become a frame."""
    stamps = np.array(start.stamps, dtype=np.int64)
    pts: NDArray[np.int64] = np.sort(np.array(found.shown, dtype=np.int64))
    pts = pts[pts >= stamps[0]]
    if not start.whole or np.array_equal(pts[: len(stamps)], stamps):
        return pts
    # Fields, hidden pictures: only decoding tells which packets are frames.
    with _opened(path) as container, video_errors(path, "the film is damaged"):
        decoded = [frame.pts for frame in _decode_all(container, [])]
    whole: NDArray[np.int64] = np.unique([stamp for stamp in decoded if stamp is not None])
    return whole


def _numbered(path: Path, found: _Packets) -> NDArray[np.int64]:
    """Numbers of packets without those before the first frame that can be decoded."""
    with _opened(path) as container, video_errors(path, "the film is damaged"):
        frames = (frame.pts for frame in _decode_all(container, [], numbered=True))
        first = next(frames, 0)
        later = [key for key in found.key_numbers if key > first]
        end = later[0] if later else len(found.shown)
        # As many frames come before the second keyframe as there are whole pictures.
        whole = 1 + sum(1 for _ in takewhile(lambda mark: mark < end, islice(frames, _MOST_TO_KEY)))
    lost = end - whole if whole <= _MOST_TO_KEY else first
    return np.arange(lost, len(found.shown), dtype=np.int64)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    container = open_container(path)
    try:
        yield container
    finally:
        container.close()


def _decode_all(container: Any, failed: list[Any], *, numbered: bool = False) -> Iterator[Any]:
    """Every frame that can be decoded; packets that cannot are put into `failed`."""
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    packets = whole_packets(container.demux(stream))
    for packet in number_packets(packets) if numbered else packets:
        yield from decode_packet(stream.codec_context, packet, failed)
    yield from decode_packet(stream.codec_context, None)


def number_packets(packets: Iterator[Any], first: int = 0) -> Iterator[Any]:
    """The packets with their numbers, among those that are shown, for timestamps."""
    numbers = count(first)
    for packet in packets:
        if is_shown(packet):
            packet.pts = next(numbers)
        yield packet


def whole_packets(packets: Iterator[Any]) -> Iterator[Any]:
    """Packets with content, as far as a film goes that breaks off."""
    import av

    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            return
        if packet is None:
            return
        if packet.size:
            yield packet


def is_shown(packet: Any) -> bool:
    """Whether a packet's picture is to be seen (not cut off by an edit list)."""
    return not packet.is_discard


def decode_packet(context: Any, packet: Any, failed: list[Any] | None = None) -> list[Any]:
    """Frames that come out as this packet goes in, none if it is damaged; None = the rest."""
    import av

    try:
        frames: list[Any] = context.decode(packet)
    except (av.FFmpegError, OSError):
        if failed is not None:
            failed.append(packet)
        return []
    return frames
