"""How long the window's loop is away: the longest turn of each thing a person does.

Run: ``xvfb-run -a -s '-screen 0 1920x1200x24' python benchmarks/window_turns.py [--study FOLDER]``
with napari and the package installed; without a study one is made. A real study is copied first.
Told are, for the first time (imports, shaders), as the median of the rounds that follow, and as the
worst of these, the longest that the window's own thread was busy without looking at events; in
brackets the longest that it was away on the clock, which counts the reading threads and whatever
else the computer does. All is done within the loop, as what a person does. A turn is one round of
it; who comes in the middle of one waits for its rest, and maybe for what is painted in the next.
``--keys`` presses a key 80 times a second meanwhile (by xdotool, which has to be there), and tells
the longest that one waited to be heard.
napari's own are the floor: the same layers one a turn and in memory, its slider, an empty dock.
A virtual computer may be stopped for another: where that took a tenth of a long turn or more, as
Linux tells of all its processors, in steps of 10 ms, the act is left out of all but the first
column; ``~`` stands where none was left.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gui import FRAMES, SIZE, Canvas, leave, make_film, make_poses, make_study, settle

#: Longer is felt as a stop (ms).
FREEZE_MS = 100
#: Turns longer than this (ms) are asked for whether the computer was there.
LONG_MS = 40
#: Share of a long turn that may have gone to other computers.
MAY_BE_STOLEN = 0.1
#: Pictures of a film that are kept in memory, to compare.
IN_MEMORY = 24
DOCKS = ("Home", "Study", "Views", "Keypoints", "Describe", "Behaviours", "Ethogram", "Search")

Act = Callable[[], object]


def stolen_ms() -> float:
    """What other computers took of all processors of this one so far; 0 where nothing tells."""
    import psutil

    return getattr(psutil.cpu_times(), "steal", 0.0) * 1e3


class Watch:
    """Longest turns by what was done meanwhile, in ms: busy, away; and waits of keys."""

    def __init__(self, keys: Keys | None = None) -> None:
        self.found: dict[str, list[tuple[float, ...]]] = {}
        #: By what was done: whether the computer was there for each.
        self.undisturbed: dict[str, list[bool]] = {}
        self.keys = keys

    @contextmanager
    def over(self, title: str) -> Iterator[None]:
        """Watch what is done within."""
        from qtpy.QtCore import QAbstractEventDispatcher, QTimer

        def look() -> None:
            looks.append((time.perf_counter(), time.thread_time(), stolen_ms()))

        looks: list[tuple[float, float, float]] = []
        if self.keys is not None:
            self.keys.waits.clear()
        look()
        rounds = QAbstractEventDispatcher.instance().awake
        rounds.connect(look)
        timer = QTimer()
        timer.start(0)  # the loop goes round, also where nothing is to be done
        yield
        settle(0.05)
        timer.stop()
        rounds.disconnect(look)
        turns = np.diff(looks, axis=0) * (1e3, 1e3, 1)
        away, busy, _ = turns.max(axis=0)
        waited = () if self.keys is None else (max(self.keys.waits, default=0.0),)
        self.found.setdefault(title, []).append((float(busy), float(away), *waited))
        long = turns[turns[:, 0] > LONG_MS]
        there = bool((long[:, 2] < MAY_BE_STOLEN * long[:, 0]).all())
        self.undisturbed.setdefault(title, []).append(there)

    def tell(self) -> None:
        """Print all, in the order in which they were first done."""
        title = "longest turn, ms busy (away)" + " key waited" * (self.keys is not None)
        print(f"\n{title:<52}{'first':>20}{'then':>20}{'worst':>20}{'of acts':>10}")
        for title, turns in self.found.items():
            there = self.undisturbed[title]
            since = min(1, len(turns) - 1)
            rest = [turn for turn, was in zip(turns[since:], there[since:], strict=True) if was]
            count = f"{len(rest)}/{len(turns) - since}"
            sign = "" if rest else "~"
            rest = rest or turns[since:]
            later, worst = np.median(rest, axis=0), np.max(rest, axis=0)
            told = (
                f"{how}{busy:.0f} ({away:.0f})" + "".join(f" {each:.0f}" for each in waited)
                for how, (busy, away, *waited) in (
                    ("" if there[0] else "~", turns[0]),
                    (sign, later),
                    (sign, worst),
                )
            )
            cells = "".join(f"{one:>20}" for one in told)
            mark = " *" if later[0] > FREEZE_MS else ""
            print(f"  {title:<50}{cells}{count:>10}{mark}", flush=True)


class Keys:
    """A key that does nothing is pressed again and again; how long each waits to be heard (ms).

    The display writes down when it was pressed, by the clock that Python calls monotonic.
    """

    def __init__(self, window: Any) -> None:
        from qtpy.QtCore import QEvent, QObject

        waits: list[float] = []

        class Ear(QObject):
            def eventFilter(self, watched: Any, event: Any) -> bool:
                if event.type() == QEvent.Type.KeyPress and event.spontaneous():
                    now = int(time.monotonic() * 1e3) & 0xFFFFFFFF
                    waits.append(float(now - event.timestamp()))
                return False

        self.waits, self._ear = waits, Ear(window)
        window.windowHandle().installEventFilter(self._ear)
        # The display gives keys to the window under the pointer.
        subprocess.run(["xdotool", "mousemove", "700", "500"], check=True)
        press = ["xdotool", "key", "--repeat", "1000000", "--repeat-delay", "12", "Shift_L"]
        self._pressing = subprocess.Popen(press)

    def stop(self) -> None:
        """Press no more."""
        self._pressing.kill()
        self._pressing.wait()


def do(act: Act, then_s: float = 0.005) -> None:
    """Do it as a click does, within the window's loop, which goes on for so long."""
    from qtpy.QtCore import QTimer

    failed: list[Exception] = []

    def attempt() -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - raised below, where it ends the benchmark
            failed.append(error)

    QTimer.singleShot(0, attempt)
    settle(then_s)
    if failed:
        raise failed[0]


