"""Whether the window rests: what nobody waits for is done then, not while something moves."""

from __future__ import annotations

import time

#: Nothing has moved for so long (s): longer than from step to step of one who goes on.
_REST_S = 0.3


class Rest:
    """Knows when something was last moved: a slider, what one looks at, pictures that came."""

    def __init__(self) -> None:
        self._moved = -_REST_S

    def end(self) -> None:
        """Something moves."""
        self._moved = time.monotonic()

    @property
    def is_there(self) -> bool:
        """Whether nothing has moved for a while."""
        return self.lasts_s >= _REST_S

    @property
    def lasts_s(self) -> float:
        """For how long nothing has moved (s)."""
        return time.monotonic() - self._moved


#: Of all windows, as they have one loop, and one Python.
rest = Rest()
