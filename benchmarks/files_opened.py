"""How long the window is away while napari opens a film, poses or a sample by itself.

Run: ``xvfb-run -a -s '-screen 0 1920x1200x24' python benchmarks/files_opened.py [FILE ...]`` with
napari and the package installed. Without files a film is made. Samples of others are fetched once
(``MOUSEGPT_SAMPLE`` says where they are kept); those that cannot be are left out. Told is what
`window_turns.py` tells, and the seconds until all is there.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gui import FRAMES, SIZE, Canvas, leave, make_film, settle
from mousegpt_core.errors import DataError
from window_turns import Watch

SAMPLES = ("synthetic-mouse", "mouse-from-above", "mouse-from-below", "open-field", "four-cameras")
REST_MS = 500


def by_a_person(act: Callable[[], Any]) -> float:
    """Seconds of an act that the window's loop calls, as it does what people do."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop, taken = QEventLoop(), 0.0

    def begin() -> None:
        nonlocal taken
        start = time.perf_counter()
        try:
            act()
        except DataError as error:
            print(error.message)
        taken = time.perf_counter() - start
        QTimer.singleShot(REST_MS, loop.quit)

    QTimer.singleShot(0, begin)
    loop.exec()
    return taken


def measure(files: list[Path], rounds: int) -> None:
    """All of it."""
    watch, canvas = Watch(), Canvas()
    viewer = canvas.viewer
    acts: dict[str, Callable[[], Any]] = {
        file.name: lambda file=file: viewer.open(str(file), plugin="napari-mousegpt")
        for file in files
    }
    acts |= {
        f"sample: {name}": lambda name=name: viewer.open_sample("napari-mousegpt", name)
        for name in SAMPLES
    }
    for _ in range(rounds):
        for title, act in acts.items():
            with watch.over(title):
                taken = by_a_person(act)
            print(f"{title}: {taken:.2f} s until it is there, {len(viewer.layers)} layers")
            viewer.layers.clear()
            settle(0.3)
    watch.tell()


def main() -> None:
    """Measure files and samples."""
    from qtpy.QtWidgets import QApplication

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    _app = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as made:
        files = options.files or [make_film(Path(made) / "film.mp4", FRAMES, SIZE)]
        measure(files, options.rounds)
    leave()


if __name__ == "__main__":
    main()
