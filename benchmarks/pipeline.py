"""Speed and memory of the main job: a file of poses to the report, at several lengths.

Run: ``python benchmarks/pipeline.py [MINUTES ...] [--folder DIR] [--profile]``. A synthetic mouse
at 60 frames a second, 24 keypoints in 3D; every length runs in a process of its own, so that its
peak of memory is its own. Making the input is not timed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

FPS = 60.0
#: Minutes simulated at once, each piece with a seed of its own, and joined in the file.
PIECE_MIN = 20.0


def main() -> None:
    """Print a table: a row a length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", nargs="*", type=float, default=[2.0, 20.0, 200.0])
    parser.add_argument("--folder", type=Path, help="keep input and studies here")
    parser.add_argument("--profile", action="store_true", help="write where the time goes")
    parser.add_argument("--json", action="store_true", help="print one JSON object a length")
    parser.add_argument("--part", choices=["input", "run"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        {"input": write_input, "run": run}[given.part](given.folder, given.minutes[0], given)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        rows = []
        for minutes in given.minutes:
            if not poses_file(folder, minutes).exists():
                _in_new_process("input", folder, minutes)
            row = _in_new_process("run", folder, minutes, ["--profile"] * given.profile)
            rows.append(row)
            print(json.dumps(row) if given.json else _headline(row), flush=True)
        if not given.json:
            print(_table_of_stages(rows))


def poses_file(folder: Path, minutes: float) -> Path:
    """Where the input of a length is."""
    return folder / f"mouse-{minutes:g}-min.csv"


def write_input(folder: Path, minutes: float, _: argparse.Namespace) -> None:
    """Simulate the poses of a length, piece by piece, as one csv."""
    from mousegpt_core.io import write_poses
    from mousegpt_core.synthetic import NoiseSettings, SimulationSettings, simulate

    folder.mkdir(parents=True, exist_ok=True)
    target, piece = poses_file(folder, minutes), folder / "piece.csv"
    partial = target.with_suffix(".part")
    noise = NoiseSettings(jitter_cm=0.03, dropouts=0.01, jumps=0.001)
    with partial.open("wb") as whole:
        for seed, start in enumerate(np.arange(0, minutes, PIECE_MIN)):
            length = min(PIECE_MIN, minutes - start) * 60
            settings = SimulationSettings(duration_s=length, fps=FPS, seed=seed, noise=noise)
            poses = simulate(settings=settings).poses
            time, frame = poses["time"] + start * 60, poses["frame"] + round(start * 60 * FPS)
            write_poses(poses.assign_coords(time=time, frame=frame), piece, format="wide-csv")
            with piece.open("rb") as rows:
                header = rows.readline()
                whole.write(header if seed == 0 else b"")
                while block := rows.read(1 << 22):
                    whole.write(block)
    piece.unlink()
    partial.rename(target)
    print("{}")


def run(folder: Path, minutes: float, given: argparse.Namespace) -> None:
    """Time the main job on one file, as ``mousegpt new``, ``add`` and ``run`` do it."""
    start = time.perf_counter()
    from mousegpt_core.pipeline import NewRecording, Work, add_recording, run_study
    from mousegpt_core.progress import Progress
    from mousegpt_core.study import Study

    stages: dict[str, list[float]] = {}
    last, busy, peak = start, 0.0, 0.0

    def finish(stage: str) -> None:
        nonlocal last, busy, peak
        now, used = time.perf_counter(), time.process_time()
        seconds, processor, _ = stages.get(stage, (0.0, 0.0, 0.0))
        peak = max(peak, _peak_mb())  # the system counts it a little late
        stages[stage] = [seconds + now - last, processor + used - busy, peak]
        last, busy = now, used

    def notify(step: Progress) -> None:
        if step.finished:
            finish(step.stage)

    finish("import")
    with tempfile.TemporaryDirectory(dir=folder) as temporary, _profiled(given.profile):
        study = Study.create(Path(temporary) / "study", name="benchmark")
        poses = [(None, poses_file(folder, minutes))]
        add_recording(study, NewRecording(id="mouse", poses=poses, fps=FPS, unit="cm"))
        finish("add")
        result = run_study(Work(study, notify))
        finish("end")
        report_mb = Path(result["report"]).stat().st_size / 1e6
        clips = len(study.recordings["mouse"].store.read_table("clips", ["clip_id"]))
    seconds = last - start
    row = {
        "minutes": minutes,
        "frames": round(minutes * 60 * FPS),
        "clips": clips,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(time.process_time(), 2),
        "times_real_time": round(minutes * 60 / seconds, 1),
        "peak_mb": round(peak),
        "report_mb": round(report_mb, 2),
        "stages": {name: [round(value, 2) for value in found] for name, found in stages.items()},
    }
    print(json.dumps(row))


class _profiled:
    """Write a profile by pyinstrument to the error stream, if asked to."""

    def __init__(self, wanted: bool) -> None:
        self._profiler: Any = None
        if wanted:
            from pyinstrument import Profiler

            self._profiler = Profiler(interval=0.002)

    def __enter__(self) -> None:
        if self._profiler:
            self._profiler.start()

    def __exit__(self, *_: object) -> None:
        if self._profiler:
            self._profiler.stop()
            text = self._profiler.output_text(show_all=False, unicode=True)
            print(text, file=sys.stderr)


def _peak_mb() -> float:
    """High-water mark of this process's resident memory (Linux counts in KiB, macOS in bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1e6 if sys.platform == "darwin" else 1e6 / 1024
    )


def _in_new_process(
    part: str, folder: Path, minutes: float, more: Sequence[str] = ()
) -> dict[str, Any]:
    command = [sys.executable, __file__, str(minutes), "--part", part, "--folder", str(folder)]
    done = subprocess.run([*command, *more], stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _headline(row: dict[str, Any]) -> str:
    return (
        f"{row['minutes']:6g} min {row['frames']:8d} frames {row['clips']:7d} clips"
        f" {row['seconds']:8.2f} s ({row['cpu_seconds']:.2f} s of processor)"
        f" {row['times_real_time']:7.1f} x real time  peak {row['peak_mb']:5d} MB"
    )


def _table_of_stages(rows: Sequence[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row["stages"]))
    lines = ["", "seconds, of them of processor, and peak so far in MB, by stage"]
    lines.append(f"{'':20}" + "".join(f"{row['minutes']:>20g} min" for row in rows))
    for name in names:
        found = (row["stages"].get(name, (0, 0, 0)) for row in rows)
        lines.append(f"{name:20}" + "".join(f"{a:10.2f}{b:8.2f}{c:6.0f}" for a, b, c in found))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
