"""Speed and memory of the kinematics: 20 minutes of 60 fps, 24 keypoints in 3D.

Run with ``python benchmarks/kinematics.py [FRAMES]``.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from mousegpt_core.kinematics import compute_kinematics, kinematics_in_blocks, prepare_scene
from mousegpt_core.poses import make_poses
from mousegpt_core.skeleton import Skeleton

FPS = 60.0
ROLES: dict[str, tuple[str, ...]] = {
    "ear_left": ("EarL",),
    "ear_right": ("EarR",),
    "nose": ("Snout",),
    "spine": ("SpineF", "SpineG", "SpineH"),
    "hip": ("Hip",),
    "tail_base": ("TailBase",),
    "tail": ("TailMid",),
    "tail_tip": ("TailEnd",),
    **{
        f"{part}_{side}": (f"{part.capitalize()}{side[0].upper()}",)
        for side in ("left", "right")
        for part in ("forepaw", "wrist", "elbow", "shoulder", "hindpaw", "ankle", "knee")
    },
}


def main() -> None:
    """Print frames per second and peak memory, at once and in blocks."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 72_000
    names = [name for members in ROLES.values() for name in members]
    skeleton = Skeleton("benchmark", tuple(names), ROLES)
    rng = np.random.default_rng(0)
    path = np.cumsum(rng.normal(0, 0.05, (frames, 3, 1, 1)), axis=0)
    offset = rng.normal(0, 2, (1, 3, len(names), 1))
    position = (path + offset + rng.normal(0, 0.05, (frames, 3, len(names), 1))).astype(np.float32)
    position[rng.random((frames, len(names), 1)).repeat(3, 1).reshape(frames, 3, -1, 1) < 0.02] = (
        np.nan
    )
    poses = make_poses(position, keypoints=names, fps=FPS, unit="cm")
    del position, path
    start = time.perf_counter()
    scene = prepare_scene(poses, skeleton)
    fitted = time.perf_counter()
    for block in kinematics_in_blocks(poses, skeleton, scene, block_frames=20_000):
        del block
    blocks = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    compute_kinematics(poses, skeleton, scene)
    whole = time.perf_counter()
    print(f"{frames} frames, {len(names)} keypoints, 3D")
    print(f"scene              {fitted - start:6.2f} s")
    print(f"in blocks          {blocks - fitted:6.2f} s, peak memory so far {memory:.0f} MB")
    print(f"at once            {whole - blocks:6.2f} s")
    print(f"times real time    {frames / FPS / (blocks - start):6.0f}")


if __name__ == "__main__":
    main()
