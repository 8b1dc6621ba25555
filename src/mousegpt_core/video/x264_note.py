"""The note that x264 leaves in the first packet of a film, without which others decode wrongly.

FFmpeg allows for errors of old versions of x264 (before 151, films in 4:4:4) once it has read which
version made the film; it forgets that when decoding starts elsewhere.
"""

from __future__ import annotations

from typing import Any

#: Announces the note (ITU-T H.264, user data unregistered SEI message).
_UUID = bytes.fromhex("dc45e9bde6d948b7962cd820d923eeef")
#: Of the note, so much is kept: "x264 - core 148 r2643".
_KEPT = 24
_SEI, _USER_DATA, _STOP = 6, 5, 0x80


def note_in(packet: Any, extradata: bytes | None) -> bytes:
    """The note in the first packet of a film in H.264, to be put before any other; b"" = none.

    Parameters
    ----------
    packet : av.Packet
        The first one.
    extradata : bytes or None
        Of the codec; tells how the parts of a packet are parted.
    """
    content = bytes(packet)
    start = content.find(_UUID)
    if start < 0:
        return b""
    text = content[start : start + len(_UUID) + _KEPT]
    part = bytes([_SEI, _USER_DATA, len(text)]) + text + bytes([_STOP])
    if extradata and extradata[0] == 1:  # avcC: each part after its length
        return len(part).to_bytes((extradata[4] & 3) + 1, "big") + part
    return b"\0\0\0\1" + part


def with_note(packet: Any, note: bytes) -> Any:
    """The same packet with the note before its content."""
    import av

    if packet.is_discard:  # which a copy cannot be
        return packet
    noted: Any = av.Packet(note + bytes(packet))
    noted.pts, noted.dts, noted.time_base = packet.pts, packet.dts, packet.time_base
    noted.is_keyframe = packet.is_keyframe
    return noted
