"""A synthetic mouse: known 3D, behaviours and treatment effects; sample data and ground truth."""

from mousegpt_core.synthetic.body import KEYPOINTS
from mousegpt_core.synthetic.cohort import (
    EFFECTS,
    Animal,
    CohortSettings,
    Effect,
    draw_animals,
    effects_table,
    simulate_cohort,
)
from mousegpt_core.synthetic.dataset import DatasetSettings, write_cohort
from mousegpt_core.synthetic.noise import NoiseSettings, add_noise
from mousegpt_core.synthetic.presets import preset_camera, preset_rig
from mousegpt_core.synthetic.render import Renderer
from mousegpt_core.synthetic.script import BehaviourScript, draw_script
from mousegpt_core.synthetic.session import Session, SessionSettings, record_session
from mousegpt_core.synthetic.session_files import write_session
from mousegpt_core.synthetic.simulate import (
    SimulationSettings,
    SyntheticRecording,
    simulate,
    simulate_group,
)

__all__ = [
    "EFFECTS",
    "KEYPOINTS",
    "Animal",
    "BehaviourScript",
    "CohortSettings",
    "DatasetSettings",
    "Effect",
    "NoiseSettings",
    "Renderer",
    "Session",
    "SessionSettings",
    "SimulationSettings",
    "SyntheticRecording",
    "add_noise",
    "draw_animals",
    "draw_script",
    "effects_table",
    "preset_camera",
    "preset_rig",
    "record_session",
    "simulate",
    "simulate_cohort",
    "simulate_group",
    "write_cohort",
    "write_session",
]
