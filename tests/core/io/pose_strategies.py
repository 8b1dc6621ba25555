"""Poses of any shape, for round trips."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mousegpt_core.poses import make_poses

#: Names that formats may stumble over.
NAMES = ["nose", "ear l", "tail_base_1", "Pfötchen", "x", "a,b", "1"]


@st.composite
def poses_datasets(draw, spaces=(2, 3), max_animals=2, errors=True, names=tuple(NAMES)):
    """A poses Dataset at 59.94 or 30 frames a second; the first frame is seen."""
    n_space = draw(st.sampled_from(spaces))
    shape = (draw(st.integers(2, 6)), n_space, draw(st.integers(1, 4)),
             draw(st.integers(1, max_animals)))  # fmt: skip
    position = draw(
        hnp.arrays(np.float32, shape, elements=st.floats(0.125, 1e6, width=32) | st.just(np.nan))
    )
    position[0] = 3.25
    missing = np.isnan(position).any(axis=1)
    position[np.broadcast_to(missing[:, None], position.shape)] = np.nan
    points = (shape[0], *shape[2:])
    trust = draw(st.none() | hnp.arrays(np.float32, points, elements=st.floats(0.125, 1, width=32)))
    error = np.full(points, 2.5, np.float32) if errors and n_space == 3 else None
    return make_poses(
        position,
        trust,
        keypoints=draw(st.permutations(names))[: shape[2]],
        individuals=["mouse", "m 2"][: shape[3]],
        fps=draw(st.sampled_from([30.0, 59.94])),
        frames=np.cumsum(draw(hnp.arrays(np.int64, shape[0], elements=st.integers(1, 9)))),
        reprojection_error=error,
        source_software=draw(st.sampled_from(["DeepLabCut", "SLEAP", ""])),
        source_file="",
        single_pictures=0,
    )
