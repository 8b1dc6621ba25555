"""Films to Zarr: the same pictures, whatever was kept of them, and however often it was killed."""

from __future__ import annotations

import json
import pickle
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import mousegpt, start
from core.pipeline.test_add import write_poses
from core.video.films import FIXED_B, HEIGHT, UNEVEN, WIDTH, encode, number_in, numbers_in
from mousegpt_core.errors import MouseGPTError, SettingsError, StudyLockedError, VideoError
from mousegpt_core.pipeline import Conversion, NewRecording, add_recording, convert_film
from mousegpt_core.progress import Cancellation, CancelledError
from mousegpt_core.study import Study
from mousegpt_core.study.locks import Leases
from mousegpt_core.video import Film, ZarrFilm, is_film_folder, open_film, write_film
from peak_memory import PEAK, needs_proc

COUNT = 150


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    return encode(folder / "mouse.mp4", COUNT, b_frames=2, options=FIXED_B, moving=True)


def test_the_same_frames_at_the_same_times(film: Path, tmp_path: Path) -> None:
    made = convert_film(film, tmp_path / "a.zarr")
    source, converted = Film(film), open_film(made["film"])
    assert isinstance(converted, ZarrFilm)
    assert made["frames"] == COUNT
    assert made["megabytes"] > 0.01
    assert converted.shape == source.shape
    np.testing.assert_array_equal(converted[:], source[:])
    np.testing.assert_array_equal(converted.times, source.times)
    assert converted.fps == source.fps
    assert converted.source["name"] == "mouse.mp4"
    assert converted.remarks == ()
    assert len(list((tmp_path / "a.zarr" / "frames").glob("c.*"))) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]
    assert [number for number, _ in converted.sample(5)] == [n for n, _ in source.sample(5)]


def test_read_lazily(film: Path, tmp_path: Path) -> None:
    converted = ZarrFilm(convert_film(film, tmp_path / "a.zarr")["film"])
    array = converted.as_dask()
    assert array.chunks[0] == (1,) * COUNT
    assert numbers_in(array[60:70:3].compute()) == [60, 63, 66, 69]
    copy = pickle.loads(pickle.dumps(converted))  # noqa: S301
    assert number_in(copy[99]) == 99
    assert copy.as_dask().name == array.name
    with pytest.raises(ValueError, match="read-only"):
        converted[0][0] = 1


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    source = Film(encode(tmp_path / "a.mkv", 80, pts=UNEVEN))
    converted = open_film(convert_film(source.path)["film"])
    assert converted.path == tmp_path / "a.zarr"
    np.testing.assert_array_equal(converted.times, source.times)
    assert converted.is_uneven
    assert converted.fps == source.fps


def test_grey_cropped_smaller_and_shorter(film: Path, tmp_path: Path) -> None:
    how = Conversion(grey=True, crop=(8, 4, 80, 20), downscale=4, start_s=1.0, stop_s=3.0)
    converted = open_film(convert_film(film, tmp_path / "a.zarr", how)["film"])
    assert converted.shape == (50, 5, 20)
    assert converted.times[0] == 0
    assert converted.times[-1] == pytest.approx(49 / 25)
    picture = Image.fromarray(Film(film)[25 + 7]).crop((8, 4, 88, 24)).convert("L")
    np.testing.assert_array_equal(converted[7], np.asarray(picture.reduce(4)))
    (remark,) = converted.remarks
    for part in ("cropped to 80 x 20", "4 times smaller", "cut to 50 frames from number 25"):
        assert part in remark


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "pictures.v2"
    folder.mkdir()
    for number in (1, 2, 3, 5):
        Image.fromarray(np.full((20, 30), number, np.uint8)).save(folder / f"{number}.png")
    made = convert_film(folder, fps=10)
    assert made["film"] == tmp_path / "pictures.v2.zarr"
    converted = open_film(made["film"])
    assert converted.shape == (4, 20, 30)
    np.testing.assert_allclose(converted.times, [0, 0.1, 0.2, 0.4])


