"""Reading films beside OpenCV, decord and plain PyAV: how fast, and how many wrong frames.

Run: ``python benchmarks/video.py [FILM ...] [--rounds 7]``. Without a film two are made: 20 s of
1280x1024 at 60 frames a second with many and with few keyframes. Each reader has a process of its
own; in every round all do the same, one after the other in an order drawn anew, so that what else
the computer does meets them alike. Told are the medians, and how many times longer the others take
in the same round, on the clock and of the processor (all threads). Readers that are not installed
are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

Image = NDArray[np.uint8]

SIZE, RATE, SECONDS = (1024, 1280), 60, 20
#: Names of the films that are made, and frames from one keyframe to the next.
GROUPS = {"keyframe every 30.mp4": 30, "keyframe every 250.mp4": 250}
#: A reader that takes longer for a film of 90 small frames hangs (s).
LONGEST = 30


class Reader(Protocol):
    """A film in one of the libraries; pictures are RGB."""

    path: Path

    def __init__(self, path: Path) -> None: ...

    def count(self) -> int:
        """How many frames there are."""

    def frame(self, number: int) -> Image:
        """A single one."""

    def frames(self, numbers: Iterable[int]) -> Iterator[Image]:
        """Several in rising order, in the fastest way that the library has."""


class Ours:
    """`mousegpt_core.video`."""

    def __init__(self, path: Path) -> None:
        from mousegpt_core.video import Film

        self.path = path
        self._film = Film(path)

    def count(self) -> int:
        """Frames of the index."""
        return len(self._film)

    def frame(self, number: int) -> Image:
        """By index."""
        return self._film.frame(number)

    def frames(self, numbers: Iterable[int]) -> Iterator[Image]:
        """Decoded ahead."""
        return (image for _, image in self._film.frames(numbers))


class OpenCV:
    """`cv2.VideoCapture`, which counts frames by the rate that the film claims."""

    def __init__(self, path: Path) -> None:
        import cv2

        self.path = path
        self._cv2: Any = cv2
        self._film = cv2.VideoCapture(str(path))
        self._next = 0

    def count(self) -> int:
        """What the header claims."""
        return int(self._film.get(self._cv2.CAP_PROP_FRAME_COUNT))

    def frame(self, number: int) -> Image:
        """By seeking, unless it is the next."""
        if number != self._next:
            self._film.set(self._cv2.CAP_PROP_POS_FRAMES, number)
        image = self._film.read()[1]
        self._next = number + 1
        return np.asarray(self._cv2.cvtColor(image, self._cv2.COLOR_BGR2RGB))

    def frames(self, numbers: Iterable[int]) -> Iterator[Image]:
        """In one go; those between are grabbed only."""
        self._film.set(self._cv2.CAP_PROP_POS_FRAMES, 0)
        self._next = 0
        for number in numbers:
            while self._next < number:
                self._film.grab()
                self._next += 1
            yield self.frame(number)


class Decord:
    """`decord.VideoReader`."""

    def __init__(self, path: Path) -> None:
        import decord

        self.path = path
        self._film = decord.VideoReader(str(path))

    def count(self) -> int:
        """Frames that it found."""
        return len(self._film)

    def frame(self, number: int) -> Image:
        """By number."""
        return np.asarray(self._film[number].asnumpy())

    def frames(self, numbers: Iterable[int]) -> Iterator[Image]:
        """In batches, which may not be too large for the memory."""
        rest = iter(numbers)
        while batch := list(islice(rest, 16)):
            yield from self._film.get_batch(batch).asnumpy()


class PyAV:
    """PyAV as its documentation shows it: seek to the time of a frame, decode up to there."""

    def __init__(self, path: Path) -> None:
        import av

        self.path = path
        self._film: Any = av.open(str(path))
        self._stream = self._film.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._next, self._decoded = 0, self._film.decode(self._stream)

    def count(self) -> int:
        """What the header claims."""
        return int(self._stream.frames)

    def frame(self, number: int) -> Image:
        """By seeking, unless it is the next."""
        start = self._stream.start_time or 0
        wanted = start + int(number / self._stream.average_rate / self._stream.time_base)
        if number != self._next:
            self._film.seek(wanted, stream=self._stream)
            self._decoded = self._film.decode(self._stream)
            picture = next(frame for frame in self._decoded if frame.pts >= wanted)
        else:
            picture = next(self._decoded)
        self._next = number + 1
        return np.asarray(picture.to_ndarray(format="rgb24"))

    def frames(self, numbers: Iterable[int]) -> Iterator[Image]:
        """All decoded in order, those wanted converted: plain sequential decoding."""
        self._film.seek(self._stream.start_time or 0, stream=self._stream)
        self._next = -1
        decoded = enumerate(self._film.decode(self._stream))
        for number in numbers:
            yield next(each for at, each in decoded if at == number).to_ndarray(format="rgb24")


READERS: dict[str, tuple[str, type[Reader]]] = {
    "ours": ("mousegpt_core", Ours),
    "OpenCV": ("cv2", OpenCV),
    "decord": ("decord", Decord),
    "PyAV": ("av", PyAV),
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=["speed", "wrong"], default="")
    parser.add_argument("--folder", type=Path, help="keep the films that are made here")
    parser.add_argument("--count-wrong", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(*given.serve)
        return
    if given.count_wrong:
        print(count_wrong(*given.count_wrong))
        return
    names = [name for name, (module, _) in READERS.items() if importlib.util.find_spec(module)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        if given.only != "wrong":
            for film in given.films or made_films(folder):
                tell_speed(film, names, given.rounds)
        if given.only != "speed":
            tell_wrong(folder / "awkward", names)


def made_films(folder: Path) -> list[Path]:
    """Films of a dark animal on a grainy floor, made if need be."""
    from mousegpt_core.video import write_film

    paths = []
    for name, gop in GROUPS.items():
        path = folder / name
        if not path.exists():
            write_film(path, pictures(RATE * SECONDS), RATE, gop=gop)
        paths.append(path)
    return paths


def pictures(count: int) -> Iterator[Image]:
    """What the films show, RGB."""
    draw = np.random.default_rng(0)
    height, width = SIZE
    floor = np.kron(draw.integers(60, 200, (height // 16, width // 16)), np.ones((16, 16)))
    grain = [draw.normal(0, 2, SIZE) for _ in range(7)]
    y, x = np.mgrid[:height, :width]
    for number in range(count):
        centre = 640 + 400 * np.sin(number / 40), 512 + 350 * np.cos(number / 55)
        animal = (x - centre[0]) ** 2 / 3 + (y - centre[1]) ** 2 < 4000
        grey = np.where(animal, 30, floor + grain[number % 7]).clip(0, 255).astype(np.uint8)
        yield np.repeat(grey[..., None], 3, axis=2)


#: Seconds on the clock and of the processor.
Spent = NDArray[np.float64]
#: What is done with a reader; gives what is spent on a frame.
Task = Callable[[Reader, random.Random], Spent]


def in_order(reader: Reader, draw: random.Random) -> Spent:
    """Every frame of 2 s."""
    return _timed(reader.frames(range(min(2 * RATE, reader.count()))))


def one_after_the_other(reader: Reader, draw: random.Random) -> Spent:
    """The next frame, asked for singly, 30 times from anywhere."""
    first = draw.randrange(reader.count() - 31)
    reader.frame(first)
    return _timed(reader.frame(number) for number in range(first + 1, first + 31))


def anywhere(reader: Reader, draw: random.Random) -> Spent:
    """Any 4 frames."""
    return _timed(reader.frame(n) for n in draw.sample(range(reader.count()), 4))


def sampled(reader: Reader, draw: random.Random) -> Spent:
    """Every 12th frame of 10 s: 5 a second of 60."""
    return _timed(reader.frames(range(0, min(10 * RATE, reader.count()), RATE // 5)))


def opened(reader: Reader, draw: random.Random) -> Spent:
    """Opening the film, up to its first picture."""
    return _timed(type(reader)(reader.path).frame(0) for _ in range(1))


TASKS: dict[str, Task] = {
    "open, first frame": opened,
    "in order": in_order,
    "next frame": one_after_the_other,
    "random frame": anywhere,
    "5 of 60 a second": sampled,
}


def _timed(images: Iterable[Image]) -> Spent:
    """What each picture takes, kept until the next is there, as whoever looks at them does."""
    began = np.array([time.perf_counter(), time.process_time()])
    count, kept = 0, None
    for image in images:
        count, kept = count + 1, image
    seconds = np.array([time.perf_counter(), time.process_time()]) - began
    assert kept is not None
    return seconds / count


def tell_speed(path: Path, names: list[str], rounds: int) -> None:
    """Print a table for a film: a row for a task and a reader."""
    readers = {name: _Process(name, path) for name in names}
    print(f"\n{path.name}: ms a frame; ours = 1 (least to most) on the clock, of the processor")
    for task in TASKS:
        spent: dict[str, list[Spent]] = {name: [] for name in names}
        # Once before, so that nobody pays for what is loaded on first use.
        for number in range(rounds + 1):
            for name in random.Random(number).sample(names, len(names)):
                each = readers[name].run(task, number)
                if number:
                    spent[name].append(1000 * each)
        for name in names:
            print(f"{task:18}  {name:7}{_told(spent[name], spent['ours'])}", flush=True)
    for reader in readers.values():
        reader.end()


class _Process:
    """A reader in a process of its own, so that none has to do with the memory of another."""

    def __init__(self, name: str, path: Path) -> None:
        command = [sys.executable, __file__, "--serve", name, str(path)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def run(self, task: str, seed: int) -> Spent:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(seed, task, file=self._process.stdin, flush=True)
        return np.array(self._process.stdout.readline().split(), dtype=float)

    def end(self) -> None:
        self._process.communicate(timeout=LONGEST)


def serve(name: str, path: str) -> None:
    """Do the tasks that are asked for, and tell what each frame took."""
    reader = READERS[name][1](Path(path))
    for line in sys.stdin:
        seed, task = line.strip().split(maxsplit=1)
        print(*TASKS[task](reader, random.Random(int(seed))), flush=True)


def _told(its: list[Spent], ours: list[Spent]) -> str:
    clock, processor = np.median(its, axis=0)
    ratios = np.array(its) / np.array(ours)
    (low, low_processor), (high, high_processor) = ratios.min(axis=0), ratios.max(axis=0)
    middle, middle_processor = np.median(ratios, axis=0)
    return (
        f"{clock:7.1f} {processor:7.1f}   {middle:5.2f} ({low:.2f}-{high:.2f})"
        f"   {middle_processor:5.2f} ({low_processor:.2f}-{high_processor:.2f})"
    )


def tell_wrong(folder: Path, names: list[str]) -> None:
    """Print for every awkward kind of film how many frames each reader gets wrong."""
    from core.video.test_exact import COUNT, KINDS

    folder.mkdir(parents=True, exist_ok=True)
    print("\nwrong frames, of those that the film shows")
    totals = dict.fromkeys(names, 0)
    kinds: dict[str, dict[str, Any]] = {**KINDS, **TRUNCATED}
    for kind in kinds:
        shows = make_awkward(folder / kind, {**kinds[kind]}, COUNT)
        np.savetxt(folder / f"{kind}.txt", shows, fmt="%d")
        wrong = {name: _wrong_in_new_process(name, folder / kind, len(shows)) for name in names}
        for name, (count, _) in wrong.items():
            totals[name] += count
        told = (f"{name} {count}{why}" for name, (count, why) in wrong.items())
        print(f"{kind:24} {len(shows):3}", *told, sep="  ", flush=True)
    print(f"{'all':24}    ", *(f"{name} {count}" for name, count in totals.items()), sep="  ")


_B = {"b_frames": 2, "options": {"x264-params": "b-adapt=0"}, "gop": 25, "share": 0.6}
#: Films of which the end is missing.
TRUNCATED: dict[str, dict[str, Any]] = {
    f"truncated.{ending}": _B for ending in ("mkv", "ts", "avi", "flv")
}


def make_awkward(path: Path, options: dict[str, Any], count: int) -> list[int]:
    """Make such a film; returns the numbers of the pictures that it shows."""
    from core.video.films import encode

    shows, share = options.pop("shows", range(count)), options.pop("share", None)
    encode(path, count, moving=True, **options)
    if share:
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        # What is half there at the cut has no right picture: 3 frames depend on one another.
        shows = _decodable(path)[:-3]
    return list(shows)


def _decodable(path: Path) -> list[int]:
    """Numbers of the pictures that come out when a decoder is given every packet, whole or not."""
    import av

    from core.video.films import number_in

    numbers: list[int] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = container.demux(stream)
        while True:
            try:
                frames = stream.decode(next(packets))
            except (StopIteration, av.error.EOFError):
                return numbers
            except av.FFmpegError:
                continue
            numbers += [number_in(frame.to_ndarray(format="rgb24")) for frame in frames]


def _wrong_in_new_process(name: str, path: Path, count: int) -> tuple[int, str]:
    """Wrong frames of a reader, and what else went wrong: some hang, some crash."""
    command = [sys.executable, __file__, "--count-wrong", name, str(path)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return count, " (hangs)"
    if run.returncode:
        return count, " (fails)"
    wrong, claimed = map(int, run.stdout.split()[-2:])
    return wrong, f" (claims {claimed})" if claimed != count else ""


def count_wrong(name: str, path: str) -> str:
    """Wrong frames when all are asked for in an order drawn by lot, and the number claimed."""
    from core.video.films import number_in

    shows = np.loadtxt(f"{path}.txt", dtype=int, ndmin=1).tolist()
    reader = READERS[name][1](Path(path))
    wrong = 0
    for number in random.Random(0).sample(range(len(shows)), len(shows)):
        try:
            wrong += number_in(reader.frame(number)) != shows[number]
        except Exception:  # noqa: BLE001 - any failure of a reader is a wrong frame
            wrong += 1
    return f"{wrong} {reader.count()}"


if __name__ == "__main__":
    main()
