"""Read damaged files of poses of every format: only errors of ours, no hang, no blow-up.

python benchmarks/fuzz.py 10000            # files, shared out among the formats
python benchmarks/fuzz.py 500 --only nwb   # one format
python benchmarks/fuzz.py 1 --seed 4711 --only nwb --keep DIR
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from core.io.damage import damaged
from core.io.made import MADE, NAMES, is_text, make, reader_of
from mousegpt_core.errors import MouseGPTError
from mousegpt_core.io import read_poses
from mousegpt_core.poses import validate_poses

#: Longer than this is a hang (s); more memory than this is a blow-up (MiB).
_LONGEST, _MOST = 30, 800


def main() -> int:
    """Read them and return how many went wrong."""
    arguments = _arguments()
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    warnings.simplefilter("error")
    names = [name for name in MADE if arguments.only in ("", reader_of(name))]
    outcomes: dict[str, collections.Counter[str]] = {}
    slowest = (0.0, "", 0)
    with tempfile.TemporaryDirectory() as place:
        folder = arguments.keep or Path(place)
        for number, name in enumerate(names):
            whole = make(name, folder).read_bytes()
            seen = outcomes[name] = collections.Counter()
            for turn in range(arguments.files // len(names) + 1):
                seed = arguments.seed + turn * len(names) + number
                path = folder / f"damaged{MADE[name][0]}"
                path.write_bytes(damaged(whole, random.Random(seed), text=is_text(name)))
                began = time.monotonic()
                outcome = _read(path, name, seed)
                if "memory" in outcome:
                    print(f"{name}, seed {seed}: {_peak()} MiB")
                slowest = max(slowest, (time.monotonic() - began, name, seed))
                seen[outcome] += 1
    for name, seen in outcomes.items():
        print(f"{name:24}", ", ".join(f"{count} {what}" for what, count in seen.most_common()))
    print(f"slowest: {slowest[0]:.2f} s ({slowest[1]}, seed {slowest[2]})")
    print(f"peak: {_peak()} MiB")
    return sum(seen[what] for seen in outcomes.values() for what in seen if "WRONG" in what)


def _read(path: Path, name: str, seed: int) -> str:
    """Read a file as what it looks like, and as what it was; say what came of it."""
    faulthandler.dump_traceback_later(_LONGEST, exit=True)
    outcome, before = "read", _peak()
    for format in (None, reader_of(name)):
        try:
            names = NAMES if reader_of(name) == "plain-csv" else None
            validate_poses(read_poses(path, fps=10, keypoints=names, format=format))
        except MouseGPTError as error:
            outcome = "refused"
            if path.name not in str(error) or not error.hint:
                print(f"{name}, seed {seed}: names no file or hint: {error}")
                outcome = "WRONG"
        except Exception:  # noqa: BLE001
            print(f"{name}, seed {seed}:")
            traceback.print_exc(limit=-3, file=sys.stdout)
            outcome = "WRONG"
    faulthandler.cancel_dump_traceback_later()
    return outcome if _peak() <= before or _peak() < _MOST else "WRONG: memory"


def _peak() -> int:
    """The greatest memory so far (MiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=int)
    parser.add_argument("--only", default="", help="a format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder to leave the last file in")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(min(main(), 1))
