"""Where the plugin keeps what it makes itself."""

from __future__ import annotations

import os
from pathlib import Path


def sample_folder() -> Path:
    """Folder of the sample study: in the user's cache, or where ``MOUSEGPT_SAMPLE`` says."""
    given = os.environ.get("MOUSEGPT_SAMPLE")
    if given:
        return Path(given)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("napari-mousegpt")) / "sample"
