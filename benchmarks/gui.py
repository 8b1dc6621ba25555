"""The window beside napari's floor: layers of arrays in memory, of the same size.

Run: ``xvfb-run -a -s '-screen 0 1920x1200x24' python benchmarks/gui.py [--rounds 40] [NAME ...]``
with napari and the package installed; without names all is measured. What is ours and the floor
take turns in the same process, so that whatever else the computer does meets both alike; told are
medians, and ratios of medians. Readers that are not installed (napari-video) are left out.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SIZE, RATE, FRAMES = (480, 640), 30, 300
VIEW, VIEWS = (240, 320), 4
ANIMALS, MINUTES, BOUT_S = 23, 20, 1.2
CLIPS = 200_000
HOUR_S, HOUR_SIZE = 3600, (96, 128)
KEYPOINTS = 12
#: What follows a picture later is waited for between turns (s), so that it falls on nobody else's.
REST_S = 0.15
#: Steps in a row, as while a film plays.
PLAYED = 20

Measure = Callable[[], object]


# -- what is measured, and how ---------------------------------------------------------------------


def app() -> Any:
    """The application of the window."""
    from qtpy.QtWidgets import QApplication

    return QApplication.instance()


class Canvas:
    """A viewer whose pictures are counted, so that a step can wait for its own."""

    def __init__(self) -> None:
        import napari

        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(900, 700)
        self._drawn = 0
        self._scene = self.viewer.window._qt_viewer.canvas._scene_canvas
        self._scene.events.draw.connect(self._count)
        settle(0.5)

    def after(self, act: Measure) -> float:
        """Seconds until the picture that follows an act is drawn."""
        start, before = time.perf_counter(), self._drawn
        act()
        while self._drawn == before and time.perf_counter() - start < 10:
            app().processEvents()
        return time.perf_counter() - start

    def step(self, number: int) -> float:
        """Seconds of a step of the slider."""
        return self.after(lambda: self.viewer.dims.set_current_step(0, number))

    def _count(self, _: Any) -> None:
        self._drawn += 1


def settle(seconds: float) -> None:
    """Let the windows do what they are at, in a loop as napari's: else nothing is ever deleted."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1e3), loop.quit)
    loop.exec()


def in_turns(
    acts: dict[str, Measure], rounds: int, *, seed: int = 0, rest_s: float = 0.0
) -> dict[str, tuple[float, float]]:
    """Median seconds of each act, on the clock and of the processor (all threads).

    In every round all take their turn, in an order drawn anew, and rest after it. An act that gives
    a number has measured itself on the clock.
    """
    generator = random.Random(seed)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in acts}
    for turn in range(rounds + 2):
        for name in generator.sample(list(acts), len(acts)):
            start, used = time.perf_counter(), time.process_time()
            found = acts[name]()
            used = time.process_time() - used
            seconds = found if isinstance(found, float) else time.perf_counter() - start
            if turn >= 2:
                taken[name].append((seconds, used))
            settle(rest_s)
    return {name: tuple(np.median(values, axis=0)) for name, values in taken.items()}


def told(title: str, found: dict[str, tuple[float, float]], floor: str) -> None:
    """A table: milliseconds, and times the floor."""
    print(f"\n{title}: ms on the clock (x floor), of the processor (x floor)")
    for name, both in found.items():
        cells = [
            f"{one * 1e3:8.1f} ({one / of:4.2f})"
            for one, of in zip(both, found[floor], strict=True)
        ]
        print(f"  {name:<34}" + "".join(cells), flush=True)


# -- what is shown ---------------------------------------------------------------------------------


def make_film(path: Path, frames: int, size: tuple[int, int], rate: int = RATE) -> Path:
    """A film of a spot that walks over a pattern."""
    import av

    height, width = size
    y, x = np.mgrid[:height, :width]
    ground = (90 + 40 * np.sin(x / 17) * np.cos(y / 23)).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.gop_size = 250
        for number in range(frames):
            picture = np.repeat(ground[..., None], 3, axis=2)
            row, column = number * 2 % (height - 12), number * 3 % (width - 12)
            picture[row : row + 12, column : column + 12] = (230, 120, 40)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def make_poses(path: Path, frames: int, size: tuple[int, int]) -> Path:
    """Keypoints of a mouse that walks."""
    from mousegpt_core.io import write_poses
    from mousegpt_core.poses import make_poses as poses_of

    along = np.arange(frames)
    centre = np.column_stack([along * 3 % (size[1] - 40), along * 2 % (size[0] - 40)]) + 20
    offsets = np.column_stack([np.linspace(-15, 15, KEYPOINTS), 4 * np.sin(np.arange(KEYPOINTS))])
    names = ["nose", "neck", "tailbase", *(f"p{n}" for n in range(KEYPOINTS - 3))]
    position = (centre[:, :, None] + offsets.T[None])[..., None]
    return write_poses(
        poses_of(position, keypoints=names, individuals=["M1"], fps=RATE), path, format="dlc-csv"
    )


