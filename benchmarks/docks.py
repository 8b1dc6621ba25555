"""Every dock opened and closed again: what is left of it.

xvfb-run -s "-screen 0 1920x1200x24" python benchmarks/docks.py STUDY [TIMES]

STUDY is one that was run, such as that of `mousegpt demo`. For each dock of the manifest: how many
widgets, threads and megabytes there are more after TIMES (50) than after the first ten, which fill
what Python and Qt keep.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from pathlib import Path

import napari
import npe2
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

PLUGIN = "napari-mousegpt"
WARM = 10


def settle(seconds: float = 0.1) -> None:
    """Let the window draw, and delete what is to be deleted."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def left() -> tuple[int, int, float]:
    """Widgets, threads, resident megabytes."""
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    resident = next(line for line in status if line.startswith("VmRSS"))
    return len(QApplication.allWidgets()), threading.active_count(), int(resident.split()[1]) / 1024


def main(study: Path, times: int) -> None:
    """Open and close each dock so often."""
    viewer = napari.Viewer()
    viewer.open(str(study), plugin=PLUGIN)
    names = [
        one.display_name
        for one in npe2.PluginManager.instance().get_manifest(PLUGIN).contributions.widgets
    ]
    print(f"{'dock':12} {'widgets':>8} {'threads':>8} {'MB':>8}")
    for name in names:
        before = left()
        for number in range(times):
            dock, _ = viewer.window.add_plugin_dock_widget(PLUGIN, name)
            settle()
            viewer.window.remove_dock_widget(dock)
            settle()
            if number + 1 == WARM:
                before = left()
        more = [now - then for now, then in zip(left(), before, strict=True)]
        print(f"{name:12} {more[0]:8} {more[1]:8} {more[2]:8.1f}", flush=True)
    viewer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 50)
