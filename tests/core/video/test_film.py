"""Frame n is frame n, in films of every awkward kind."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.video.films import FIXED_B, HEIGHT, UNEVEN, WIDTH, encode, number_in, picture
from mousegpt_core.errors import SettingsError, VideoError
from mousegpt_core.video import Film, contract, write_film
from peak_memory import PEAK, needs_proc


def test_times_and_rate(tmp_path):
    film = Film(encode(tmp_path / "a.mkv", 120, pts=UNEVEN))
    np.testing.assert_allclose(film.times, (UNEVEN - UNEVEN[0]) / 1000, atol=1e-6)
    assert film.is_uneven
    assert film.fps == pytest.approx(1000 / np.median(np.diff(UNEVEN)))
    assert number_in(film.frame_at(film.times[77])) == 77
    assert number_in(film.frame_at((film.times[77] + film.times[78]) / 2)) == 77
    with pytest.raises(VideoError, match="lasts"):
        film.frame_at(-1)
    with pytest.raises(VideoError, match="lasts"):
        film.frame_at(1e4)


def test_a_whole_film_is_not_put_into_one_array(tmp_path, monkeypatch):
    film = Film(encode(tmp_path / "a.mp4", 30, gop=10))
    monkeypatch.setattr(contract, "_MOST_BYTES", film[:5].nbytes)
    for whole in (slice(None), slice(0, 6), list(range(6))):
        with pytest.raises(VideoError, match=r"a\.mp4: \d+ frames at once"):
            film[whole]
    assert [number_in(image) for image in film[3:8]] == [3, 4, 5, 6, 7]
    assert [number for number, _ in film.frames(range(30))] == list(range(30))


@pytest.mark.parametrize("rate", [25, 30, 250, Fraction(30000, 1001), 59.94])
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_the_rate_of_an_even_film_is_exact(rate, ending, tmp_path):
    write_film(tmp_path / f"a.{ending}", (picture(n) for n in range(40)), float(rate))
    film = Film(tmp_path / f"a.{ending}")
    assert film.fps == pytest.approx(float(rate), rel=2e-6 if ending == "mp4" else 2e-3)
    assert not film.is_uneven


def test_indexing_like_an_array(tmp_path):
    film = Film(encode(tmp_path / "a.mp4", 30, gop=10))
    assert film[7].shape == (HEIGHT, WIDTH, 3)
    assert number_in(film[-1]) == 29
    assert [number_in(image) for image in film[3:9:2]] == [3, 5, 7]
    assert film[200:201].shape == (0, HEIGHT, WIDTH, 3)
    assert film[4, 2:5, :, 0].shape == (3, WIDTH)
    assert film[4:6, 2:5, ..., 0].shape == (2, 3, WIDTH)
    assert film[..., 0].shape == (30, HEIGHT, WIDTH)
    assert [number_in(image) for image in film[[5, 2]]] == [5, 2]
    assert film[np.int64(4)].shape == (HEIGHT, WIDTH, 3)
    assert len(list(film)) == len(film) == 30
    assert "30 frames" in repr(film)
    for bad in (30, -31):
        with pytest.raises(IndexError):
            film[bad]
    with pytest.raises(ValueError, match="read-only"):
        film[0][0] = 1


def test_sampling(tmp_path):
    film = Film(encode(tmp_path / "a.mp4", 100, gop=50, b_frames=2))
    taken = list(film.sample(5))
    assert [number for number, _ in taken] == list(range(0, 100, 5))
    assert all(number_in(image) == number for number, image in taken)
    assert len(list(film.sample(1000))) == 100
    with pytest.raises(SettingsError):
        list(film.sample(0))


@pytest.fixture
def decoded(monkeypatch):
    """The frames that are decoded, one after the other."""
    from mousegpt_core.video.decoder import Decoder

    marks = []
    real = Decoder._decode

    def counting(decoder):
        for frame in real(decoder):
            marks.append(frame.pts)
            yield frame

    monkeypatch.setattr(Decoder, "_decode", counting)
    return marks


def test_sampling_decodes_nothing_twice(tmp_path, decoded):
    film = Film(encode(tmp_path / "a.mp4", 100, gop=250, b_frames=2, options=FIXED_B))
    assert len(list(film.sample(5))) == 20
    assert len(decoded) == len(set(decoded))
    # Of two B-frames in a row one is needed by no other frame: only those asked for are decoded.
    assert len(decoded) <= 75


def test_steps_back_are_kept_from_one_run(tmp_path, decoded, monkeypatch):
    monkeypatch.setattr(contract, "_CACHE_FRAMES", 1)
    film = Film(encode(tmp_path / "a.mp4", 100, gop=250, b_frames=2, options=FIXED_B))
    back = list(range(99, -1, -1))
    assert [number_in(film.frame(number)) for number in back] == back
    # One by one from the keyframe it were 5,050.
    assert len(decoded) < 600
    # Who goes on from there decodes no more than that.
    before = len(decoded)
    assert [number_in(film.frame(number)) for number in range(1, 40)] == list(range(1, 40))
    assert len(decoded) - before < 80


def test_dask(tmp_path):
    film = Film(encode(tmp_path / "a.mp4", 20, gop=10))
    array = film.as_dask()
    assert array.shape == film.shape
    assert array.chunks[0] == (1,) * 20
    assert [number_in(image) for image in array[5:8].compute(scheduler="threads")] == [5, 6, 7]
    assert array.name == Film(film.path).as_dask().name


def test_pickle_and_index_are_reused(tmp_path):
    film = Film(encode(tmp_path / "a.mp4", 30, gop=10))
    film.frame(5)
    copy = pickle.loads(pickle.dumps(film))  # noqa: S301
    assert copy.shape == film.shape
    assert number_in(copy.frame(17)) == 17
    assert number_in(Film(film.path, film.index).frame(3)) == 3


def test_threads_share_a_film(tmp_path):
    film = Film(encode(tmp_path / "a.mp4", 60, gop=30, b_frames=2))
    wrong = []

    def look(seed):
        for n in np.random.default_rng(seed).integers(0, 60, 40):
            if number_in(film.frame(int(n))) != n:
                wrong.append(n)

    threads = [threading.Thread(target=look, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong
    assert not any(thread.is_alive() for thread in threads)


def test_closing_and_going_on(tmp_path):
    with Film(encode(tmp_path / "a.mp4", 30)) as film:
        film.frame(10)
    assert number_in(film.frame(11)) == 11
    film.close()
    film.close()


def test_a_hole_in_a_film_names_the_frame(tmp_path):
    path = encode(tmp_path / "a.mp4", 120, gop=12)
    data = bytearray(path.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 400] = bytes(400)
    path.write_bytes(bytes(data))
    film = Film(path)
    right = wrong = 0
    for n in (0, 1, 119, 118, *range(30, 90)):
        try:
            right += number_in(film.frame(n)) == n
        except VideoError as error:
            wrong += 1
            assert path.name in str(error)  # noqa: PT017
            assert f"frame {n}" in str(error)  # noqa: PT017
    assert right > 30


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello, this is text\n" * 50,
        bytes(5000),
        b"#EXTM3U\n#EXTINF:1,\nhttp://localhost/a.ts\n",
    ],
    ids=["empty", "text", "zeros", "playlist"],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.txt", "a.m3u8", "a.avi"])
def test_what_is_not_a_film(content, name, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(VideoError, match=name):
        Film(path)


def test_a_missing_film_a_picture_and_a_film_without_its_end(tmp_path):
    with pytest.raises(VideoError, match="no such file"):
        Film(tmp_path / "none.mp4")
    with pytest.raises(VideoError):
        Film(tmp_path)
    from PIL import Image

    Image.fromarray(picture(3)).save(tmp_path / "a.png")
    with pytest.raises(VideoError, match="not a film"):
        Film(tmp_path / "a.png")
    path = encode(tmp_path / "a.mp4", 30)
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(VideoError, match=r"a\.mp4"):
        Film(path)


def test_a_film_that_changed_since(tmp_path):
    film = Film(encode(tmp_path / "a.mp4", 30))
    encode(tmp_path / "a.mp4", 60)
    with pytest.raises(VideoError, match="changed"):
        film.frame(3)


MUTATED = {
    "a.mp4": {"gop": 15, "b_frames": 2},
    "a.mkv": {"gop": 15, "b_frames": 2},
    "a.avi": {"gop": 12, "codec": "mpeg4"},
    "counted.avi": {"gop": 12, "b_frames": 2, "options": FIXED_B},
    "a.ts": {"gop": 12, "b_frames": 2},
}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kind=st.sampled_from(list(MUTATED)), data=st.data())
def test_mutated_films(kind, data, tmp_path):
    source = tmp_path / f"whole-{kind}"
    if not source.exists():
        encode(source, 24, **MUTATED[kind])
    changed = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(changed) - 1))
        if data.draw(st.booleans()):
            changed[at] = data.draw(st.integers(0, 255))
        else:
            changed[at : at + 40] = bytes(len(changed[at : at + 40]))
    path = tmp_path / f"mutated-{kind}"
    path.write_bytes(bytes(changed))
    try:
        film = Film(path)
        for n in (0, len(film) // 2, len(film) - 1):
            film.frame(n)
    except VideoError as error:
        assert path.name in str(error)  # noqa: PT017


@needs_proc
def test_memory_stays_constant(tmp_path):
    path = write_film(
        tmp_path / "a.mp4", (np.full((480, 640, 3), n % 255, np.uint8) for n in range(300)), 30
    )
    code = (
        f"import sys\nfrom mousegpt_core.video import Film\nfilm = Film(sys.argv[1])\n{PEAK}\n"
        "for n in range(100): film.frame(n)\nbefore = peak()\n"
        "for n in range(300): film.frame(n)\nprint(peak() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    # 200 more frames of 0.9 MB would be 180 MB if they were kept.
    assert float(done.stdout) < 40


FORKING = """
import os, signal, sys
from mousegpt_core.video import Film
film = Film(sys.argv[1])
film.frame(3)
child = os.fork()
if child == 0:
    signal.alarm(60)
    film.frame(20)
    film.close()
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_opens_its_own_decoder(tmp_path):
    path = encode(tmp_path / "a.mp4", 30)
    done = subprocess.run(
        [sys.executable, "-c", FORKING, path],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == "0"


def test_written_films(tmp_path):
    odd = [np.full((31, 33, 3), 90, np.uint8)] * 3
    assert Film(write_film(tmp_path / "odd.mp4", odd, 20)).shape == (3, 32, 34, 3)
    with pytest.raises(VideoError, match="no frames"):
        write_film(tmp_path / "none.mp4", [], 20)
    with pytest.raises(VideoError, match="differ"):
        write_film(tmp_path / "two.mp4", [odd[0], odd[0][:20]], 20)
    with pytest.raises(VideoError):
        write_film(tmp_path / "missing" / "a.mp4", odd, 20)
    with pytest.raises(VideoError):
        write_film(tmp_path / "grey.mp4", [odd[0][..., 0]], 20)
