"""Sample data that is made on first use."""

from __future__ import annotations

from napari_mousegpt.layers import LayerTuple, points_layers


def synthetic_mouse() -> list[LayerTuple]:
    """Twenty seconds of a synthetic mouse in 3D."""
    from mousegpt_core.synthetic import SimulationSettings, simulate

    recording = simulate(settings=SimulationSettings(duration_s=20.0, seed=1))
    return points_layers(recording.poses, name="synthetic mouse")
