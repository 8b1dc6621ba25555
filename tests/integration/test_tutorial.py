"""The tutorial's commands run as they stand, in their order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from commands import mousegpt

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
_BLOCK = re.compile(r"^```(bash|toml)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_commands_of_the_tutorial_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = _BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    (behaviours,) = (text for kind, text in blocks if kind == "toml")
    Path("behaviours.toml").write_text(behaviours, encoding="utf-8")
    lines = [line for kind, text in blocks if kind == "bash" for line in text.splitlines()]
    assert len(lines) > 5
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "mousegpt"
        done = mousegpt(*arguments)
        assert done.code == 0, f"{line}\n{done.err}"
    results = Path("my-study/results")
    assert (results / "report.html").is_file()
    assert (results / "export" / "bouts-activities-M1.csv").is_file()
