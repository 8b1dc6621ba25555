"""One recording that cannot be read is named; the others are there."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mousegpt_core.errors import DataError, SettingsError
from mousegpt_core.study import Recording, RecordingInfo, Study

LOCKED = """
import os, sys
from mousegpt_core.study import Study
study = Study(sys.argv[1])
os.setuid(65534)
(name, error), = study.unreadable.items()
assert list(study.recordings) == ["m1", "m3"], study.recordings
assert name == "m2" and "may read it" in error.hint, error
print("good")
"""


@pytest.fixture
def three(study: Study) -> Study:
    for name in ("m1", "m2", "m3"):
        study.add_recording(RecordingInfo(id=name))
    return study


def test_a_damaged_recording_is_named_and_the_others_are_there(three: Study) -> None:
    toml = three.recording("m2").toml_path
    whole = toml.read_bytes()
    for damage in (b"id = 'm", b'[space]\nunit = "ells"\n', b"\xff\xfe\x00x"):
        toml.write_bytes(damage)
        assert list(three.recordings) == ["m1", "m3"]
        ((name, error),) = three.unreadable.items()
        assert name == "m2"
        assert str(toml) in error.message
        assert error.hint
    with pytest.raises(SettingsError):
        _ = three.recording("m2").info
    toml.write_bytes(whole)
    assert list(three.recordings) == ["m1", "m2", "m3"]
    assert three.unreadable == {}


def test_a_damaged_manifest_is_one_too(three: Study) -> None:
    manifest = three.recording("m2").folder / "manifest.json"
    manifest.write_text("{")
    assert list(three.recordings) == ["m1", "m3"]
    assert "delete this file" in three.unreadable["m2"].hint
    manifest.unlink()
    assert three.unreadable == {}


def test_a_folder_whose_name_is_no_id_is_named(three: Study) -> None:
    folder = three.recording("m2").folder
    folder.rename(folder.with_name("con.m2"))
    assert list(three.recordings) == ["m1", "m3"]
    assert "'con.m2' cannot be the id" in three.unreadable["con.m2"].message


def test_what_is_no_recording_is_passed_over(three: Study) -> None:
    root = three.folder / "recordings"
    (root / "notes.txt").write_text("mine")
    (root / "stills").mkdir()
    (root / ".new-m4").mkdir()
    (root / ".new-m4" / "recording.toml").write_text("id = ")
    assert list(three.recordings) == ["m1", "m2", "m3"]
    assert three.unreadable == {}


def test_sound_recordings_are_read_once(three: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(three.recordings) == 3

    def fail(recording: Recording) -> None:
        raise DataError(f"{recording.id} was read again", hint="it is as it was")

    monkeypatch.setattr(Recording, "info", property(fail))
    assert len(three.recordings) == 3
    three.recording("m2").toml_path.write_text('id = "m2"\nnotes = "other"\n')
    assert list(three.unreadable) == ["m2"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs another user")
@pytest.mark.parametrize("name", ["", "recording.toml"])
def test_a_recording_of_another_user(
    start: Callable[..., subprocess.Popen[str]], name: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the temporary folders of pytest let no other user in
        study = Study.create(Path(folder) / "study")
        for id in ("m1", "m2", "m3"):
            study.add_recording(RecordingInfo(id=id))
        (study.folder / "recordings" / "m2" / name).chmod(0)
        output, error = start(LOCKED, study.folder).communicate(timeout=60)
        assert output.strip() == "good", error
