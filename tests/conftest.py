"""Shared fixtures."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from small_disk import Disk

# A green run means the same tomorrow; `benchmarks/fuzz.py` looks for new trouble at random.
settings.register_profile("steady", derandomize=True, database=None)
settings.load_profile("steady")

ROOT = Path(__file__).resolve().parents[1]
TEST_DATA = Path(os.environ.get("MOUSEGPT_TEST_DATA", ROOT.parent / "shared" / "data"))
#: `tiny_vlm.py` there makes small random vision-language models.
TEST_TOOLS = Path(os.environ.get("MOUSEGPT_TEST_TOOLS", TEST_DATA.parent / "tools"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the slow integrations too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow: run with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def test_data() -> Callable[[str], Path]:
    """Path of a real recording's folder; skips where it is absent."""

    def find(name: str) -> Path:
        folder = TEST_DATA / name
        if not folder.is_dir():
            pytest.skip(f"real recording {name!r} not found in MOUSEGPT_TEST_DATA ({TEST_DATA})")
        return folder

    return find


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of a small random vision-language model of a kind; skips where none can be made."""
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        for package in ("torch", "transformers", "llguidance"):
            pytest.importorskip(package)
        tool = TEST_TOOLS / "tiny_vlm.py"
        if not tool.is_file():
            pytest.skip(f"tiny_vlm.py not found in MOUSEGPT_TEST_TOOLS ({TEST_TOOLS})")
        if kind not in made:
            folder = tmp_path_factory.mktemp("models") / kind
            command = [sys.executable, str(tool), str(folder), kind]
            subprocess.run(command, check=True, capture_output=True, timeout=300)
            made[kind] = folder
        return made[kind]

    return make


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small disk of its own; skips where none can be made."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        disk = Disk(place)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a disk of its own can only be made by root on Linux")
    yield disk
    disk.close()
