"""Figures: one file each, a function from tables to a matplotlib Figure; no pyplot, no state."""

from mousegpt_core.plots.ablation import plot_ablation
from mousegpt_core.plots.clip_map import plot_map
from mousegpt_core.plots.comparison import plot_comparison
from mousegpt_core.plots.confusion import plot_confusion
from mousegpt_core.plots.ethogram import plot_ethogram
from mousegpt_core.plots.scores import plot_scores
from mousegpt_core.plots.shares import plot_shares
from mousegpt_core.plots.speed import plot_speed
from mousegpt_core.plots.style import (
    OTHER,
    BehaviourKey,
    behaviour_colours,
    behaviour_key,
    group_colours,
    readable_name,
)
from mousegpt_core.plots.svg import to_svg
from mousegpt_core.plots.time_course import plot_time_course
from mousegpt_core.plots.trajectories import Track, plot_trajectories
from mousegpt_core.plots.transitions import plot_transitions

__all__ = [
    "OTHER",
    "BehaviourKey",
    "Track",
    "behaviour_colours",
    "behaviour_key",
    "group_colours",
    "plot_ablation",
    "plot_comparison",
    "plot_confusion",
    "plot_ethogram",
    "plot_map",
    "plot_scores",
    "plot_shares",
    "plot_speed",
    "plot_time_course",
    "plot_trajectories",
    "plot_transitions",
    "readable_name",
    "to_svg",
]