def make_study(folder: Path, films: Sequence[Path], poses: Path) -> Path:
    """A study of one recording."""
    from mousegpt_core.pipeline import NewRecording, add_recording
    from mousegpt_core.study import Study

    study = Study.create(folder)
    named = [(f"view{n}", film) for n, film in enumerate(films)]
    recording = NewRecording(id="m1", films=named, poses=[("view0", poses)], px_per_cm=10.0)
    add_recording(study, recording)
    return study.folder


def in_memory(film: Path) -> NDArray[np.uint8]:
    """All pictures of a film."""
    from mousegpt_core.video import open_film

    with open_film(film) as opened:
        return np.stack([opened[number] for number in range(len(opened))])


def many_bouts(seed: int = 0) -> Any:
    """Bouts of `ANIMALS` animals over `MINUTES` minutes."""
    from napari_mousegpt.ethograms import Bars, EthogramData, Row

    generator = np.random.default_rng(seed)
    names = [f"behaviour {n}" for n in range(14)]
    count = int(MINUTES * 60 / BOUT_S)
    parts = []
    for row in range(ANIMALS):
        edges = np.sort(generator.uniform(0, MINUTES * 60, count + 1))
        labels = generator.choice(names, count)
        parts.append(
            pd.DataFrame({"start_s": edges[:-1], "stop_s": edges[1:], "name": labels, "row": row})
        )
    bouts = pd.concat(parts, ignore_index=True)
    bars = [
        Bars(name, f"#{60 + 12 * n:02x}{200 - 10 * n:02x}80", one["start_s"].tolist(),
             one["stop_s"].tolist(), one["row"].tolist())
        for n, (name, one) in enumerate(bouts.groupby("name"))
    ]  # fmt: skip
    return EthogramData([Row(f"m{n}", "", f"mouse {n}") for n in range(ANIMALS)], bars, bouts)


# -- the measures ----------------------------------------------------------------------------------


