"""Results: round trips, provenance, damage, sweeping."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames

from mousegpt_core.clips import BOUTS, make_table
from mousegpt_core.errors import DataError, MouseGPTError, StageMissingError
from mousegpt_core.study import Provenance, ResultStore

Make = Callable[..., xr.Dataset]
P = Provenance("kinematics", 1, {"smooth": 0.1}, {"poses": "abc"})


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path, "recording m 1")


def test_provenance_key_depends_on_everything() -> None:
    others = [
        Provenance("ethogram", 1, {"smooth": 0.1}, {"poses": "abc"}),
        Provenance("kinematics", 2, {"smooth": 0.1}, {"poses": "abc"}),
        Provenance("kinematics", 1, {"smooth": 0.2}, {"poses": "abc"}),
        Provenance("kinematics", 1, {"smooth": 0.1}, {"poses": "abd"}),
    ]
    assert len({P.key, *(other.key for other in others)}) == 5
    assert Provenance("a", 1, {"k": (1, 2)}).settings == {"k": [1, 2]}
    assert P.key == Provenance("kinematics", 1, {"smooth": 0.1}, {"poses": "abc"}).key


@pytest.mark.parametrize("length", [0, 1, 4096, 20_000])
def test_dataset_round_trip(store: ResultStore, dataset: Make, length: int) -> None:
    made = dataset(length)
    entry = store.write_dataset(P, made)
    found = store.read_dataset("kinematics")
    assert entry.file == f"kinematics-{P.key}.zarr"
    xr.testing.assert_identical(found.load(), made)
    assert all(found[name].dtype == made[name].dtype for name in made.data_vars)


def test_blocks_of_unequal_length(store: ResultStore, dataset: Make) -> None:
    lengths = [1, 5000, 3, 4096, 17_000, 10]
    starts = np.cumsum([0, *lengths])
    blocks = (dataset(n, start) for n, start in zip(lengths, starts, strict=False))
    store.write_blocks(P, blocks)
    found = store.read_dataset("kinematics")
    assert set(found["speed"].chunksizes["time"][:-1]) == {8192}
    xr.testing.assert_identical(found.load(), dataset(sum(lengths)))


def test_a_variable_is_one_folder(store: ResultStore, dataset: Make) -> None:
    # Its names are brought to the disk at once, not those of a folder for each dimension.
    entry = store.write_dataset(P, dataset(20_000))
    for name in ("speed", "seen", "time"):
        inside = list((store.root / entry.file / name).iterdir())
        assert len(inside) > 3
        assert all(path.is_file() for path in inside)


def test_lazy_dataset_is_streamed_back(store: ResultStore, dataset: Make) -> None:
    store.write_dataset(P, dataset(30_000))
    other = Provenance("copy", 1)
    store.write_dataset(other, store.read_dataset("kinematics"))
    xr.testing.assert_identical(store.read_dataset("copy").load(), dataset(30_000))


def test_text_along_the_streamed_dimension(store: ResultStore) -> None:
    ids = [f"answer-{'x' * (n % 50)}{n}" for n in range(40_000)]
    vectors = xr.Dataset(
        {"vector": (("answer", "axis"), np.ones((40_000, 3), "f4"))}, coords={"answer": ids}
    )
    store.write_dataset(Provenance("vectors/lsa", 1), vectors, dim="answer")
    found = store.read_dataset("vectors/lsa")
    assert store.entry("vectors/lsa").file.startswith("vectors/lsa-")  # type: ignore[union-attr]
    assert found["answer"].values.tolist() == ids


def test_blocks_that_do_not_fit(store: ResultStore, dataset: Make) -> None:
    other = dataset(5).assign_coords(keypoint=["nose", "tail"])
    for blocks in (
        [],
        [dataset(5), dataset(5).drop_vars("speed")],
        [dataset(5), other],
        [dataset(5), dataset(5).assign(speed=dataset(5)["speed"].astype("f8"))],
        [dataset(5).isel(time=0, drop=True), dataset(5).isel(time=0, drop=True)],
        [dataset(5).assign(when=("time", np.zeros(5, "datetime64[ns]")))],
    ):
        with pytest.raises(DataError):
            store.write_blocks(P, blocks)
    assert store.stages() == []
    assert not list(store.root.glob("*kinematics*"))


def test_current_until_something_changes(store: ResultStore, dataset: Make) -> None:
    assert not store.is_current(P)
    store.write_dataset(P, dataset(10))
    assert store.is_current(P)
    assert not store.is_current(Provenance("kinematics", 2, P.settings, P.inputs))
    entry = store.entry("kinematics")
    assert entry is not None
    assert entry.provenance == P


def test_missing_stage_says_what_to_run(store: ResultStore) -> None:
    with pytest.raises(StageMissingError, match="mousegpt describe"):
        store.read_table("describe/kinematic")
    with pytest.raises(StageMissingError):
        store.read_dataset("kinematics")
    with pytest.raises(StageMissingError):
        store.folder("models")


def test_wrong_kind(store: ResultStore, dataset: Make) -> None:
    store.write_dataset(P, dataset(10))
    with pytest.raises(DataError, match="table"):
        store.read_table("kinematics")


@pytest.mark.parametrize("stage", ["", "../x", "a//b", "a/../b", "CON", "/a"])
def test_bad_stage_names(store: ResultStore, stage: str, dataset: Make) -> None:
    with pytest.raises(DataError):
        store.write_dataset(Provenance(stage, 1), dataset(3))


def test_files(store: ResultStore) -> None:
    def write(folder: Path) -> None:
        np.savez(folder / "model.npz", a=np.arange(3))
        (folder / "model.json").write_text("{}")

    store.write_files(Provenance("models/lsa", 1), write)
    with np.load(store.folder("models/lsa") / "model.npz") as model:
        assert model["a"].tolist() == [0, 1, 2]


def test_a_writer_that_fails_leaves_nothing(store: ResultStore, dataset: Make) -> None:
    store.write_dataset(P, dataset(10))

    def failing() -> object:
        yield dataset(9000)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write_blocks(Provenance("kinematics", 2), failing())  # type: ignore[arg-type]
    xr.testing.assert_identical(store.read_dataset("kinematics").load(), dataset(10))
    assert len(list(store.root.glob("*kinematics*"))) == 1


def test_sweep_deletes_only_what_nobody_names(store: ResultStore, dataset: Make) -> None:
    (store.root / "notes-of-mine.txt").write_text("mine")
    (store.root / "kinematics-mine.zarr").mkdir()
    my_copy = store.root / "my backup" / f"kinematics-{P.key}.zarr"
    my_copy.mkdir(parents=True)
    store.write_dataset(P, dataset(10))
    store.write_dataset(Provenance("kinematics", 2), dataset(20))
    store.write_table(Provenance("poses2d/top", 1), pd.DataFrame({"a": [1]}))
    leftover = store.root / f".writing-kinematics-{P.key}.zarr"
    leftover.mkdir()
    with store.lease("describe"):
        assert store.sweep() == []
    swept = store.sweep()
    assert sorted(path.name for path in swept) == [leftover.name, f"kinematics-{P.key}.zarr"]
    assert store.read_dataset("kinematics").sizes["time"] == 20
    assert len(store.read_table("poses2d/top")) == 1
    assert (store.root / "notes-of-mine.txt").exists()
    assert (store.root / "kinematics-mine.zarr").exists()
    assert my_copy.exists()
    assert store.sweep() == []


def test_sweep_deletes_what_a_kill_left_of_the_manifest(store: ResultStore, dataset: Make) -> None:
    store.write_dataset(P, dataset(10))
    half = store.root / ".writing-manifest.json-123"
    half.write_text("{")
    someone_elses = store.root / ".writing-recording.toml-123"
    someone_elses.write_text("")
    assert store.sweep() == [half]
    assert someone_elses.exists()
    assert store.read_dataset("kinematics").sizes["time"] == 10


def test_reading_a_swept_result_is_an_error_not_nan(store: ResultStore, dataset: Make) -> None:
    store.write_dataset(P, dataset(10_000))
    opened = store.read_dataset("kinematics")
    store.write_dataset(Provenance("kinematics", 2), dataset(10))
    store.sweep()
    with pytest.raises(DataError, match="replaced"):
        opened["speed"].load()


def test_the_same_result_again_does_not_touch_the_old(store: ResultStore, dataset: Make) -> None:
    first = store.write_dataset(P, dataset(10))
    opened = store.read_dataset("kinematics")
    second = store.write_dataset(P, dataset(12))
    assert first.file != second.file
    assert opened.load().sizes["time"] == 10
    assert store.read_dataset("kinematics").sizes["time"] == 12
    store.sweep()
    assert store.is_current(P)


def test_lost_chunks_are_noticed(store: ResultStore, dataset: Make) -> None:
    entry = store.write_dataset(P, dataset(10_000))
    (store.root / entry.file / "gap" / "c.1").unlink()
    assert not store.is_current(P)
    with pytest.raises(DataError, match="lost files"):
        store.read_dataset("kinematics")


@pytest.mark.parametrize("name", ["speed", "frame", "keypoint", "time"])
def test_damaged_chunks_are_told_with_what_to_do(
    name: str, store: ResultStore, dataset: Make
) -> None:
    store.write_dataset(Provenance("kinematics", 1), dataset(10))
    (chunk,) = (file for file in store.root.glob(f"*.zarr/{name}/c*") if file.is_file())
    chunk.write_bytes(chunk.read_bytes()[:-3])
    with pytest.raises(DataError, match=r"(?s)kinematics.*damaged.*delete this folder and run"):
        store.read_dataset("kinematics").load()


def test_lost_result_is_noticed(store: ResultStore, dataset: Make) -> None:
    entry = store.write_dataset(P, dataset(10))
    shutil.rmtree(store.root / entry.file)
    assert not store.is_current(P)
    with pytest.raises(DataError):
        store.read_dataset("kinematics")
    store.write_dataset(P, dataset(10))
    assert store.is_current(P)


def test_truncated_table(store: ResultStore) -> None:
    entry = store.write_table(P, pd.DataFrame({"a": range(100)}))
    path = store.root / entry.file
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError):
        store.read_table("kinematics")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"stages": {"a": 1}}', '{"format_version": 9}']
)
def test_damaged_manifest(store: ResultStore, content: str) -> None:
    (store.root / "manifest.json").write_text(content)
    with pytest.raises(DataError, match=r"manifest\.json"):
        store.entry("kinematics")


def test_damaged_manifest_of_bytes(store: ResultStore) -> None:
    (store.root / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"manifest\.json"):
        store.stages()


def test_folder_that_cannot_be_written(tmp_path: Path, dataset: Make) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(MouseGPTError, match="cannot be written"):
        ResultStore(file, "x").write_dataset(P, dataset(10))


def test_table_blocks(store: ResultStore) -> None:
    empty = make_table(BOUTS, {}, length=0)
    rows = make_table(BOUTS, {"start_s": np.arange(60_000.0), "recording": "m", "behaviour_id": ""})
    store.write_table_blocks(P, [empty, rows, empty, rows[:5]])
    found = store.read_table("kinematics")
    pd.testing.assert_frame_equal(found, pd.concat([rows, rows[:5]], ignore_index=True))
    assert list(store.read_table("kinematics", ["score", "recording"])) == ["score", "recording"]
    with pytest.raises(DataError, match="nothing"):
        store.read_table("kinematics", ["nothing"])


def test_table_blocks_that_do_not_fit(store: ResultStore) -> None:
    with pytest.raises(DataError):
        store.write_table_blocks(P, [])
    with pytest.raises(DataError):
        store.write_table_blocks(P, [pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})])
    with pytest.raises(DataError):
        store.write_table(P, pd.DataFrame({"a": ["x", 1]}))
    assert store.stages() == []


def test_empty_table(store: ResultStore) -> None:
    store.write_table(P, make_table(BOUTS, {}, length=0))
    found = store.read_table("kinematics")
    assert list(found.columns) == list(BOUTS.columns)
    assert found.empty


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    frame=data_frames(
        [
            column("name", elements=st.text(), dtype=object),
            column("score", dtype=float),
            column("count", dtype=np.int64),
            column("flag", dtype=bool),
        ]
    )
)
def test_any_table_round_trip(store: ResultStore, frame: pd.DataFrame) -> None:
    store.write_table(P, frame)
    pd.testing.assert_frame_equal(store.read_table("kinematics"), frame)
