"""Animals found in a film that has no poses."""

from mousegpt_core.pose.background import Background, learn_background
from mousegpt_core.pose.outline import poses_from_silhouettes
from mousegpt_core.pose.settings import SilhouetteSettings
from mousegpt_core.pose.silhouette import frames_used, silhouettes_in_blocks

__all__ = [
    "Background",
    "SilhouetteSettings",
    "frames_used",
    "learn_background",
    "poses_from_silhouettes",
    "silhouettes_in_blocks",
]
