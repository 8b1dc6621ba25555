"""A window that is killed while one works, whose disk is full or read-only, or that is not alone.

``python tests/window_faults.py --rounds 20 [--kind sentence]`` kills it often, and tells.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mousegpt_core.pipeline.behaviours import profiled
from mousegpt_core.pipeline.correcting import pose_edits
from mousegpt_core.pipeline.human_labels import read_human
from mousegpt_core.study import Study

KINDS = ("keypoints", "sentence", "bouts", "behaviours", "zones")
#: What was made is on the disk so much later (s).
PROMISE_S = 10.0
#: Longest that anything takes here (s).
LONG_S = 240.0
#: More acts than there is time for; of bouts as many as the recording has room for.
MOST = 40
_DRAWN_S = 0.15


def saved(study: Study, kind: str) -> int:
    """How many of the acts of `window_acts` are on the disk."""
    flat, space = study.recording("flat"), study.recording("space")
    if kind == "keypoints":
        return len(pose_edits(flat))
    if kind == "sentence":
        said = [new for new in flat.log.edits("description")["new"] if new]
        words = said[-1].split() if said else []
        return sum(word == f"word{number}" for number, word in enumerate(words, start=1))
    if kind == "bouts":
        drawn = read_human(study, space, space.info.individuals[0])
        return sum(1 + (bout.stop_s - bout.start_s > _DRAWN_S) for bout in drawn)
    if kind == "behaviours":
        named = [name for name in profiled(study).behaviours["name"] if name.startswith("name ")]
        return int(named[0].split()[1]) if named else 0
    return sum(zone.name.startswith("zone") for zone in flat.info.zones)


def damage(folder: Path) -> str:
    """What is broken in a study; ``""`` = nothing."""
    study = Study.open(folder)
    for log in [study.log, *(one.log for one in study.recordings.values())]:
        log.edits()  # which rolls back what was not finished
        if log.path.exists():
            connection = sqlite3.connect(log.path)
            (word,) = connection.execute("PRAGMA integrity_check").fetchone()
            connection.close()
            if word != "ok":
                return f"{log.path.name}: {word}"
    for kind in KINDS:
        saved(study, kind)
    return ""


@dataclass
class Window:
    """A window in which somebody works.

    Attributes
    ----------
    done : list of float
        When each act was done (s).
    told : list of str
        What the window has told.
    """

    process: subprocess.Popen[str]
    ready: threading.Event = field(default_factory=threading.Event)
    done: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Take in what it says."""
        if self.process.stdout is None:
            return
        for line in self.process.stdout:
            if line.startswith("{"):
                self._take(json.loads(line))

    def _take(self, said: dict[str, Any]) -> None:
        if "ready" in said:
            self.ready.set()
        elif "done" in said:
            self.done.append(time.monotonic())
        else:
            self.told.append(str(said["told"]))

    def wait(self, there: Callable[[], bool], what: str) -> None:
        """Wait for something.

        Raises
        ------
        AssertionError
            If it does not come, or the window is gone.
        """
        began = time.monotonic()
        while not there():
            gone = self.process.poll() is not None
            if gone or time.monotonic() - began > LONG_S:
                raise AssertionError(f"no {what}; gone: {gone}; told: {self.told}")
            time.sleep(0.02)


@contextmanager
def window(
    study: Path, kind: str, *, most: int = MOST, place: int = 0, seed: int = 0
) -> Iterator[Window]:
    """A window in which somebody works from now on; it is killed at the end."""
    acts = Path(__file__).with_name("window_acts.py")
    command = [sys.executable, str(acts), str(study), kind, str(most), str(place), str(seed)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    one = Window(process)
    listener = threading.Thread(target=one.listen, daemon=True)
    listener.start()
    try:
        one.wait(one.ready.is_set, "window")
        yield one
    finally:
        process.kill()
        process.wait()
        listener.join(LONG_S)
        if process.stdout is not None:
            process.stdout.close()


@dataclass(frozen=True)
class Killed:
    """What was left of a window's work.

    Attributes
    ----------
    done, saved : int
        Acts, and those of them that are on the disk.
    lost_s : float
        How old the oldest that is lost was (s); 0 = nothing is.
    wrong : str
        What must not be; ``""`` = nothing.
    """

    done: int
    saved: int
    lost_s: float
    wrong: str


def kill(folder: Path, kind: str, draw: random.Random, *, longest_s: float = 12.0) -> Killed:
    """Kill a window at a random moment, and look at what is left."""
    before = saved(Study.open(folder), kind)
    with window(folder, kind, seed=draw.randrange(1000)) as one:
        time.sleep(draw.uniform(0, longest_s))
        killed = time.monotonic()
        one.process.kill()
        one.process.wait()
    wrong = damage(folder)
    kept, done = saved(Study.open(folder), kind) - before, len(one.done)
    lost_s = killed - one.done[kept] if kept < done else 0.0
    if lost_s > PROMISE_S:
        wrong += f" lost what was made {lost_s:.1f} s before"
    if kept < 0 or kept > done + 1 or one.told:
        wrong += f" {kept} of {done} are on the disk; told: {one.told}"
    return Killed(done, kept, lost_s, wrong.strip())


def hold_up(folder: Path, kind: str, begin: Callable[[], None], end: Callable[[], None]) -> None:
    """Let nothing be saved while somebody works, then let it be.

    Raises
    ------
    AssertionError
        If it is not told, something is broken meanwhile, or what was made is not saved after it.
    """
    with window(folder, kind) as one:
        one.wait(lambda: len(one.done) > 2, "acts")
        begin()
        one.wait(lambda: any("disk is not full" in told for told in one.told), "word of it")
        broken, done = damage(folder), len(one.done)
        assert not broken, broken
        end()
        one.wait(lambda: saved(Study.open(folder), kind) >= done, f"{kind} that are saved")
    broken = damage(folder)
    assert not broken, broken


def together(folder: Path, kind: str, most: int = 8) -> int:
    """Work in two windows at once; how many acts are on the disk of ``2 * most``."""
    with (
        window(folder, kind, most=most, seed=1) as one,
        window(folder, kind, most=most, place=5, seed=2) as other,
    ):
        for each in (one, other):
            each.wait(lambda each=each: len(each.done) == most, "acts")
        with suppress(AssertionError):
            one.wait(lambda: saved(Study.open(folder), kind) == 2 * most, "all of them")
        assert not one.told + other.told, one.told + other.told
    broken = damage(folder)
    assert not broken, broken
    return saved(Study.open(folder), kind)


def main() -> None:
    """Kill windows, and tell what is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path, help="a study as the plugin's tests make it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for kind in given.kind or KINDS:
        for number in range(given.rounds):
            with tempfile.TemporaryDirectory() as place:
                folder = copied(given.study, Path(place))
                left = kill(folder, kind, random.Random(given.seed + number))
            sys.stdout.write(f"{kind:10s} {left}\n")
            sys.stdout.flush()


def copied(study: Path, place: Path) -> Path:
    """A copy of a study and of the files that lie beside it."""
    for file in study.parent.iterdir():
        if file.is_file():
            shutil.copy(file, place)
    return Path(shutil.copytree(study, place / study.name))


if __name__ == "__main__":
    main()
