"""The chain of migrations."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mousegpt_core.errors import DataError, StudyLockedError
from mousegpt_core.study import RecordingInfo, Study
from mousegpt_core.study.migrations import finish_migration, migrate


def first(study: Path, staging: Path) -> None:
    """Format 1 to 2: notes of the study move to a file of their own."""
    (staging / "notes.toml").write_text("old = true\n")


def second(study: Path, staging: Path) -> None:
    """Format 2 to 3: sees what the first did."""
    text = (study / "notes.toml").read_text()
    (staging / "notes.toml").write_text(text + "new = true\n")
    for path in study.glob("recordings/*/recording.toml"):
        target = staging / path.relative_to(study)
        target.parent.mkdir(parents=True)
        target.write_text("# migrated\n" + path.read_text())


CHAIN = {1: first, 2: second}


@pytest.fixture
def old(study: Study) -> Study:
    study.add_recording(RecordingInfo(id="m1"))
    text = study.toml_path.read_text(encoding="utf-8")
    study.toml_path.write_text(text + "# mine\n", encoding="utf-8")
    return study


def state(study: Study) -> dict[str, bytes]:
    return {
        path.relative_to(study.folder).as_posix(): path.read_bytes()
        for path in study.folder.rglob("*")
        if path.is_file() and ".locks" not in path.parts and ".migration" not in path.parts
    }


def test_chain_with_backup(old: Study) -> None:
    before = state(old)
    migrate(old.folder, 1, target=3, migrations=CHAIN)
    after = state(old)
    assert "format_version = 3" in after["study.toml"].decode()
    assert "# mine" in after["study.toml"].decode()
    assert after["notes.toml"] == b"old = true\nnew = true\n"
    assert after["recordings/m1/recording.toml"].startswith(b"# migrated")
    for name in ("study.toml", "recordings/m1/recording.toml"):
        assert after[f"backup/format-1/{name}"] == before[name]
    assert not (old.folder / ".migration").exists()


def test_killed_before_it_is_final(old: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(old)

    def fail(study: Path, staging: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(old.folder, 1, target=3, migrations={1: first, 2: fail})
    finish_migration(old.folder)
    assert state(old) == before
    Study.open(old.folder)


def test_killed_while_it_is_applied(old: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace
    calls = []

    def kill_at_third(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", kill_at_third)
        with pytest.raises(KeyboardInterrupt):
            migrate(old.folder, 1, target=3, migrations=CHAIN)
    assert "format_version = 1" in old.toml_path.read_text(encoding="utf-8")
    finish_migration(old.folder)
    after = state(old)
    assert "format_version = 3" in after["study.toml"].decode()
    assert after["recordings/m1/recording.toml"].startswith(b"# migrated")


def test_gap_in_the_chain(old: Study) -> None:
    before = state(old)
    with pytest.raises(DataError, match="from format 2 to 3"):
        migrate(old.folder, 1, target=3, migrations={1: first})
    finish_migration(old.folder)
    assert state(old) == before


def test_not_while_someone_works(old: Study) -> None:
    with old.recording("m1").store.lease("describe"), pytest.raises(StudyLockedError):
        migrate(old.folder, 1, target=3, migrations=CHAIN)