def until(there: Callable[[], bool]) -> None:
    """Let the window go on until something is there."""
    end = time.perf_counter() + 60
    while not there() and time.perf_counter() < end:
        settle(0.005)
    if not there():
        raise TimeoutError("what was asked for is not there after a minute")
    settle(0.3)


def floor(watch: Watch, canvas: Canvas, folder: Path) -> None:
    """napari's own layers of a recording, in memory, added and removed one a turn."""
    for layer in in_memory(folder, pictures=2):
        with watch.over(f"floor: napari adds {type(layer).__name__.lower()}"):
            do(partial(canvas.viewer.add_layer, layer), 0.2)
    while canvas.viewer.layers:
        with watch.over("floor: napari removes a layer"):
            do(canvas.viewer.layers.pop, 0.2)


def in_memory(folder: Path, *, pictures: int) -> Iterator[Any]:
    """napari's own layers of a recording; of its films so many pictures."""
    from napari.layers import Layer

    from mousegpt_core.study import Study
    from napari_mousegpt.moving import live_layers
    from napari_mousegpt.opening import first_recording
    from napari_mousegpt.recordings import open_recording

    study = Study.open(folder)
    opened = open_recording(study, study.recording(first_recording(study)))
    with opened.stack:
        for data, options, kind in (*opened.still, *live_layers(opened.moving)):
            shown = data
            if kind in ("image", "labels"):
                shown = np.stack([np.asarray(data[n % len(data)]) for n in range(pictures)])
            yield Layer.create(shown, options, kind)


def openings(watch: Watch, canvas: Canvas, folder: Path, session: Any, words: str) -> None:
    """A study is opened, its recording changed, results taken up, the slider moved."""
    with watch.over(f"{words}: a study is opened"):
        do(partial(session.open_study, folder))
        until(lambda: bool(session.recording))
    ids = list(session.study.recordings)
    other = next((id for id in ids if id != session.recording), session.recording)
    before = session.opened
    with watch.over(f"{words}: another recording is shown"):
        do(partial(session.open_recording, other))
        until(lambda: session.opened not in (None, before))
    with watch.over(f"{words}: results are taken up"):
        do(session.refresh, 0.3)
    generator = np.random.default_rng(0)
    for _ in range(10):
        moment = float(generator.uniform(0, session.end))
        with watch.over(f"{words}: seek"):
            do(partial(session.go_to, moment), 0.1)
    drag(watch, canvas, words, generator)


def drag(watch: Watch, canvas: Canvas, words: str, generator: np.random.Generator) -> None:
    """napari's slider is dragged to and fro."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    slider = canvas.viewer.window._qt_viewer.dims.slider_widgets[0].slider
    QTest.mousePress(slider, Qt.MouseButton.LeftButton)
    for _ in range(10):
        with watch.over(f"{words}: the slider is dragged"):
            do(partial(slider.setValue, int(generator.integers(slider.maximum() + 1))), 0.1)
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton)
    settle(0.3)


def first_dock(canvas: Canvas) -> None:
    """The first dock is opened as by a person: all that is heavy is imported meanwhile."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop, window = QEventLoop(), canvas.viewer.window

    def click() -> None:
        holder, _ = window.add_plugin_dock_widget("napari-mousegpt", DOCKS[0])
        QTimer.singleShot(500, holder.destroyOnClose)
        QTimer.singleShot(700, loop.quit)

    QTimer.singleShot(0, click)
    loop.exec()