def test_what_does_not_fit_is_refused(film: Path, tmp_path: Path) -> None:
    for wrong, said in (
        (Conversion(crop=(0, 0, WIDTH + 1, 10)), "not within the picture"),
        (Conversion(crop=(-1, 0, 10, 10)), "not within the picture"),
        (Conversion(crop=(0, 0, 0, 10)), "not within the picture"),
        (Conversion(downscale=0), "leaves nothing"),
        (Conversion(downscale=HEIGHT + 1), "leaves nothing"),
        (Conversion(start_s=60), "no frames"),
        (Conversion(start_s=3, stop_s=2), "no frames"),
        (Conversion(start_s=-1), "no frames"),
        (Conversion(start_s=float("nan")), "no frames"),
    ):
        with pytest.raises(SettingsError, match=said):
            convert_film(film, tmp_path / "a.zarr", wrong)
    with pytest.raises(SettingsError, match="end in"):
        convert_film(film, tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


def test_what_is_there_already(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.zarr"
    convert_film(film, out)
    before = (out / "zarr.json").stat().st_mtime_ns
    convert_film(film, out)
    assert (out / "zarr.json").stat().st_mtime_ns == before
    with pytest.raises(SettingsError, match="another way"):
        convert_film(film, out, Conversion(grey=True))
    (tmp_path / "mine.zarr").mkdir()
    with pytest.raises(SettingsError, match="--out"):
        convert_film(film, tmp_path / "mine.zarr")


def test_stopped_and_gone_on_with(film: Path, tmp_path: Path) -> None:
    out, wish, steps = tmp_path / "a.zarr", Cancellation(), []
    wish.cancel()
    with pytest.raises(CancelledError):
        convert_film(film, out, cancellation=wish)
    assert not out.exists()
    convert_film(film, out, report=steps.append)
    # The first file of 64 frames was written already.
    assert [step.done for step in steps] == [128, COUNT, COUNT]
    np.testing.assert_array_equal(ZarrFilm(out)[:], Film(film)[:])


def test_other_settings_begin_anew(film: Path, tmp_path: Path) -> None:
    out, wish = tmp_path / "a.zarr", Cancellation()
    wish.cancel()
    with pytest.raises(CancelledError):
        convert_film(film, out, cancellation=wish)
    convert_film(film, out, Conversion(downscale=2))
    assert ZarrFilm(out).shape == (COUNT, HEIGHT // 2, WIDTH // 2, 3)


def test_two_at_once(film: Path, tmp_path: Path) -> None:
    working = tmp_path / ".writing-a.zarr"
    working.mkdir()
    code = "import sys; from pathlib import Path; from mousegpt_core.study.locks import Leases\n"
    code += "with Leases(Path(sys.argv[1]), 'x').lease('convert'): print(1, flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, working], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    other.stdout.readline()
    with pytest.raises(StudyLockedError, match="worked on by process"):
        convert_film(film, tmp_path / "a.zarr")
    other.communicate(b"\n", timeout=60)
    convert_film(film, tmp_path / "a.zarr")
    assert Leases(working, "x").held() == []


def test_what_a_kill_at_the_very_end_leaves_is_removed(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.zarr"
    convert_film(film, out)
    (tmp_path / ".writing-a.zarr").mkdir()
    convert_film(film, out)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


@pytest.fixture(scope="module")
def longer_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    images = (np.full((300, 400, 3), n % 250, np.uint8) for n in range(400))
    return write_film(tmp_path_factory.mktemp("film") / "a.mp4", images, 25, gop=100)


@pytest.mark.parametrize("seed", range(2))
def test_killed_and_gone_on_with(seed: int, longer_film: Path, tmp_path: Path) -> None:
    draw = random.Random(seed)
    film = Path(shutil.copy(longer_film, tmp_path))
    out = tmp_path / "a.zarr"
    for _ in range(2):
        process = start("convert", film, "--json")
        assert process.stderr is not None
        for _ in range(draw.randrange(4)):
            process.stderr.readline()
        time.sleep(draw.uniform(0, 0.1))
        process.kill()
        process.communicate()
        if out.exists():
            assert len(ZarrFilm(out)) == 400
    convert_film(film)
    converted, source = ZarrFilm(out), Film(film)
    for number, image in source.frames(range(400)):
        np.testing.assert_array_equal(converted[number], image)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "a.zarr"]


def test_what_is_unfinished_or_damaged_is_not_opened(film: Path, tmp_path: Path) -> None:
    wish = Cancellation()
    wish.cancel()
    with pytest.raises(CancelledError):
        convert_film(film, tmp_path / "a.zarr", cancellation=wish)
    with pytest.raises(VideoError, match="2 files are missing"):
        open_film(tmp_path / ".writing-a.zarr" / "film.zarr")
    whole = convert_film(film, tmp_path / "a.zarr")["film"]
    shard = whole / "frames" / "c.1.0.0.0"
    content = shard.read_bytes()
    shard.write_bytes(content[: len(content) // 2])
    with pytest.raises(VideoError, match="frame 70"):
        ZarrFilm(whole).frame(70)
    assert number_in(ZarrFilm(whole).frame(3)) == 3
    for damage in ("", "{", "[]", '{"zarr_format": 3, "node_type": "group"}'):
        (whole / "zarr.json").write_text(damage)
        with pytest.raises(VideoError, match=r"a\.zarr"):
            open_film(whole)
    with pytest.raises(VideoError, match="no such"):
        ZarrFilm(tmp_path / "none.zarr")


@pytest.mark.parametrize("file", ["zarr.json", "frames/zarr.json", "times/zarr.json"])
def test_mutated_descriptions(file: str, film: Path, tmp_path: Path) -> None:
    whole = convert_film(film, tmp_path / "a.zarr")["film"]
    text = (whole / file).read_text()
    draw = random.Random(file)
    for _ in range(60):
        changed = list(text)
        for _ in range(draw.randint(1, 3)):
            changed[draw.randrange(len(changed))] = draw.choice('0123456789{}[]",:ax-')
        (whole / file).write_text("".join(changed))
        try:
            opened = open_film(whole)
            assert opened.frame(0).dtype == np.uint8
        except MouseGPTError as error:
            assert "a.zarr" in str(error)  # noqa: PT017


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A folder on a disk of 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not allowed")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def noisy_film(path: Path, quiet: int, noisy: int) -> Path:
    """Frames of nearly no size, then of some 20 kB each."""
    noise = np.random.default_rng(0).integers(0, 255, (100, 200, 3), dtype=np.uint8)
    images = [np.zeros_like(noise)] * quiet + [noise] * noisy
    return write_film(path, images, 25, crf=1)


def test_a_disk_that_is_too_small_is_told_before(small_disk: Path, tmp_path: Path) -> None:
    film = noisy_film(tmp_path / "a.mp4", 0, 200)
    with pytest.raises(MouseGPTError, match=r"disk is too small.*GB are free"):
        convert_film(film, small_disk / "a.zarr", Conversion(grey=True))
    assert not (small_disk / "a.zarr").exists()


def test_a_full_disk_is_told_and_can_be_mended(small_disk: Path, tmp_path: Path) -> None:
    film = noisy_film(tmp_path / "a.mp4", 64, 60)
    (small_disk / "other").write_bytes(bytes(1500 << 10))
    with pytest.raises(MouseGPTError, match=r"cannot be written.*No space left"):
        convert_film(film, small_disk / "a.zarr", Conversion(grey=True))
    assert not (small_disk / "a.zarr").exists()
    (small_disk / "other").unlink()
    converted = open_film(convert_film(film, small_disk / "a.zarr", Conversion(grey=True))["film"])
    assert len(converted) == 124


@needs_proc
def test_memory_is_that_of_a_file_of_frames(longer_film: Path, tmp_path: Path) -> None:
    film = shutil.copy(longer_film, tmp_path)
    code = (
        "import sys\nfrom pathlib import Path\n"
        f"from mousegpt_core.pipeline import Conversion, convert_film\n{PEAK}\n"
        "film = Path(sys.argv[1])\nseen = []\n"
        "convert_film(film, None, Conversion(), report=lambda step: seen.append(peak()))\n"
        "print(seen[-1] - seen[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, film], capture_output=True, text=True, check=True
    )
    # 270 more frames of 0.36 MB would be 97 MB if they were kept.
    assert float(done.stdout) < 40


def test_the_command(film: Path, tmp_path: Path) -> None:
    path = shutil.copy(film, tmp_path / "a.mp4")
    answer = mousegpt("convert", path, "--grey", "--crop", "0,0,48,32", "--stop", "2", "--json")
    assert answer.code == 0
    assert answer.json["frames"] == 50
    assert answer.events[-1]["finished"]
    assert open_film(answer.json["film"]).shape == (50, 32, 48)
    assert "X,Y,WIDTH,HEIGHT" in mousegpt("convert", path, "--crop", "1,2").err
    assert mousegpt("convert", tmp_path / "none.mp4").code == 2


def test_a_recording_of_a_converted_film(film: Path, tmp_path: Path) -> None:
    out = convert_film(film, tmp_path / "a.zarr", Conversion(start_s=2))["film"]
    assert is_film_folder(out)
    poses = write_poses(tmp_path / "m.csv", COUNT - 50, size=30)
    new = NewRecording("m", films=[("top", out)], poses=[("top", poses)])
    added = add_recording(Study.create(tmp_path / "study"), new)
    assert added.recording.info.views[0].fps == 25
    assert any("poses must be of these pictures" in remark for remark in added.remarks)
    assert json.loads((out / "zarr.json").read_text())["attributes"]["source"]["frames"] == COUNT


def test_files_that_may_not_grow(film: Path, tmp_path: Path) -> None:
    """A quota, as other systems tell it."""
    pytest.importorskip("resource", reason="Windows has no such limit")
    code = (
        "import resource, sys; from mousegpt_core.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); main()"
    )
    command = [sys.executable, "-c", code, "convert", film, "--out", tmp_path / "a.zarr"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
