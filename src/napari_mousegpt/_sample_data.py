"""Sample data that is made on first use."""

from __future__ import annotations

from napari_mousegpt.layers import LayerTuple, points_layer, skeleton_layer, tracks_layer


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