def docks(watch: Watch, canvas: Canvas) -> None:
    """Each dock is opened and closed, while a recording is shown."""
    from qtpy.QtWidgets import QLabel

    window, empty = canvas.viewer.window, QLabel("empty")
    with watch.over("floor: napari opens an empty dock"):
        do(partial(window.add_dock_widget, empty, name="empty"), 0.5)
    do(partial(window.remove_dock_widget, empty), 0.2)
    for name in DOCKS:
        opening = partial(window.add_plugin_dock_widget, "napari-mousegpt", name)
        with watch.over(f"dock {name} is opened"):
            do(opening, 0.5)
        holder, _ = opening()  # the one that is open
        with watch.over("a dock is closed"):
            do(holder.destroyOnClose, 0.2)


def jobs(watch: Watch, canvas: Canvas, folder: Path, session: Any) -> None:
    """A study is run while one looks on, and while one moves the slider."""
    from napari_mousegpt._widgets.runner import runner_of

    runner = runner_of(session)
    with watch.over("a study is run (a job)"):
        do(lambda: runner.run("Analysing", ("run", str(folder)), lambda _: session.refresh()))
        while runner.busy:
            settle(0.05)
    for title, go in (
        ("a job runs and one goes on, a step at a time", 0.1),
        ("a job runs and one goes to any moment", None),
    ):
        generator, moment = np.random.default_rng(0), 0.0
        runner.run("Analysing", ("report", str(folder)), lambda _: None)
        while runner.busy:
            moment = (moment + go if go else generator.uniform(0, session.end)) % session.end
            with watch.over(title):
                do(partial(session.go_to, moment), 0.1)
    session.close_recording()
    for layer in in_memory(folder, pictures=IN_MEMORY):
        canvas.viewer.add_layer(layer)
    canvas.viewer.reset_view()
    step_through(watch, canvas, "napari's slider moves", lambda step: step < IN_MEMORY)
    runner.run("Analysing", ("report", str(folder)), lambda _: None)
    step_through(watch, canvas, "a job runs and napari's slider moves", lambda _: runner.busy)


def step_through(watch: Watch, canvas: Canvas, words: str, go_on: Callable[[int], bool]) -> None:
    """napari's slider goes through films in memory, step by step."""
    step = 0
    while go_on(step):
        step += 1
        with watch.over(f"floor: {words}, films in memory"):
            do(partial(canvas.viewer.dims.set_current_step, 0, step % IN_MEMORY), 0.1)


def measure(folder: Path, rounds: int, *, with_keys: bool) -> None:
    """All of it; nothing of the plugin is imported before."""
    canvas = Canvas()
    keys = Keys(canvas.viewer.window._qt_window) if with_keys else None
    try:
        acts(Watch(keys), canvas, folder, rounds)
    finally:
        if keys is not None:
            keys.stop()


def acts(watch: Watch, canvas: Canvas, folder: Path, rounds: int) -> None:
    """All that is done, and the table of it."""
    with watch.over("idle"):
        settle(1.0)
    with watch.over("the first dock of all is opened"):
        first_dock(canvas)
    from napari_mousegpt.session import session_of
    from napari_mousegpt.windows import session_in_window

    session = session_of(canvas.viewer)
    for _ in range(rounds):
        floor(watch, canvas, folder)
        session.leave_window()
        openings(watch, canvas, folder, session, "at once")
        session.close_recording()
        settle(0.2)
        session_in_window(canvas.viewer)
        openings(watch, canvas, folder, session, "in turns")
        docks(watch, canvas)
        session.close_recording()
        settle(0.2)
    session_in_window(canvas.viewer)
    for name in DOCKS:
        canvas.viewer.window.add_plugin_dock_widget("napari-mousegpt", name)
    settle(1.0)
    for _ in range(rounds):
        openings(watch, canvas, folder, session, "in turns, all docks open")
        session.close_recording()
        settle(0.2)
    session.open_study(folder)
    until(lambda: bool(session.recording))
    jobs(watch, canvas, folder, session)
    watch.tell()


def main() -> None:
    """Measure a study."""
    from qtpy.QtWidgets import QApplication

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", type=Path, help="a real one, which is copied")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--keys", action="store_true", help="also press keys, by xdotool")
    options = parser.parse_args()
    _app = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if options.study is not None:
            study = Path(shutil.copytree(options.study, folder / "study"))
        else:
            film = make_film(folder / "film.mp4", FRAMES, SIZE)
            poses = make_poses(folder / "p.csv", FRAMES, SIZE)
            study = make_study(folder / "study", [film], poses)
        measure(study, options.rounds, with_keys=options.keys)
    leave()


if __name__ == "__main__":
    main()
