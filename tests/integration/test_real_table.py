"""The page on files tells what is read from real recordings, as their makers say it too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from mousegpt_core.io import read_poses, recognise_format
from mousegpt_core.video import Film

PAGE = Path(__file__).parents[2] / "docs" / "your-files.md"


@dataclass(frozen=True)
class Poses:
    """Files of poses of one kind in a folder.

    Attributes
    ----------
    views : int or tuple of str
        Number of files of a recording, or names of the views in one file.
    fps : float, optional
        None = nothing tells it.
    told : str
        Numbers that must be in the folder's SOURCE.txt.
    """

    folder: str
    pattern: str
    told: str
    fps: float | None = None
    views: int | tuple[str, ...] = 1
    keypoints: str = ""


CAMERAS = tuple(f"cam0{number}_json" for number in (1, 2, 3, 4))
ARENA = ("central", "mirror-bottom", "mirror-left", "mirror-right", "mirror-top")
POSES = [
    Poses("amadeusgpt-maushaus3d", "*.h5", "1000 30"),
    Poses("behaviordepot-freezing-demo1", "**/demo1_tracking.csv", "6000 8 50", fps=50),
    Poses("bsoid-openfield-bottomup", "**/raw_clip1*.csv", "7200 6"),
    Poses("bsoid-openfield-bottomup", "**/raw_clip1*.h5", "7200 6"),
    Poses("dannce-markerless-mouse-1", "**/label3d_dannce.mat", "81 22 6",
          views=("3d", *(f"Camera{number}" for number in range(1, 7)))),
    Poses("dannce-markerless-mouse-1", "**/label3d_demo.mat", "10 22"),
    Poses("dannce-markerless-mouse-1", "**/predict_results/save_data_*.mat", "1000 22"),
    Poses("dannce-markerless-mouse-1", "**/COM3D_undistorted.mat", "18000"),
    Poses("deepof-single-topview", "**/*_csv_table.csv", "14 25", fps=25),
    Poses("deepof-single-topview", "**/*_h5_table.h5", "100 14 25", fps=25),
    Poses("deepof-single-topview", "**/*.slp", "14 25", fps=25),
    Poses("deepof-single-topview", "**/*.analysis.h5", "14 25", fps=25),
    Poses("dlc-openfield", "**/CollectedData_*.csv", "116"),
    Poses("dlc-openfield", "**/CollectedData_*.h5", "116"),
    Poses("dlc2kinematics-reach3d", "*_2D.h5", "800 33"),
    Poses("dlc2kinematics-reach3d", "*_3D.h5", "800 33"),
    Poses("dlcanalyzer-epm-labels", "**/EPM_15*.csv", "962 25"),
    Poses("eks-fly-3cam-ensemble", "**/*rng=0.csv", "500 12 3", views=3),
    Poses("eks-ibl-paw-2cam", "**/*left.rng=*.csv", "1000 5"),
    Poses("eks-ibl-paw-2cam", "**/*right.rng=*.csv", "5"),
    Poses("iurilli-mirror-5view", "arena_views.h5", "8 5", views=ARENA),
    Poses("iurilli-mirror-5view", "arena_views_triangulated.h5", "8"),
    Poses("lightning-pose-mirror-mouse", "**/CollectedData.csv", "90 17"),
    Poses("mmpose-animal-coco", "animalpose/*.json", "2"),
    Poses("mmpose-animal-coco", "ap10k/*.json", "2", views=("antelope", "jaguar")),
    Poses("mmpose-animal-coco", "atrw/*.json", "2"),
    Poses("mmpose-animal-coco", "fly/*.json", "2"),
    Poses("mmpose-animal-coco", "locust/*.json", "2"),
    Poses("mmpose-animal-coco", "macaque/*.json", "2"),
    Poses("mmpose-animal-coco", "zebra/*.json", "2"),
    Poses("oist-mocap-drug", "**/*.mat", "300 10500 11", fps=300),
    Poses("pose2sim-single-4cam", "**/pose", "4 60 100", fps=60, views=CAMERAS),
    Poses("pose2sim-single-4cam", "**/*.trc", "60 100", fps=60),
    Poses("sleap-anipose-4view-mouse", "**/*proofread.slp", "4 120 15 30", fps=30, views=4),
    Poses("sleap-anipose-4view-mouse", "**/*proofread.analysis.h5", "4 120 15 30", fps=30,
          views=4),
    Poses("sleap-anipose-4view-mouse", "**/points3d.h5", "120 15 30", fps=30,
          keypoints="SLEAP-anipose-15"),
    Poses("subtle-avatar3d", "**/coords/*.csv", "8 9 20", fps=20, keypoints="SUBTLE-9"),
    Poses("vame-sample", "**/*.csv", "750 6 25", fps=25),
    Poses("vame-sample", "**/*.nwb", "750 6 25", fps=25),
]  # fmt: skip
#: Folder, pattern, numbers that must be in SOURCE.txt.
FILMS = [
    ("bsoid-openfield-bottomup", "**/*_hstacked.mp4", "1350x360 15"),
    ("caliscope-4cam-charuco-A", "**/cam_?.mp4", "4 1280x720 57"),
    ("deepof-single-topview", "**/*.mp4", "416x404 25 251"),
    ("dlc-openfield", "**/m3v1mp4.mp4", "640x480 30 2330"),
    ("iurilli-mirror-5view", "**/*.mp4", "101 60 5"),
    ("lightning-pose-mirror-mouse", "**/test_vid.mp4", "396x406 250 994"),
    ("sleap-anipose-4view-mouse", "*/*/minimal_*.mp4", "4 1280x1024 120 30"),
    ("sleap-anipose-4view-mouse", "**/*-calibration.MOV", "1280x1024 21"),
    ("vame-sample", "**/*.mp4", "1064x1070 25 749"),
]


def rows(title: str) -> list[str]:
    """Rows of the table under a heading of the page."""
    section = PAGE.read_text("utf-8").split(f"### {title}\n")[1].split("\n#")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][1:]


def check_told(folder: Path, numbers: str) -> None:
    told = re.findall(r"\d+(?:x\d+)?", (folder / "SOURCE.txt").read_text("utf-8"))
    assert set(numbers.split()) <= set(told)


def span(values: set[int]) -> str:
    return "-".join(str(value) for value in sorted({min(values), max(values)}))


def row_of_poses(root: Path, kind: Poses) -> str:
    files = sorted(root.glob(kind.pattern))
    names = kind.views if isinstance(kind.views, tuple) else (None,)
    found = [
        read_poses(
            file,
            fps=kind.fps or 30,
            view=name,
            keypoints=[kind.keypoints] if kind.keypoints else None,
        )
        for file in files
        for name in names
    ]
    counts = [
        span({poses.sizes[dim] for poses in found})
        for dim in ("time", "keypoint", "individual", "space")
    ]
    views = len(names) if isinstance(kind.views, tuple) else kind.views
    recordings = len(files) // (kind.views if isinstance(kind.views, int) else 1)
    pattern = kind.pattern.removeprefix("**/").replace("*", "\\*")
    cells = (kind.folder, pattern, recognise_format(files[0]), recordings, views, *counts,
             f"{kind.fps:g}" if kind.fps else "not told")  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def row_of_films(root: Path, folder: str, pattern: str) -> str:
    films = [Film(file) for file in sorted(root.glob(pattern))]
    sizes = {"x".join(str(side) for side in reversed(film.shape[1:3])) for film in films}
    rates = {f"{film.fps:.4g}" for film in films}
    frames = span({len(film) for film in films})
    cells = (folder, pattern.removeprefix("**/").replace("*", "\\*"), len(films), frames,
             ", ".join(sorted(sizes)), ", ".join(sorted(rates)))  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


@pytest.mark.parametrize("kind", POSES, ids=lambda kind: f"{kind.folder} {kind.pattern}")
def test_poses_are_as_the_page_and_their_makers_say(test_data, kind):
    folder = test_data(kind.folder)
    check_told(folder, kind.told)
    assert row_of_poses(folder, kind) in rows("Poses")


@pytest.mark.parametrize(("name", "pattern", "told"), FILMS)
def test_films_are_as_the_page_and_their_makers_say(test_data, name, pattern, told):
    folder = test_data(name)
    check_told(folder, told)
    assert row_of_films(folder, name, pattern) in rows("Films of these")


def test_the_page_has_no_other_rows():
    assert len(rows("Poses")) == len(POSES)
    assert len(rows("Films of these")) == len(FILMS)
