"""Study and recordings: round trips, a person's comments, refusals."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mousegpt_core.errors import DataError, MouseGPTError, SettingsError, SkeletonError
from mousegpt_core.skeleton import Skeleton
from mousegpt_core.study import (
    Arena,
    Film,
    KnownLength,
    PoseFile,
    RecordingInfo,
    Space,
    Study,
    View,
)

SKELETON = Skeleton("mine", ("n", "s1", "s2"), {"nose": ("n",), "spine": ("s1", "s2")})


@pytest.fixture
def info(tmp_path: Path) -> RecordingInfo:
    (tmp_path / "my film.mp4").write_bytes(b"film")
    (tmp_path / "poses.csv").write_bytes(b"1,2\n")
    (tmp_path / "rig.toml").write_bytes(b"")
    return RecordingInfo(
        id="m 1",
        individuals=("animal 1",),
        notes='a "note"\nof two lines',
        skeleton="mine",
        space=Space(unit="px", known_length=KnownLength(length_cm=10, a=(0, 0), b=(3, 4))),
        arena=Arena(shape="circle", centre=(1, 2), diameter_cm=3),
        views=(
            View(
                name="top",
                films=(
                    Film(path=str(tmp_path / "my film.mp4"), channel="reflectance"),
                    Film(path=str(tmp_path / "my film.mp4"), channel="fluorescence"),
                ),
                fps=29.97,
                offset_s=0.5,
                calibration=str(tmp_path / "rig.toml"),
            ),
            View(name="side"),
        ),
        poses=(PoseFile(path=str(tmp_path / "poses.csv"), view="top", keypoints=("n", "s1")),),
    )


def test_groups_in_the_toml_are_derived_anew(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    for animal, treatment, seconds in (("a", "control", 10), ("b", "drug", 30), ("c", "drug", 5)):
        study.set_animal(animal, treatment=treatment, immobility=seconds)
    text = study.toml_path.read_text(encoding="utf-8")
    rule = '[groups.phenotype]\nsource = "immobility"\nlabel = "depressed"\n'
    study.toml_path.write_text(text + rule, encoding="utf-8")
    study.refresh_groups()
    assert list(study.animals["phenotype"]) == ["control", "depressed", "other"]
    study.set_animal("c", immobility=50)
    study.refresh_groups()
    assert list(study.animals["phenotype"]) == ["control", "depressed", "depressed"]
    study.toml_path.write_text(text + "[groups.phenotype]\nlabel = 3\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="phenotype"):
        study.refresh_groups()


def test_a_new_study(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "a study ü", name='The "best" study')
    assert Study.open(study.folder).name == 'The "best" study'
    assert study.section("clips") == {"rate": 5.0}
    assert study.section("embed") == {"embedder": "lsa"}
    assert study.section("report") == {"compare": "treatment"}
    assert study.animals.empty
    assert study.recordings == {}
    with pytest.raises(DataError, match="already"):
        Study.create(study.folder)


def test_no_study(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match="mousegpt new"):
            Study.open(folder)


def test_recording_round_trip(study: Study, info: RecordingInfo) -> None:
    recording = study.add_recording(info)
    found = Study.open(study.folder).recording("m 1").info
    assert found == recording.info
    assert found.views[0].films[0].path == "../my film.mp4"
    assert found.views[0].films[0].size == 4
    assert found.poses[0].fingerprint
    assert recording.resolve(found.poses[0].path).read_bytes() == b"1,2\n"
    assert recording.resolve("..\\my film.mp4").name == "my film.mp4"
    assert found.space.scale == 2.0
    unchanged = ("individuals", "notes", "skeleton", "space", "arena")
    assert all(getattr(found, name) == getattr(info, name) for name in unchanged)
    assert study.animals["animal"].tolist() == ["animal 1"]


def test_scale() -> None:
    assert Space(unit="mm").scale == 0.1
    assert Space(unit="px").scale is None
    assert Space(unit="px", cm_per_unit=0.5).scale == 0.5
    assert Space(unit="px", known_length=KnownLength(length_cm=5, length=10)).scale == 0.5


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ('\n[space]\nunit = "inch"', "space.unit"),
        ("\n[space]\ncm_per_unit = -1", "cm_per_unit"),
        ("\n[space.known_length]\nlength_cm = 1", "either length"),
        ('\n[arena]\nshape = "polygon"', "three corners"),
        ("\ncolour = 1", "colour"),
        ('\n[[views]]\nname = "a"\n[[views]]\nname = "a"', "same name"),
        ('\n[[poses]]\npath = "a"\nview = "b"', "'b'"),
        ('\n[[views]]\nname = "../a"', "name of a view"),
        ("\nnotes = ", "TOML"),
    ],
)
def test_mistakes_in_recording_toml(study: Study, change: str, word: str) -> None:
    recording = study.add_recording(RecordingInfo(id="m1"))
    recording.toml_path.write_text('id = "m1"' + change)
    with pytest.raises(SettingsError, match=word) as caught:
        _ = recording.info
    assert "recording.toml" in str(caught.value)


def test_comments_in_recording_toml_survive(study: Study, info: RecordingInfo) -> None:
    recording = study.add_recording(info)
    text = recording.toml_path.read_text(encoding="utf-8")
    text = text.replace('skeleton = "mine"', 'skeleton = "mine"  # my own')
    text = text.replace("[[poses]]", "# checked by hand\n[[poses]]")
    recording.toml_path.write_text(text, encoding="utf-8")
    old = recording.info
    recording.update(old.model_copy(update={"notes": "new", "skeleton": "other"}))
    after = recording.toml_path.read_text(encoding="utf-8")
    assert 'skeleton = "other"  # my own' in after
    assert "# checked by hand\n[[poses]]" in after
    assert recording.info == old.model_copy(update={"notes": "new", "skeleton": "other"})
    for cleared in (
        {"space": Space()},
        {"poses": ()},
        {"arena": Arena()},
        {"views": (), "poses": ()},
    ):
        wanted = recording.info.model_copy(update=cleared)
        recording.update(wanted)
        assert recording.info == wanted
    with pytest.raises(SettingsError):
        recording.update(RecordingInfo(id="other"))


@pytest.mark.parametrize("id", ["../x", "CON", "", "a/b", ".hidden"])
def test_ids_that_are_refused(study: Study, id: str) -> None:
    with pytest.raises(ValueError, match="id of a recording"):
        RecordingInfo(id=id)
    with pytest.raises(DataError):
        study.recording(id)


@pytest.mark.parametrize("names", [("",), ("a", "a "), (" ",)])
def test_individuals_need_names(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="a name of its own"):
        RecordingInfo(id="m1", individuals=names)


def test_taken_ids(study: Study) -> None:
    study.add_recording(RecordingInfo(id="Mouse"))
    for id in ("Mouse", "mouse"):
        with pytest.raises(DataError, match="taken"):
            study.add_recording(RecordingInfo(id=id))
    assert list(study.recordings) == ["Mouse"]


def test_missing_film(study: Study, info: RecordingInfo, tmp_path: Path) -> None:
    recording = study.add_recording(info)
    (tmp_path / "my film.mp4").rename(tmp_path / "moved.mp4")
    with pytest.raises(DataError, match="mousegpt relink"):
        recording.resolve("../my film.mp4")
    (tmp_path / "wrong.mp4").write_bytes(b"another film")
    with pytest.raises(DataError, match="not the same file"):
        recording.relink("../my film.mp4", tmp_path / "wrong.mp4")
    recording.relink("../my film.mp4", tmp_path / "moved.mp4")
    assert {film.path for film in recording.info.views[0].films} == {"../moved.mp4"}
    with pytest.raises(DataError, match="does not use"):
        recording.relink("../other.mp4", tmp_path / "moved.mp4")
    with pytest.raises(DataError, match="no such file"):
        study.add_recording(RecordingInfo(id="x", poses=(PoseFile(path="nothing.csv"),)))
    assert list(study.recordings) == ["m 1"]


def test_half_made_recordings_do_not_exist(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    (study.folder / "recordings" / ".new-m1-abc").mkdir()
    (study.folder / "recordings" / "my papers").mkdir()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fail)
        with pytest.raises(MouseGPTError, match="No space"):
            study.add_recording(RecordingInfo(id="m1"))
    assert study.recordings == {}
    study.add_recording(RecordingInfo(id="m1"))
    assert list(study.recordings) == ["m1"]


def test_comments_in_study_toml_survive(study: Study) -> None:
    text = study.toml_path.read_text(encoding="utf-8")
    mine = text.replace("rate = 5.0  # clips per second", "rate = 4 # mine") + "\n# the end\n"
    study.toml_path.write_text(mine, encoding="utf-8")
    study.set_section("clips", rate=2.5, length=1)
    study.set_section("report", title="T")
    study.set_skeleton("mine", SKELETON)
    after = study.toml_path.read_text(encoding="utf-8")
    assert "rate = 2.5 # mine" in after
    assert "# the end" in after
    assert study.section("clips") == {"rate": 2.5, "length": 1}
    assert study.section("report") == {"compare": "treatment", "title": "T"}
    study.set_section("clips", rate=2.5)
    assert study.toml_path.read_text(encoding="utf-8") == after


def test_skeletons(study: Study) -> None:
    assert study.skeleton("mine") is None
    study.set_skeleton("mine", SKELETON)
    study.set_skeleton("other one", SKELETON)
    assert study.skeleton("mine") == SKELETON
    assert study.skeletons == ("mine", "other one")
    text = study.toml_path.read_text(encoding="utf-8")
    edited = text.replace('nose = "n"', 'head = "n" # no nose here', 1)
    study.toml_path.write_text(edited, encoding="utf-8")
    assert study.skeleton("mine").roles["head"] == ("n",)  # type: ignore[union-attr]
    study.set_skeleton("mine", Skeleton("mine", SKELETON.keypoints, {"head": ("n",)}))
    assert "# no nose here" in study.toml_path.read_text(encoding="utf-8")
    assert study.skeleton("mine").roles == {"head": ("n",)}  # type: ignore[union-attr]
    study.toml_path.write_text(edited.replace('"n" #', '"x" #'), encoding="utf-8")
    with pytest.raises(SkeletonError, match=r"study\.toml.*skeletons\.mine"):
        study.skeleton("mine")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format_version = 1\n[clip]\nrate = 5\n", r"\[clip\](.|\n)*did you mean \[clips\]"),
        ("format_version = 1\nclips = 5\n", "must be a table"),
        ("format_version = 1\n[clips\n", "not valid TOML"),
        ("name = 'x'\n", "format_version"),
        ("format_version = 99\n", "update"),
        ("format_version = true\n", "format_version"),
    ],
)
def test_mistakes_in_study_toml(study: Study, text: str, words: str) -> None:
    study.toml_path.write_text(text)
    with pytest.raises(SettingsError, match=words) as caught:
        Study.open(study.folder)
    assert "study.toml" in str(caught.value)


def test_unknown_section(study: Study) -> None:
    with pytest.raises(SettingsError, match="known: clips"):
        study.section("clip")


def test_sweep(study: Study) -> None:
    recording = study.add_recording(RecordingInfo(id="m1"))
    stale = study.folder / "recordings" / ".new-m2-abc"
    stale.mkdir()
    os.utime(stale, (0, 0))
    report = study.folder / "results" / ".writing-report.html-1"
    report.parent.mkdir(exist_ok=True)
    report.write_text("half")
    assert study.sweep() == [stale]
    os.utime(report, (0, 0))
    assert study.sweep() == [report]
    assert recording.toml_path.exists()


READ_ONLY = """
import os
from mousegpt_core.errors import MouseGPTError
from mousegpt_core.study import Provenance, RecordingInfo, Study
import pandas as pd, pyarrow.parquet, pyarrow.pandas_compat, uuid
os.setuid(65534)
study = Study.open(sys.argv[1])
recording = study.recording("m1")
assert recording.store.entry("x") is None and recording.log.edits().empty
for call in (
    lambda: study.set_section("clips", rate=1),
    lambda: study.set_animal("m9", sex="f"),
    lambda: study.add_recording(RecordingInfo(id="m2")),
    lambda: recording.store.write_table(Provenance("x", 1), pd.DataFrame({"a": [1]})),
    lambda: recording.log.add_edit("description", "c", "overall", "x"),
    lambda: Study.create(sys.argv[1] + "/new"),
):
    try:
        call()
    except MouseGPTError as error:
        assert "writable" in error.hint, error
    else:
        raise SystemExit("was written")
print("good")
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs another user")
def test_read_only_study(start: Callable[..., subprocess.Popen[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the temporary folders of pytest let no other user in
        study = Study.create(Path(folder) / "study")
        study.add_recording(RecordingInfo(id="m1"))
        output, error = start(READ_ONLY, study.folder).communicate(timeout=60)
        assert output.strip() == "good", error
        study.folder.chmod(0o700)
        output, error = start(READ_ONLY, study.folder).communicate(timeout=60)
        assert "DataError" in error
        assert "you may read it" in error


def test_public_names() -> None:
    import mousegpt_core.study as package

    assert all(hasattr(package, name) for name in package.__all__)