def opening(folder: Path, rounds: int) -> None:
    """From the call to the first picture, and to all that there is of a study."""
    from napari_mousegpt.windows import session_in_window

    film = make_film(folder / "film.mp4", FRAMES, SIZE)
    study = make_study(folder / "opening", [film], make_poses(folder / "p.csv", FRAMES, SIZE))
    array = in_memory(film)
    canvas = Canvas()
    session = session_in_window(canvas.viewer)

    def cleared(act: Callable[[], float]) -> Measure:
        def opened() -> float:
            session.close_recording()
            canvas.viewer.layers.clear()
            settle(0.05)
            return act()

        return opened

    def until(there: Callable[[], bool]) -> float:
        start = time.perf_counter()
        session.open_study(study)
        while not there():
            app().processEvents()
        return time.perf_counter() - start + canvas.after(lambda: None)

    acts = {
        "array in memory": cleared(
            lambda: canvas.after(lambda: canvas.viewer.add_image(array, rgb=True))
        ),
        "study: its film": cleared(
            lambda: until(lambda: any(layer.visible for layer in canvas.viewer.layers))
        ),
        "study: film, keypoints, skeleton": cleared(lambda: until(lambda: bool(session.recording))),
    }
    told("opening to the first picture", in_turns(acts, max(rounds // 8, 3)), "array in memory")


def stepping(folder: Path, rounds: int) -> None:
    """Steps and leaps of one film."""
    film = make_film(folder / "film.mp4", FRAMES, SIZE)
    study = make_study(folder / "stepping", [film], make_poses(folder / "p.csv", FRAMES, SIZE))
    names = ("array in memory", "ours: film", "ours: study", "napari's layers of all that")
    canvases = {name: Canvas() for name in names}
    canvases[names[0]].viewer.add_image(in_memory(film), rgb=True)
    add_our_film(canvases[names[1]].viewer, film)
    show_study(canvases[names[2]].viewer, study)
    add_whole(canvases[names[3]].viewer, study, [in_memory(film)])
    for name, array in others(film):
        canvases[name] = Canvas()
        canvases[name].viewer.add_image(array, rgb=True, contrast_limits=(0, 255))
    settle(1.0)
    size = f"{SIZE[1]} x {SIZE[0]}"
    leaps = np.random.default_rng(0).permutation(FRAMES).tolist()
    one_by_one(f"step to the next frame, {size}", canvases, range(20, FRAMES), rounds)
    one_by_one(f"random seek, {size}", canvases, leaps, rounds)
    in_a_row(f"{PLAYED} steps in a row, {size}", canvases, rounds)


def one_by_one(
    title: str, canvases: dict[str, Canvas], numbers: Sequence[int], rounds: int
) -> None:
    """Single steps, each until its picture is there; the first canvas is the floor."""
    at = {name: cycle(numbers) for name in canvases}
    acts = {
        name: lambda canvas=canvas, name=name: canvas.step(next(at[name]))
        for name, canvas in canvases.items()
    }
    told(title, in_turns(acts, rounds, rest_s=REST_S), next(iter(canvases)))


def in_a_row(title: str, canvases: dict[str, Canvas], rounds: int) -> None:
    """Several steps in a row, with all that is done between them, as while a film plays."""
    at = {name: cycle(range(20, FRAMES)) for name in canvases}

    def play(name: str) -> None:
        for _ in range(PLAYED):
            canvases[name].step(next(at[name]))

    acts = {name: lambda name=name: play(name) for name in canvases}
    told(title, in_turns(acts, max(rounds // 4, 3), rest_s=REST_S), next(iter(canvases)))


def show_study(viewer: Any, study: Path) -> None:
    """A study, opened at once, in a viewer that then does as a window does."""
    from napari_mousegpt.session import session_of
    from napari_mousegpt.windows import session_in_window

    session_of(viewer).open_study(study)
    session_in_window(viewer)


def add_our_film(viewer: Any, film: Path) -> None:
    """A film alone, as a layer of ours."""
    from napari.layers import Layer

    from mousegpt_core.video import open_film
    from napari_mousegpt.layers import film_layer

    viewer.add_layer(Layer.create(*film_layer(open_film(film), name="film")))


def add_whole(viewer: Any, folder: Path, arrays: Sequence[NDArray[np.uint8]]) -> None:
    """A study as napari's own layers of the whole recording, with its films in memory."""
    from napari.layers import Layer

    from mousegpt_core.study import Study
    from napari_mousegpt.recordings import open_recording

    study, left = Study.open(folder), list(arrays)
    for data, options, kind in open_recording(study, study.recording("m1")).whole():
        shown = left.pop(0) if kind == "image" else data
        viewer.add_layer(Layer.create(shown, options, kind))
    viewer.reset_view()


def others(film: Path) -> Iterator[tuple[str, Any]]:
    """The film as others have it."""
    try:
        from napari_video.napari_video import video_file_reader

        yield "napari-video", video_file_reader(str(film))[0][0]
    except ImportError:
        print("napari-video is not installed")
    yield "plain dask", plain_dask(film)


def plain_dask(film: Path) -> Any:
    """A dask array whose chunks seek and decode one frame each, by PyAV."""
    import av
    import dask
    import dask.array as da

    container = av.open(str(film))
    stream = container.streams.video[0]

    def frame(number: int) -> NDArray[np.uint8]:
        wanted = round(number / stream.average_rate / stream.time_base)
        container.seek(wanted, stream=stream)
        for picture in container.decode(stream):
            if picture.pts >= wanted:
                return picture.to_ndarray(format="rgb24")
        raise IndexError(number)

    read = dask.delayed(frame, pure=True)
    shape = (*SIZE, 3)
    return da.stack([da.from_delayed(read(n), shape, np.uint8) for n in range(FRAMES)])


def several_views(folder: Path, rounds: int) -> None:
    """Several films in step, beside as many arrays."""
    films = [make_film(folder / f"v{n}.mp4", FRAMES, VIEW) for n in range(VIEWS)]
    study = make_study(folder / "views", films, make_poses(folder / "v.csv", FRAMES, VIEW))
    names = ("arrays in memory", "ours: films and keypoints", "napari's layers of all that")
    canvases = {name: Canvas() for name in names}
    floor, ours, whole = (canvas.viewer for canvas in canvases.values())
    add_whole(whole, study, [in_memory(film) for film in films])
    for n, film in enumerate(films):
        place = (0, n // 2 * VIEW[0] * 1.03, n % 2 * VIEW[1] * 1.03)
        floor.add_image(in_memory(film), rgb=True, translate=place)
    floor.reset_view()
    show_study(ours, study)
    settle(1.0)
    size = f"{VIEW[1]} x {VIEW[0]}"
    one_by_one(f"{VIEWS} views in step, {size}", canvases, range(20, FRAMES), rounds)
    in_a_row(f"{PLAYED} steps in a row of {VIEWS} views, {size}", canvases, rounds)


def dragging(folder: Path, rounds: int) -> None:
    """A keypoint that is dragged, beside a points layer of one frame."""
    from napari_mousegpt.session import session_of

    film = make_film(folder / "film.mp4", FRAMES, SIZE)
    study = make_study(folder / "dragging", [film], make_poses(folder / "p.csv", FRAMES, SIZE))
    floor, ours = Canvas(), Canvas()
    floor.viewer.add_image(in_memory(film), rgb=True)
    points = floor.viewer.add_points(np.random.default_rng(0).uniform(100, 300, (KEYPOINTS, 2)))
    session_of(ours.viewer).open_study(study)
    live = ours.viewer.layers["keypoints"]
    settle(1.0)
    places = iter(np.linspace(100, 300, 4 * rounds + 16))

    def moved(canvas: Canvas, layer: Any) -> float:
        spot = [next(places), 200.0]
        return canvas.after(lambda: layer._move([0], spot))

    acts = {
        "points layer": lambda: moved(floor, points),
        "ours: keypoints of a study": lambda: moved(ours, live),
    }
    found = in_turns(acts, rounds)
    told("dragging a keypoint", found, "points layer")
    over = [(a - b) * 1e3 for a, b in zip(*reversed(found.values()), strict=True)]
    print(f"  over the floor: {over[0]:.1f} ms on the clock, {over[1]:.1f} of the processor")


def ethogram(folder: Path, rounds: int) -> None:
    """Moving and zooming a large ethogram."""
    from napari_mousegpt._widgets.ethogram_plot import EthogramPlot

    data = many_bouts()
    print(f"\nethogram of {ANIMALS} animals, {MINUTES} min: {len(data.bouts)} bouts")
    for lanes in (1, 2):
        plot = EthogramPlot()
        plot.resize(1200, 700)
        plot.show()
        settle(0.5)
        start = time.perf_counter()
        plot.show_lanes([data] * lanes)
        plot.show_all(MINUTES * 60)
        plot.viewport().repaint()
        shown = time.perf_counter() - start
        taken: dict[str, list[float]] = {"whole": [], "moved": [], "zoomed": []}
        for turn in range(rounds):
            for name, ends in (
                ("whole", (turn, MINUTES * 60 + turn)),
                ("moved", (turn * 10, turn * 10 + 300)),
                ("zoomed", (300 - turn, 330 + turn)),
            ):
                start = time.perf_counter()
                plot.setXRange(*ends, padding=0)
                plot.viewport().repaint()
                taken[name].append(time.perf_counter() - start)
        rates = ", ".join(f"{name} {1 / np.median(one):.0f}/s" for name, one in taken.items())
        print(f"  {lanes} lane(s): shown in {shown * 1e3:.0f} ms; {rates}")
        plot.close()


def map_of_clips(folder: Path, rounds: int) -> None:
    """Clicks and moves on a large map."""
    from qtpy.QtCore import QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    from napari_mousegpt._widgets.map_view import MapView
    from napari_mousegpt.behaviour_map import ClipMap, Colouring, Group

    generator = np.random.default_rng(0)
    code = generator.integers(0, 14, CLIPS)
    places = generator.normal(0, 1, (CLIPS, 2)) + 4 * np.stack([np.cos(code), np.sin(code)], axis=1)
    clips = pd.DataFrame(places, columns=["x", "y"]).assign(
        clip_id=np.arange(CLIPS).astype(str), recording="m", individual="m", overall="",
        start_s=np.arange(CLIPS) / 5, stop_s=np.arange(CLIPS) / 5 + 1,
    )  # fmt: skip
    groups = tuple(Group(str(n), str(n), f"#{40 + 14 * n:02x}80a0", 1, 1 / 14) for n in range(14))
    colouring = Colouring(groups, code)
    view = MapView()
    view.resize(900, 900)
    view.show()
    settle(0.5)
    start = time.perf_counter()
    view.show_map(ClipMap(clips, colouring, colouring))
    settle(0.05)
    print(
        f"\nmap of {CLIPS} clips: shown in {(time.perf_counter() - start) * 1e3:.0f} ms", flush=True
    )
    picked: list[int] = []
    view.picked.connect(picked.append)
    left = Qt.MouseButton.LeftButton

    def click() -> None:
        row = int(generator.integers(CLIPS))
        where = QPointF(view.mapFromScene(view.box.mapViewToScene(QPointF(*places[row]))))
        for kind in (QMouseEvent.Type.MouseButtonPress, QMouseEvent.Type.MouseButtonRelease):
            event = QMouseEvent(kind, where, where, left, left, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(view.viewport(), event)

    def move() -> None:
        view.box.translateBy(x=float(generator.normal(0, 0.1)), y=0.0)
        app().processEvents()
        view.viewport().repaint()

    for name, act in (("click", click), ("move the map", move)):
        seconds, used = in_turns({name: act}, rounds)[name]
        print(
            f"  {name:<20} {seconds * 1e3:6.1f} ms on the clock, {used * 1e3:6.1f} of the processor"
        )
    print(f"  {len(picked)} of {rounds + 2} clicks picked a clip", flush=True)


def gaps(folder: Path, rounds: int) -> None:
    """How long the window's loop is away."""
    subprocess.run([sys.executable, Path(__file__).with_name("window_turns.py")], check=True)


def memory(folder: Path, rounds: int) -> None:
    """An hour's film, opened and scrubbed, in a process of its own."""
    film = make_film(folder / "hour.mp4", HOUR_S * 25, HOUR_SIZE, 25)
    make_study(folder / "hour", [film], make_poses(folder / "h.csv", HOUR_S * 25, HOUR_SIZE))
    print(f"\nan hour's film ({HOUR_S * 25} frames) with keypoints, opened and scrubbed")
    subprocess.run([sys.executable, __file__, "--scrub", str(folder / "hour")], check=True)


def scrub(study: Path) -> None:
    """Open a study, go through it, tell what it took."""
    import napari  # noqa: F401
    from qtpy.QtWidgets import QApplication

    from napari_mousegpt.session import session_of

    _app = QApplication.instance() or QApplication([])
    canvas = Canvas()
    canvas.viewer.add_image(np.zeros((2, *HOUR_SIZE, 3), np.uint8), rgb=True)
    settle(0.5)
    before = resident()
    session = session_of(canvas.viewer)
    start = time.perf_counter()
    canvas.after(lambda: session.open_study(study))
    print(f"  opened in {time.perf_counter() - start:.1f} s")
    for number in np.random.default_rng(0).integers(0, HOUR_S * 25, 150):
        canvas.step(int(number))
    gc.collect()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  {resident() - before:.0f} MB above napari; peak {peak - before:.0f} MB above napari")


def resident() -> float:
    """Memory of this process in MB."""
    import psutil

    return psutil.Process().memory_info().rss / 2**20


MEASURES = {
    "opening": opening,
    "stepping": stepping,
    "views": several_views,
    "dragging": dragging,
    "ethogram": ethogram,
    "map": map_of_clips,
    "gaps": gaps,
    "memory": memory,
}


def leave() -> NoReturn:
    """End at once: several windows that share their pictures do not close in peace."""
    sys.stdout.flush()
    os._exit(0)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--scrub", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.scrub is not None:
        scrub(options.scrub)
        leave()
    if len(options.names) == 1:
        from qtpy.QtWidgets import QApplication

        _app = QApplication.instance() or QApplication([])
        with tempfile.TemporaryDirectory() as folder:
            MEASURES[options.names[0]](Path(folder), options.rounds)
        leave()
    # Each in a process of its own: windows that are closed are in the way of those that are not.
    failed = []
    for name in options.names or MEASURES:
        command = [sys.executable, __file__, name, "--rounds", str(options.rounds)]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
