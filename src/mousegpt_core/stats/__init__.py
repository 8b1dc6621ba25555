"""Shares, bouts and transitions of behaviours, and how groups of animals differ in them."""

from mousegpt_core.stats.compare import (
    Comparison,
    ComparisonSettings,
    PairComparison,
    compare_groups,
    comparison_table,
)
from mousegpt_core.stats.groups import order_groups, treatment_of
from mousegpt_core.stats.movement import Movement, movement_summary
from mousegpt_core.stats.shares import (
    Subject,
    behaviour_shares,
    dominant_behaviours,
    shares_by_animal,
    windowed_shares,
)
from mousegpt_core.stats.transitions import transition_counts, transition_shares
from mousegpt_core.stats.words import say_comparison, say_p, say_share
from mousegpt_core.stats.zones import ZoneUse, zone_use

__all__ = [
    "Comparison",
    "ComparisonSettings",
    "Movement",
    "PairComparison",
    "Subject",
    "ZoneUse",
    "behaviour_shares",
    "compare_groups",
    "comparison_table",
    "dominant_behaviours",
    "movement_summary",
    "order_groups",
    "say_comparison",
    "say_p",
    "say_share",
    "shares_by_animal",
    "transition_counts",
    "transition_shares",
    "treatment_of",
    "windowed_shares",
    "zone_use",
]
