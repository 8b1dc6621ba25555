"""Leases and kills: two processes on one study."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mousegpt_core.errors import StudyLockedError
from mousegpt_core.study import Provenance, ResultStore

Start = Callable[..., "subprocess.Popen[str]"]

HOLD = """
from mousegpt_core.study import ResultStore
from pathlib import Path
with ResultStore(Path(sys.argv[1]), "r").lease("kinematics"):
    print("held", flush=True)
    sys.stdin.read() if len(sys.argv) > 2 else __import__("time").sleep(60)
"""

WRITE = """
import numpy as np, xarray as xr
from pathlib import Path
from mousegpt_core.study import Provenance, ResultStore
store = ResultStore(Path(sys.argv[1]), "r")
value = 1
while True:
    data = np.full((20_000, 4), value, "f4")
    make = lambda part: xr.Dataset({"a": (("time", "k"), part), "b": (("time", "k"), part + 1)})
    store.write_blocks(Provenance("kinematics", value), (make(p) for p in np.array_split(data, 5)))
    store.write_table(Provenance("table", value), make(data[:9000]).to_dataframe().reset_index())
    if value == 1:
        print("ready", flush=True)
    value += 1
    if value % 3 == 0:
        store.sweep()
"""


def _wait_for(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    if line.strip() != word:
        raise RuntimeError(process.communicate()[1])


def test_second_process_is_told_who_works(tmp_path: Path, start: Start) -> None:
    store = ResultStore(tmp_path, "recording m1")
    process = start(HOLD, tmp_path)
    _wait_for(process, "held")
    with (
        pytest.raises(StudyLockedError, match=f"process {process.pid} on .*since"),
        store.lease("kinematics"),
    ):
        pass
    with pytest.raises(StudyLockedError):
        store.write_dataset(Provenance("kinematics", 1), xr.Dataset({"a": ("time", [1.0])}))
    with store.lease("describe"):  # another stage is free
        pass
    assert store.sweep() == []
    process.kill()
    process.wait()
    with store.lease("kinematics", timeout=5):
        pass


def test_lease_is_waited_for(tmp_path: Path) -> None:
    store = ResultStore(tmp_path, "r")
    entered, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with store.lease("kinematics"):
            entered.set()
            enough.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait()
    with pytest.raises(StudyLockedError), store.lease("kinematics"):
        pass
    threading.Timer(0.2, enough.set).start()
    with store.lease("kinematics", timeout=60):
        pass
    thread.join()


def test_a_thread_may_take_its_lease_again(tmp_path: Path) -> None:
    with ResultStore(tmp_path, "r").lease("kinematics"):
        other = ResultStore(tmp_path, "r")
        with other.lease("kinematics"):
            pass
        other.write_dataset(Provenance("kinematics", 1), xr.Dataset({"a": ("time", [1.0])}))
        assert other.sweep() == []
    assert store_is_free(tmp_path)


def store_is_free(folder: Path) -> bool:
    code = f"""
import sys; sys.path[:0] = {sys.path!r}
from pathlib import Path
from mousegpt_core.study import ResultStore
with ResultStore(Path({str(folder)!r}), "r").lease("kinematics"):
    pass
"""
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_killed_writers_leave_whole_results(tmp_path: Path, start: Start) -> None:
    store = ResultStore(tmp_path, "r")
    random = np.random.default_rng(5)
    last = 0.0
    for _ in range(3):
        process = start(WRITE, tmp_path)
        _wait_for(process, "ready")
        time.sleep(random.uniform(0.05, 1.0))
        process.kill()
        process.wait()
        for stage in store.stages():
            entry = store.entry(stage)
            assert entry is not None
            assert store.is_current(entry.provenance)
        if store.entry("kinematics") is not None:
            found = store.read_dataset("kinematics").load()
            last = float(found["a"][0, 0])
            assert found.sizes["time"] == 20_000
            assert (found["a"] == last).all()
            assert (found["b"] == last + 1).all()
        if store.entry("table") is not None:
            table = store.read_table("table")
            assert len(table) == 36_000
            assert table["a"].nunique() == 1
        store.sweep()
        named = {entry.file for stage in store.stages() if (entry := store.entry(stage))}
        here = {p.name for p in tmp_path.iterdir() if p.suffix in (".zarr", ".parquet")}
        assert here == named
    assert last > 0
