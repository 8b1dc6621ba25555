"""Sample data: made on first use, or fetched once from where its makers keep it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mousegpt_core.errors import DataError
from mousegpt_core.progress import CancelledError
from napari_mousegpt.arriving import arrived
from napari_mousegpt.places import sample_folder

if TYPE_CHECKING:
    import xarray as xr

    from napari_mousegpt.layers import LayerTuple

#: Seconds without an answer after which nobody is there.
_PATIENCE_S = 10.0
_GITHUB = "https://raw.githubusercontent.com"


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
    f"{_GITHUB}/mlfpm/deepof/91640be8f1c66272d1f8f8895f7fe3ae3fd789e5"
    "/tests/test_examples/test_single_topview/Tables/test2DLC_csv_table.csv",
    "6ea84ec9be56900b0aacfad06c4da9f9fd9810ea63a99f5a4f762214eb800ee8",
)
#: A film of a mouse in an arena, from below, and its poses; example of VAME (GPL-3.0).
MOUSE_FROM_BELOW = (
    Remote(
        f"{_GITHUB}/LINCellularNeuroscience/VAME/cb6d198b765879772be67d69ba0a4e76265b3b0e"
        "/tests/tests_project_sample_data/cropped_video.mp4",
        "846338b43c51ad5976ca5e29d2a1b5f3d0511cc66c561061c4290d3ecdd0f2a7",
    ),
    Remote(
        f"{_GITHUB}/LINCellularNeuroscience/VAME/7afde0ed5a938e9edb0ebb6f4619f5ff3b1e73a4"
        "/tests/tests_project_sample_data/cropped_video.csv",
        "fe788815ec7f89f391894a82cebfccfec41b03bee73ef30b1e830119762f70f6",
    ),
)
#: A film of a mouse in an open field, from above; example of DeepLabCut (LGPL-3.0).
OPEN_FIELD = Remote(
    f"{_GITHUB}/DeepLabCut/DeepLabCut/2df0f46c8c8c56c8238b46b3d58384163bafb2f0"
    "/examples/openfield-Pranav-2018-10-30/videos/m3v1mp4.mp4",
    "e2394b4221821cdb7206910a6efcec9db338cb497d1f880bd5a0ef2fd087ce59",
)


def _anipose(file: str, sha256: str) -> Remote:
    state = "aa6e68f27f2f7a64163c0739c17c8cf58837036f"
    return Remote(
        f"{_GITHUB}/talmolab/sleap-anipose/{state}/tests/data/minimal_session/{file}", sha256
    )


#: A mouse seen by four cameras: films and poses of each; example of sleap-anipose (GPL-3.0).
FOUR_CAMERAS = (
    _anipose(
        "back/minimal_back.mp4",
        "192b0e139114606905b145c66093f7b90738513ae3d8dc4e1db615b70ee9b63b",
    ),
    _anipose(
        "back/minimal_back_proofread.slp",
        "6929937df7982888736ab61085f3fa9cc260e6dbaf81a5b464d00633e36d5268",
    ),
    _anipose(
        "mid/minimal_mid.mp4",
        "3b23235db6f4194609b6c46f24b838b215a4639c272cc678891923e641d1bf7f",
    ),
    _anipose(
        "mid/minimal_mid_proofread.slp",
        "76c4935cf9f02f294764cb3d03a78057619b7dcf720f6363a8d83116fe3d3021",
    ),
    _anipose(
        "side/minimal_side.mp4",
        "55f74506444dda49d374e0a87deb3f6cc49b6ac8fbc4cbd4d9ad2f1fe2c1218c",
    ),
    _anipose(
        "side/minimal_side_proofread.slp",
        "21ac244a6a0d34c423a968bfc49bb57c5a385c50c95f1b6427d854176c8e1731",
    ),
    _anipose(
        "top/minimal_top.mp4",
        "4bc2efd6e312afb90933241ab8700a5434497a63a5945aa2970d627a1cc289a7",
    ),
    _anipose(
        "top/minimal_top_proofread.slp",
        "967639f84ea4d86d8f3f29b5bf73acb4d3e70887bf48777b5715314aae1a7902",
    ),
)


def synthetic_mouse() -> list[LayerTuple]:
    """Twenty seconds of a synthetic mouse in 3D.

    Raises
    ------
    DataError
        If it was given up; so do the others, and where a file cannot be fetched, or is not what
        it should be.
    """
    return _in_window(_synthetic_mouse, "Making a synthetic mouse")


def mouse_from_above() -> list[LayerTuple]:
    """Four seconds of a real mouse, seen from above: 14 keypoints."""
    return _in_window(_mouse_from_above)


def mouse_from_below() -> list[LayerTuple]:
    """Thirty seconds of a real mouse, filmed from below, with 6 keypoints."""
    return _in_window(_mouse_from_below)


def open_field() -> list[LayerTuple]:
    """The film of a real mouse in an open field, 78 s, from above; it has no keypoints."""
    return _in_window(_open_field)


def four_cameras() -> list[LayerTuple]:
    """A real mouse, filmed by four cameras in step, with 15 keypoints in each picture."""
    return _in_window(_four_cameras)


def _in_window(
    make: Callable[[], list[LayerTuple]], title: str = "Fetching a sample"
) -> list[LayerTuple]:
    """Make the layers of a sample; in a window it goes on, and has all but the last by then."""
    try:
        layers = arrived(make, title)
    except CancelledError as error:
        raise DataError("the sample was given up", hint="choose it again at any time") from error
    # napari takes layers of readers only, of samples no more than what they are made of.
    return [each if isinstance(each, tuple) else each.as_layer_data_tuple() for each in layers]


def _synthetic_mouse() -> list[LayerTuple]:
    from mousegpt_core.synthetic import SimulationSettings, simulate

    recording = simulate(settings=SimulationSettings(duration_s=20.0, seed=1))
    return poses_layers(recording.poses, name="synthetic mouse")


def _mouse_from_above() -> list[LayerTuple]:
    (file,) = _fetched(MOUSE_FROM_ABOVE)
    return poses_layers(_read(file), name="mouse")


def _mouse_from_below() -> list[LayerTuple]:
    film, poses = _fetched(*MOUSE_FROM_BELOW)
    return film_and_poses(film, poses, name="mouse")


def _open_field() -> list[LayerTuple]:
    from mousegpt_core.video import open_film
    from napari_mousegpt.layers import film_layer

    (file,) = _fetched(OPEN_FIELD)
    return [film_layer(open_film(file), name="open field")]


def _four_cameras() -> list[LayerTuple]:
    files = _fetched(*FOUR_CAMERAS)
    return views_beside(list(zip(files[::2], files[1::2], strict=True)))


def poses_layers(poses: xr.Dataset, *, name: str) -> list[LayerTuple]:
    """Trails, skeleton and points."""
    from mousegpt_core.skeletons import guess_skeleton
    from napari_mousegpt.layers import points_layer, skeleton_layer, tracks_layer

    edges = guess_skeleton([str(each) for each in poses["keypoint"].values]).skeleton.edges
    trails = tracks_layer(poses, name=f"{name} trail")
    return [
        *([trails] if trails is not None else []),
        skeleton_layer(poses, edges, name=f"{name} skeleton"),
        points_layer(poses, name=name),
    ]


def film_and_poses(film: Path, poses: Path, *, name: str) -> list[LayerTuple]:
    """A film with its trails, skeleton and points."""
    from mousegpt_core.video import open_film
    from napari_mousegpt.layers import film_layer

    # It is opened again when it is shown: not at all where the poses cannot be read.
    with open_film(film) as opened:
        over = poses_layers(_read(poses, fps=opened.fps), name=name)
    return [film_layer(opened, name=f"{name} film"), *over]


def views_beside(views: Sequence[tuple[Path, Path]]) -> list[LayerTuple]:
    """Films that began together, with their poses, beside each other."""
    from napari_mousegpt.arranging import side_by_side
    from napari_mousegpt.layers import beside

    shown = [film_and_poses(*view, name=view[0].parent.name) for view in views]
    places = side_by_side([layers[0][0].shape[1:3] for layers in shown])
    return [
        layer
        for layers, place in zip(shown, places, strict=True)
        for layer in beside(layers, place)
    ]


def _read(file: Path, *, fps: float = 25.0) -> xr.Dataset:
    from mousegpt_core.io import read_poses

    return read_poses(file, fps=fps)


def _fetched(*remotes: Remote) -> list[Path]:
    return [fetch(remote, sample_folder() / "fetched") for remote in remotes]


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
                # Of the same name are others, and views are called as their folders.
                path=folder / remote.sha256[:12] / remote.url.rsplit("/", 2)[-2],
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
