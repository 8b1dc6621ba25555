"""Kill runs of a small study at random moments and compare what is resumed with the undisturbed.

python benchmarks/kills.py 50
"""

from __future__ import annotations

import collections
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from commands import differences, kill_at_random
from mousegpt_core.pipeline import Work, run_study
from mousegpt_core.study import Study
from small_study import make_files, make_study


def main(number: int) -> int:
    """Kill as often, say where, and return how many studies differed."""
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
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50) > 0)
