"""Decoding a film forward, from any place at which that can start."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from mousegpt_core.errors import VideoError
from mousegpt_core.video.index import (
    NO_TIME,
    FilmIndex,
    decode_packet,
    is_shown,
    number_packets,
    open_container,
    whole_packets,
)
from mousegpt_core.video.x264_note import note_in, with_note

#: Up to so many frames ahead, decoding onward is cheaper than seeking to a keyframe between.
_STEP = 8
#: Frames passed on the way to one are kept for steps back, up to so many and so many bytes.
_PASSED = 16
_PASSED_BYTES = 32 << 20
#: Codecs in which a picture that is marked as no reference is needed by no other one. (In HEVC it
#: may be needed by a higher temporal layer.)
_SKIPPABLE = frozenset({"h264", "mpeg4", "mpeg2video", "mpeg1video"})
#: Bytes of the largest block by which glibc still adapts itself.
_LARGEST_BLOCK = 31 << 20
#: Codecs whose decoders show nothing until pictures are whole; others show rubbish.
_WAITING = frozenset({"h264", "hevc"})


class _Goal(NamedTuple):
    """A frame: the one of this rank, in the order shown, among those with marks in a range.

    A mark is a timestamp, or where there are none, the number of the frame's packet.
    """

    first: int
    last: int
    rank: int


@cache
def _keep_freed_memory() -> None:
    """Let memory of pictures that are freed serve the next ones.

    glibc hands back to the system what is freed beyond twice the largest block freed before; of
    large pictures that is each one, and getting its memory anew takes a fifth of decoding it.
    Freeing a large block, which is never touched, raises the limit; elsewhere it does nothing.
    """
    np.empty(_LARGEST_BLOCK, dtype=np.uint8)


class Decoder:
    """A decoder of one process, which must not be used by two threads at a time.

    Parameters
    ----------
    path : Path
        The film.
    index : FilmIndex
        Its frames.
    threads : int
        Frames decoded at a time; 0 = as many as there are processors.
    only : sequence of int, optional
        The frames that will be asked for, in rising order; by default any.

    Raises
    ------
    VideoError
        If the film cannot be opened, or changed since it was indexed.
    """

    def __init__(
        self, path: Path, index: FilmIndex, *, threads: int = 0, only: Sequence[int] | None = None
    ) -> None:
        _keep_freed_memory()
        self.path = path
        self.owner = os.getpid()
        self._index = index
        self._threads = threads
        self._only = None if only is None else frozenset(index.pts[list(only)].tolist())
        self._passed: dict[int, Any] = {}
        self._room = _room(index) if only is None else 0
        self._run_from = NO_TIME
        self._begun_at = NO_TIME
        self._asked = -1
        self._position = -1
        self._count = 0
        self._needed_from: int | None = None
        self._awaits_key = False
        self._is_fresh = False
        self._packets: Iterator[Any] = iter(())
        self._frames: Iterator[Any] = iter(())
        self._open()

    def close(self) -> None:
        """Close the file."""
        self._frames = iter(())
        self._passed.clear()
        self._container.close()

    def picture(self, number: int) -> Any:
        """The frame of this number, as FFmpeg gives it.

        Raises
        ------
        VideoError
            If it cannot be decoded.
        """
        mark = int(self._index.pts[number])
        before, self._asked = self._asked, number
        if mark in self._passed:
            return self._passed[mark]
        # Who steps back wants the ones before it next, and all would be decoded again for each.
        goes_back = 0 < before - number <= self._room
        self._run_from = int(self._index.pts[max(number - self._room, 0)]) if goes_back else mark
        found = self._find(number)
        if found is None:
            self._position = -1
            raise VideoError(
                f"{self.path}: frame {number} of {len(self._index.pts)} cannot be decoded",
                hint="the film is damaged there; copy or convert it again, or leave these frames "
                "out",
            )
        self._position = number
        return found

    def _find(self, number: int) -> Any:
        """Decode onward, or from a keyframe before; None if it does not come."""
        goal = self._goal(number)
        key = self._key_before(goal)
        if self._stands_before(number, key):
            at = self._goal(self._position)
            same = at.first == goal.first
            found = self._advance(goal._replace(rank=goal.rank - at.rank - 1) if same else goal)
            if found is not None:
                return found
        # A keyframe may turn out too late (open groups, edit lists, gradual refresh) or be none:
        # then further and further back, to the very start.
        back = 0
        while True:
            for thorough in (False, True) if self._may_skip else (True,):
                self._seek(key - back)
                found = self._advance(goal, thorough=thorough)
                if found is not None:
                    return found
            if back > key:
                return None
            back = 2 * back or 1

    def _goal(self, number: int) -> _Goal:
        if not self._index.counted:
            mark = int(self._index.pts[number])
            return _Goal(mark, mark, 0)
        # What comes between two keyframes in the file is shown together: as many frames, in
        # another order.
        keys, lost = self._index.keyframes, self._index.left_out
        packet, packets = number + lost, len(self._index.pts) + lost
        after = int(np.searchsorted(keys, packet, side="right"))
        first = int(keys[after - 1]) if after else 0
        last = int(keys[after]) if after < len(keys) else packets
        return _Goal(first, last - 1, packet - max(first, lost))

    def _key_before(self, goal: _Goal) -> int:
        """Number of the keyframe at which to start; -1 = the start of the film."""
        # Of a counted film all frames with these marks have to pass, and those shown before their
        # keyframe need the one before that.
        side: Literal["left", "right"] = "left" if self._index.counted else "right"
        return int(np.searchsorted(self._index.keyframes, goal.first, side=side)) - 1

    def _stands_before(self, number: int, key: int) -> bool:
        """Whether going onward is right, and not much more work than starting at a keyframe."""
        if not 0 <= self._position < number:
            return False
        if number - self._position <= _STEP or key < 0:
            return True
        return bool(self._index.keyframes[key] <= self._goal(self._position).first)

    def _advance(self, goal: _Goal, *, thorough: bool = False) -> Any:
        """Decode until the goal; None if it does not come.

        Frames that nobody asked for and no other frame needs are not decoded, unless `thorough`.
        """
        first = min(goal.first, self._run_from) if self._room else goal.first
        self._needed_from = None if thorough or not self._may_skip else first
        left = goal.rank
        for frame in self._frames:
            if self._is_rubbish(frame):
                return None
            if frame.pts is None or frame.pts < goal.first:
                self._keep(frame)
                continue
            if frame.pts > goal.last:
                return None
            if not left:
                return frame
            left -= 1
        return None

    def _keep(self, frame: Any) -> None:
        """Keep a frame that was passed; those before the first keyframe may lack what they need."""
        if self._room and frame.pts is not None and frame.pts >= self._begun_at:
            self._passed.pop(frame.pts, None)
            self._passed[frame.pts] = frame
            if len(self._passed) > self._room:
                del self._passed[next(iter(self._passed))]

    def _is_rubbish(self, frame: Any) -> bool:
        """Whether decoding was to start here, but this frame needs others."""
        awaited, self._awaits_key = self._awaits_key, False
        return awaited and not frame.key_frame

    def _seek(self, key: int) -> None:
        """Put the decoder at a keyframe, or at the very start (-1 and less)."""
        self._begun_at = NO_TIME if key < 0 else int(self._index.keyframes[key])
        if self._is_fresh and key <= 0:
            return
        if key < 0:
            self._reopen()
        elif not self._index.counted:
            self._jump(int(self._index.keyframes[key]))
        else:
            self._seek_packet(key)
        self._awaits_key = key >= 0 and self._stream.codec_context.name not in _WAITING

    def _seek_packet(self, key: int) -> None:
        """Put the decoder at a keyframe that is known by the number of its packet."""
        stamp, number = int(self._index.seek_to[key]), int(self._index.keyframes[key])
        if stamp != NO_TIME and self._jump(stamp):
            first = next(self._packets, None)
            if first is not None and first.dts == stamp and first.is_keyframe:
                self._packets = chain([first], self._packets)
                self._count = number
                return
        self._reopen()
        while self._count < number and (packet := next(self._packets, None)) is not None:
            self._count += is_shown(packet)

    def _jump(self, stamp: int) -> bool:
        """Seek by time; where the container cannot, to the start."""
        import av

        try:
            self._container.seek(stamp, stream=self._stream, backward=True, any_frame=False)
        except (av.FFmpegError, OSError):
            self._reopen()
            return False
        self._start()
        return True

    def _reopen(self) -> None:
        self._container.close()
        self._open()

    def _open(self) -> None:
        """Open the film at its start."""
        stat = self.path.stat() if self.path.is_file() else None
        if stat is not None and stat.st_size != self._index.size:
            raise VideoError(f"{self.path}: the film has changed", hint="open it again")
        self._container = open_container(self.path)
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = self._threads
        self._may_skip = self._stream.codec_context.name in _SKIPPABLE and not self._index.counted
        self._note = b""
        self._start()
        self._keep_note()
        self._is_fresh = True

    def _keep_note(self) -> None:
        """Remember the note in the first packet."""
        context = self._stream.codec_context
        first = next(self._packets, None) if context.name == "h264" else None
        if first is not None:
            self._note = note_in(first, context.extradata)
            self._packets = chain([first], self._packets)

    def _start(self) -> None:
        """Decode from where the file stands now."""
        self._position = -1
        self._count = 0
        self._needed_from = None
        self._awaits_key = False
        self._is_fresh = False
        self._packets = whole_packets(self._container.demux(self._stream))
        self._frames = self._decode()

    def _is_spare(self, timestamp: int | None) -> bool:
        """Whether a frame is not asked for itself."""
        if timestamp is None or self._needed_from is None:
            return False
        if self._only is not None:
            return timestamp not in self._only
        return timestamp < self._needed_from

    def _decode(self) -> Iterator[Any]:
        """Frames from where the file stands."""
        self._is_fresh = False
        context = self._stream.codec_context
        packets = self._packets
        if self._index.counted:
            packets = number_packets(packets, self._count)
        if self._note and (first := next(packets, None)) is not None:
            packets = chain([with_note(first, self._note)], packets)
        for packet in packets:
            if self._may_skip:
                context.skip_frame = "NONREF" if self._is_spare(packet.pts) else "DEFAULT"
            yield from decode_packet(context, packet)
        yield from decode_packet(context, None)


def _room(index: FilmIndex) -> int:
    """How many frames are kept for steps back: none of a film whose frames share timestamps."""
    if index.counted:
        return 0
    # Two bytes a pixel: FFmpeg's own pictures, before they are RGB.
    return min(_PASSED, _PASSED_BYTES // (2 * index.width * index.height))
