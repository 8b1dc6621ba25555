"""Frame n is frame n, pixel by pixel, in films of every awkward kind, however it is asked for."""

from __future__ import annotations

import struct

import av
import numpy as np
import pytest

from core.video.films import (
    FIXED_B,
    HEIGHT,
    RNG,
    UNEVEN,
    WIDTH,
    decoded_in_order,
    encode,
    number_in,
    numbers_in,
)
from mousegpt_core.errors import VideoError
from mousegpt_core.video import Film, contract
from mousegpt_core.video.x264_note import note_in, with_note

COUNT = 90
OPEN = {"x264-params": "open-gop=1:b-adapt=0:bframes=3:scenecut=0"}
PYRAMID = {"x264-params": "b-adapt=0:bframes=5:b-pyramid=normal"}
REFRESH = {"x264-params": "intra-refresh=1:keyint=30"}
X265 = "log-level=none:b-adapt=0:bframes=4:"
B = {"b_frames": 2, "options": FIXED_B}
ALT_REF = {"auto-alt-ref": "1", "lag-in-frames": "16", "arnr-maxframes": "5", "cpu-used": "8"}

#: What a film must show: pictures 0 to 89, if nothing else is said.
KINDS = {
    "long-groups.mp4": {**B, "gop": 250},
    "pyramid.mp4": {"gop": 60, "options": PYRAMID},
    "intra.mp4": {"gop": 1},
    "slices.mp4": {"gop": 30, "options": {"x264-params": "slices=4:b-adapt=0:bframes=2"}},
    "interlaced.mp4": {"gop": 30, "options": {"x264-params": "interlaced=1:b-adapt=0:bframes=2"}},
    "refresh.mp4": {"gop": 30, "options": REFRESH},
    "refresh.mkv": {"gop": 30, "options": REFRESH},
    "open.mkv": {"gop": 20, "options": OPEN},
    "open.ts": {"gop": 20, "options": OPEN},
    "open.avi": {"gop": 20, "options": OPEN},
    "uneven.mkv": {**B, "pts": UNEVEN, "gop": 30},
    "uneven.mp4": {**B, "pts": UNEVEN, "gop": 30},
    "h264.ts": {**B, "gop": 25},
    "h264.m2ts": {**B, "gop": 25},
    "h264.flv": {**B, "gop": 25},
    "h264.avi": {**B, "gop": 30},
    "raw.h264": {**B, "gop": 30},
    "pieces.mp4": {**B, "gop": 20, "muxer": {"movflags": "frag_keyframe+empty_moov"}},
    "sound.mp4": {**B, "gop": 40, "sound": True},
    "sound.ts": {**B, "gop": 40, "sound": True},
    "hevc.mp4": {"codec": "libx265", "gop": 30, "options": {"x265-params": X265}},
    "hevc.ts": {"codec": "libx265", "gop": 30, "options": {"x265-params": X265 + "open-gop=1"}},
    "hevc-layers.mp4": {
        "codec": "libx265", "gop": 30, "options": {"x265-params": X265 + "temporal-layers=3"}
    },
    "raw.hevc": {"codec": "libx265", "gop": 30, "options": {"x265-params": X265}},
    "mpeg2.mpg": {"codec": "mpeg2video", "gop": 12, "b_frames": 2},
    "mpeg2.ts": {"codec": "mpeg2video", "gop": 12, "b_frames": 2},
    "mpeg4.avi": {"codec": "mpeg4", "gop": 12},
    "mpeg4-b.avi": {"codec": "mpeg4", "gop": 12, "b_frames": 2},
    "mpeg4-b.mp4": {"codec": "mpeg4", "gop": 12, "b_frames": 2},
    "old.wmv": {"codec": "wmv2", "gop": 20},
    "mjpeg.avi": {"codec": "mjpeg", "pixels": "yuvj420p"},
    "raw-grey.avi": {"codec": "rawvideo", "pixels": "gray"},
    "lossless-10-bit.mkv": {"codec": "ffv1", "pixels": "gray10le"},
    "lossless-16-bit.avi": {"codec": "ffv1", "pixels": "gray16le"},
    "h264-10-bit.mkv": {**B, "pixels": "yuv420p10le"},
    "odd.mp4": {**B, "pixels": "yuv444p", "height": HEIGHT + 1},
    "prores.mov": {"codec": "prores_ks", "pixels": "yuv422p10le"},
    "vp8.webm": {"codec": "libvpx", "options": ALT_REF, "gop": 60},
    "vp9.webm": {"codec": "libvpx-vp9", "options": ALT_REF, "gop": 60},
    "av1.mkv": {"codec": "libsvtav1", "options": {"preset": "12"}, "gop": 60},
    "twins.mkv": {"gop": 10, "pts": np.repeat(np.arange(COUNT // 3), 3) * 40},
    "cut.mp4": {**B, "gop": 40, "shift": 17, "shows": range(17, COUNT)},
    "cut.mov": {**B, "gop": 250, "shift": 17, "shows": range(17, COUNT)},
    # Players begin with the first picture that can be decoded.
    "no-beginning.ts": {**B, "gop": 40, "drop": range(13), "shows": range(40, COUNT)},
    "no-beginning.mkv": {**B, "gop": 40, "drop": range(13), "shows": range(40, COUNT)},
    "no-beginning.avi": {**B, "gop": 40, "drop": range(13), "shows": range(40, COUNT)},
    "no-beginning.h264": {**B, "gop": 40, "drop": range(13), "shows": range(40, COUNT)},
    "no-beginning-mpeg2.ts": {
        "codec": "mpeg2video", "gop": 12, "b_frames": 2, "drop": range(5),
        "shows": range(12, COUNT),
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=KINDS)
def made(request, tmp_path_factory):
    """A film, the numbers that it shows, and its frames as a plain reader decodes them."""
    options = dict(KINDS[request.param])
    shows = list(options.pop("shows", range(COUNT)))
    path = tmp_path_factory.mktemp("films") / request.param
    encode(path, COUNT, moving=True, **options)
    return path, shows, decoded_in_order(path)


def test_every_frame_is_the_right_one(made):
    path, shows, plain = made
    with Film(path) as film:
        assert film.shape[0] == len(shows)
        assert film.dtype == np.uint8
        images = [film.frame(number) for number in range(len(film))]
        assert numbers_in(images) == shows
        np.testing.assert_array_equal(images, plain)
        assert len(film.times) == len(film)
        assert (np.diff(film.times) > 0).all()


def test_any_order_gives_the_right_frame(made):
    path, shows, plain = made
    film = Film(path)
    last = len(shows) - 1
    order = [last, 0, 40, 39, 41, last, 1, 33, 30, 29, 31, 20, 21, 22, 5, 4, 3, 2, 1]
    for number in (*order, *RNG.integers(0, len(shows), 15).tolist()):
        np.testing.assert_array_equal(film.frame(number), plain[number], err_msg=f"{number}")


@pytest.mark.parametrize("step", [1, 2, 5])
def test_steps_back_give_the_right_frames(made, step, monkeypatch):
    path, shows, plain = made
    monkeypatch.setattr(contract, "_CACHE_FRAMES", 1)
    film = Film(path)
    for number in range(len(shows) - 1, -1, -step):
        np.testing.assert_array_equal(film.frame(number), plain[number], err_msg=f"{number}")


@pytest.mark.parametrize("step", [1, 3, 7, 25])
def test_frames_that_are_asked_for_together(made, step):
    path, shows, plain = made
    wanted = range(1, len(shows), step)
    found = dict(Film(path).frames(wanted))
    assert list(found) == list(wanted)
    for number, image in found.items():
        np.testing.assert_array_equal(image, plain[number], err_msg=f"{number}")


@pytest.mark.parametrize("kind", ["mkv", "avi", "ts", "h264", "mpg", "flv", "hevc.ts", "frag.mp4"])
@pytest.mark.parametrize("share", [0.35, 0.6, 0.95])
def test_a_truncated_film_is_right_as_far_as_it_goes(kind, share, tmp_path):
    codec = {"avi": "mpeg4", "mpg": "mpeg2video", "hevc.ts": "libx265"}.get(kind, "libx264")
    options = {"libx264": FIXED_B, "libx265": {"x265-params": X265}}.get(codec)
    pieces = {"movflags": "frag_keyframe+empty_moov"} if kind == "frag.mp4" else None
    path = encode(
        tmp_path / f"a.{kind}", COUNT, codec=codec, options=options, gop=12, b_frames=2,
        moving=True, muxer=pieces,
    )  # fmt: skip
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    try:
        film = Film(path)
    except VideoError as error:
        # Cut within the description of a piece, or before anything is complete.
        assert path.name in str(error)  # noqa: PT017
        assert (kind, share) in {("avi", 0.35), ("frag.mp4", 0.6)}
        return
    assert 0.2 * COUNT < len(film) <= COUNT
    # What comes after the last whole picture is as the decoder makes it up.
    sound = range(len(film) - 4)
    assert [number_in(film.frame(number)) for number in sound] == list(sound)
    assert [number_in(film.frame(number)) for number in reversed(sound)] == list(reversed(sound))
    for number in range(len(film) - 4, len(film)):
        try:
            film.frame(number)
        except VideoError as error:
            assert f"frame {number}" in str(error)  # noqa: PT017


def test_lost_packets_shift_no_frame(tmp_path):
    path = encode(tmp_path / "a.mkv", COUNT, gop=20, moving=True, drop=(32, 33), **B)
    plain = numbers_in(decoded_in_order(path))
    film = Film(path)
    assert len(film) == COUNT - 2
    after = range(40, len(film))
    assert [number_in(film.frame(n)) for n in after] == [plain[n] for n in after]
    assert number_in(film.frame(len(film) - 1)) == COUNT - 1
    assert film.number_at(film.times[70]) == 70


@pytest.mark.parametrize(("degrees", "matrix"), [(90, (0, 1, -1, 0)), (180, (-1, 0, 0, -1)),
                                                 (270, (0, -1, 1, 0))])  # fmt: skip
def test_rotated_films_are_upright(degrees, matrix, tmp_path):
    path = encode(tmp_path / "a.mp4", 12)
    upright = Film(path)[5]
    content = bytearray(path.read_bytes())
    # The matrix in the track's header: two rows of two numbers and a zero, then (0, 0, 1).
    place = content.index(b"tkhd") + 4 + 4 + 20 + 16
    a, b, c, d = (value << 16 for value in matrix)
    content[place : place + 24] = struct.pack(">6i", a, b, 0, c, d, 0)
    path.write_bytes(bytes(content))
    film = Film(path)
    sides = (HEIGHT, WIDTH) if degrees == 180 else (WIDTH, HEIGHT)
    assert film.shape == (12, *sides, 3)
    # The header says how far to turn clockwise.
    np.testing.assert_array_equal(film[5], np.rot90(upright, -degrees // 90))


def test_clocks_that_run_over(tmp_path):
    """The clock of a transport stream has 33 bits: it starts anew after 26.5 hours."""
    source = encode(tmp_path / "a.ts", COUNT, gop=25, moving=True, **B)
    over = tmp_path / "over.ts"
    with (
        av.open(str(source)) as reading,
        av.open(str(over), "w", format="mpegts", options={"mpegts_copyts": "1"}) as writing,
    ):
        old = reading.streams.video[0]
        new = writing.add_stream_from_template(old)
        for packet in reading.demux(old):
            if packet.dts is not None:
                packet.pts += 2**33 - 90_000 * 3
                packet.dts += 2**33 - 90_000 * 3
                packet.stream = new
                writing.mux(packet)
    film = Film(over)
    assert film.fps == 25
    np.testing.assert_allclose(film.times, np.arange(COUNT) / 25)
    for number in (0, 89, 40, 39, 41, 60, 20):
        assert number_in(film.frame(number)) == number


def test_keyframes_that_are_none(tmp_path):
    """Some recorders call every picture a keyframe."""
    path = encode(tmp_path / "a.mp4", COUNT, codec="mpeg4", gop=30, moving=True, all_keyframes=True)
    plain = decoded_in_order(path)
    film = Film(path)
    assert len(film.index.keyframes) == COUNT
    for number in (0, 89, 40, 39, 41, 60, 20):
        np.testing.assert_array_equal(film.frame(number), plain[number])
    for number, image in film.frames(range(5, COUNT, 12)):
        np.testing.assert_array_equal(image, plain[number])


def test_gaps_are_gaps_in_time(tmp_path):
    times = np.delete(np.arange(40) * 40, [10, 11, 25])
    film = Film(encode(tmp_path / "a.mkv", len(times), pts=times))
    assert film.is_uneven
    assert film.fps == pytest.approx(25)
    assert film.number_at(0.36) == 9
    assert film.number_at(0.47) == 9
    assert film.number_at(0.48) == 10


def test_films_of_old_encoders_are_decoded_alike_from_anywhere(test_data):
    """In 4:4:4, old x264 made errors that FFmpeg allows for once it has read who made the film."""
    (path,) = test_data("dlc-openfield").glob("*/videos/m3v1mp4.mp4")
    wanted = (0, 190, 401, 1000)
    with av.open(str(path)) as container:
        frames = enumerate(container.decode(video=0))
        plain = {}
        for number, frame in frames:
            if number in wanted:
                plain[number] = frame.to_ndarray(format="rgb24")
            if number == max(wanted):
                break
    film = Film(path)
    for number in reversed(wanted):
        np.testing.assert_array_equal(film.frame(number), plain[number], err_msg=f"{number}")
    for number, image in film.frames(wanted):
        np.testing.assert_array_equal(image, plain[number], err_msg=f"{number}")


@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts", "h264"])
def test_the_note_of_the_encoder_is_put_before_other_packets(kind, tmp_path):
    path = encode(tmp_path / f"a.{kind}", 40, gop=20)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        note = note_in(packets[0], stream.codec_context.extradata)
        assert b"x264 - core " in note
        assert note_in(packets[1], stream.codec_context.extradata) == b""
    later = next(packet for packet in packets[1:] if packet.is_keyframe)
    noted = with_note(later, note)
    assert bytes(noted) == note + bytes(later)
    assert (noted.pts, noted.dts, noted.is_keyframe) == (later.pts, later.dts, True)
