"""Sample data: made on first use, or fetched once from where its makers keep it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mousegpt_core.errors import DataError
from napari_mousegpt.layers import LayerTuple, points_layer, skeleton_layer, tracks_layer
from napari_mousegpt.places import sample_folder

#: Seconds without an answer after which nobody is there.
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Remote:
    """A file that others publish.

    Attributes
    ----------
    url : str
        Where it is, at one state of its repository, so that it stays the same.
    sha256 : str
        Hash of its content.
    """

    url: str
    sha256: str


#: 100 frames of an open field by DeepLabCut; example of DeepOF (MIT licence).
MOUSE_FROM_ABOVE = Remote(
    "https://raw.githubusercontent.com/mlfpm/deepof/91640be8f1c66272d1f8f8895f7fe3ae3fd789e5"
    "/tests/test_examples/test_single_topview/Tables/test2DLC_csv_table.csv",
    "6ea84ec9be56900b0aacfad06c4da9f9fd9810ea63a99f5a4f762214eb800ee8",
)
_FPS = 25.0


def synthetic_mouse() -> list[LayerTuple]:
    """Twenty seconds of a synthetic mouse in 3D."""
    from mousegpt_core.skeletons import guess_skeleton
    from mousegpt_core.synthetic import SimulationSettings, simulate

    recording = simulate(settings=SimulationSettings(duration_s=20.0, seed=1))
    poses = recording.poses
    edges = guess_skeleton([str(each) for each in poses["keypoint"].values]).skeleton.edges
    trails = tracks_layer(poses, name="synthetic mouse trail")
    return [
        *([trails] if trails is not None else []),
        skeleton_layer(poses, edges, name="synthetic mouse skeleton"),
        points_layer(poses, name="synthetic mouse"),
    ]


def mouse_from_above() -> list[LayerTuple]:
    """Four seconds of a real mouse, seen from above: 14 keypoints.

    Raises
    ------
    DataError
        If it cannot be fetched, or is not what it should be.
    """
    return poses_layers(fetch(MOUSE_FROM_ABOVE, sample_folder() / "fetched"))


def poses_layers(file: Path) -> list[LayerTuple]:
    """Trails, skeleton and points of a file of poses."""
    from mousegpt_core.io import read_poses
    from mousegpt_core.skeletons import guess_skeleton

    poses = read_poses(file, fps=_FPS)
    edges = guess_skeleton([str(each) for each in poses["keypoint"].values]).skeleton.edges
    trails = tracks_layer(poses, name="mouse trail")
    return [
        *([trails] if trails is not None else []),
        skeleton_layer(poses, edges, name="mouse skeleton"),
        points_layer(poses, name="mouse"),
    ]


def fetch(remote: Remote, folder: Path) -> Path:
    """The file, fetched unless it is there already.

    Parameters
    ----------
    remote : Remote
        What.
    folder : Path
        Where it is kept.

    Raises
    ------
    DataError
        If there is no connection, the file is not what it should be, or cannot be written.
    """
    try:
        import pooch
    except ImportError as error:
        raise DataError(
            "sample data of others is fetched by pooch, which is not installed",
            hint='pip install "napari-mousegpt[all]"',
        ) from error
    try:
        return Path(
            pooch.retrieve(
                remote.url,
                known_hash=f"sha256:{remote.sha256}",
                fname=remote.url.rsplit("/", 1)[-1],
                path=folder,
                downloader=pooch.HTTPDownloader(timeout=_PATIENCE_S),
            )
        )
    except OSError as error:  # requests' errors are such, too
        raise DataError(
            f"the sample could not be fetched: {type(error).__name__}",
            file=remote.url,
            hint="it needs a connection the first time; the synthetic samples need none",
        ) from error
    except ValueError as error:
        raise DataError(
            "the sample that was fetched is not the one that we know, and was not kept",
            file=remote.url,
            hint="try again, or take a synthetic sample; tell us if it stays like this",
        ) from error
