"""Kill commands at random moments and compare what is resumed with the undisturbed.

python benchmarks/kills.py [KILLS] [run | describe]

`run` makes a small study; `describe` asks a server on this machine (`tests/loopback.py`) about the
25 clips of a short film.
"""

from __future__ import annotations

import collections
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import describe_kills
from commands import differences, kill_at_random
from filmed_study import make_filmed_study
from mousegpt_core.pipeline import Work, run_study
from mousegpt_core.study import Study
from small_study import make_files, make_study


def kill_describing(number: int) -> int:
    """Kill `mousegpt describe` as often; returns how many studies differed."""
    began, wrong, kills = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory() as place, describe_kills.server() as server:
        os.environ["XDG_CACHE_HOME"] = place
        root = Path(place)
        (root / "prepared").mkdir()
        describe_kills.prepare(make_filmed_study(root / "prepared"))
        undisturbed = describe_kills.copied(root / "prepared", root / "undisturbed")
        describe_kills.describe(undisturbed, server.url)
        expected = describe_kills.table(undisturbed)
        for seed in range(number):
            study = describe_kills.copied(root / "prepared", root / str(seed))
            draw = random.Random(seed)
            when, found = describe_kills.kill_and_go_on(study, server, draw)
            if not describe_kills.table(study).equals(expected):
                found += "; another table"
            print(f"seed {seed}: killed with {when}; {found or 'nothing lost, nothing twice'}")
            kills += 1
            wrong += bool(found)
    print(f"{kills} kills, {wrong} studies differ, {time.monotonic() - began:.0f} s")
    return wrong


def kill_runs(number: int) -> int:
    """Kill `mousegpt run` as often, say where, and return how many studies differed."""
    moments: collections.Counter[str] = collections.Counter()
    wrong = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        files = root / "files"
        files.mkdir()
        make_files(files)
        undisturbed = make_study(root / "undisturbed" / "study", files)
        run_study(Work(undisturbed))
        for seed in range(number):
            study = make_study(root / str(seed) / "study", files)
            moments[kill_at_random(study.folder, random.Random(seed))] += 1
            run_study(Work(Study.open(study.folder)))
            found = differences(study.folder, undisturbed.folder)
            for line in found:
                print(f"seed {seed}: {line}")
            wrong += bool(found)
    for moment, count in moments.most_common():
        print(f"{count:4d} killed after: {moment}")
    print(f"{number} kills, {wrong} studies differ, {time.monotonic() - began:.0f} s")
    return wrong


if __name__ == "__main__":
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    what = {"run": kill_runs, "describe": kill_describing}
    sys.exit(what[sys.argv[2] if len(sys.argv) > 2 else "run"](times) > 0)
