"""The manifest is found after every kind of install, and what it names can be called."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from npe2 import PluginManifest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with our wheel and sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder


def test_the_installed_manifest_is_found_and_valid() -> None:
    manifest = PluginManifest.from_distribution("napari-mousegpt")
    manifest.validate_imports()
    assert manifest.display_name == "MouseGPT"


def test_the_wheel_carries_both_packages_and_the_manifest(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "napari_mousegpt/napari.yaml" in names
    assert "mousegpt_core/describe/ethogram.toml" in names
    assert any(name.endswith("report.html.j2") for name in names)
    assert not any("tests" in Path(name).parts for name in names)


def test_npe2_finds_the_manifest_of_the_installed_wheel(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*pip, str(tmp_path), str(wheel)], check=True, capture_output=True)
    code = (
        "import npe2, napari_mousegpt;"
        "m = npe2.PluginManifest.from_distribution('napari-mousegpt');"
        "print(napari_mousegpt.__file__); print(m.name)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
    )
    home, name = run.stdout.split()
    assert Path(home).is_relative_to(tmp_path)
    assert name == "napari-mousegpt"


def test_the_sdist_has_the_manifest_at_the_top(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"napari.yaml", "pyproject.toml", "src/napari_mousegpt/napari.yaml"} <= names


def test_the_manifest_at_the_top_is_that_of_the_package() -> None:
    top, real = ROOT / "napari.yaml", ROOT / "src" / "napari_mousegpt" / "napari.yaml"
    # A checkout without symlinks holds the link's target as text.
    assert top.read_text() in (real.read_text(), "src/napari_mousegpt/napari.yaml")
