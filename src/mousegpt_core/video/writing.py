"""Writing films that every player shows."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import VideoError
from mousegpt_core.video.index import video_errors


def write_film(
    path: Path | str,
    frames: Iterable[NDArray[np.uint8]],
    fps: float,
    *,
    crf: int = 23,
    gop: int = 30,
) -> Path:
    """Write frames as H.264 (yuv420p), which every player shows.

    Parameters
    ----------
    path : Path
        The film to write; the ending chooses the container (mp4, mkv, ...).
    frames : iterable of arrays of shape (height, width, 3)
        uint8, RGB, all of one size; an odd side is extended by a row or column.
    fps : float
        Frames per second.
    crf : int
        Quality, 0 (best) to 51.
    gop : int
        Frames from one keyframe to the next.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    VideoError
        If there are no frames, they differ in size, or the file cannot be written.
    """
    import av

    path = Path(path)
    stream: Any = None
    shape: tuple[int, ...] = ()
    with video_errors(path, "the film cannot be written"), av.open(str(path), "w") as container:
        for image in frames:
            if stream is None:
                shape = image.shape
                stream = _add_stream(container, shape, fps, crf, gop)
            if image.shape != shape or image.dtype != np.uint8:
                raise VideoError(
                    f"{path}: frames differ", hint=f"all must be uint8 of shape {shape}"
                )
            picture = av.VideoFrame.from_ndarray(_even(image), format="rgb24")
            container.mux(stream.encode(picture))
        if stream is None:
            raise VideoError(f"{path}: no frames to write", hint="give at least one frame")
        container.mux(stream.encode())
    return path


def _add_stream(container: Any, shape: tuple[int, ...], fps: float, crf: int, gop: int) -> Any:
    if len(shape) != 3 or shape[2] != 3:
        raise ValueError(f"frames must be of shape (height, width, 3), not {shape}")
    stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(100_000))
    stream.height, stream.width = shape[0] + shape[0] % 2, shape[1] + shape[1] % 2
    stream.pix_fmt = "yuv420p"
    stream.gop_size = gop
    stream.options = {"crf": str(crf)}
    return stream


def _even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Extend an odd side by repeating its last row or column."""
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(image)
