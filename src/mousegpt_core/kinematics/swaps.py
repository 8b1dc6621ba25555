"""Left and right taken for each other by the estimator for a moment, and put back."""

from __future__ import annotations

import numpy as np

from mousegpt_core.kinematics.signals import Bools, Floats, length

#: Two keypoints have changed places where staying costs so many times the way that changing does.
_PLAINLY = 3.0
#: Passes over exchanges that follow upon each other; each puts back those between longer stretches.
_PASSES = 4


def put_sides_back(
    position: Floats,
    seen: Bools,
    times: Floats,
    pairs: tuple[tuple[int, int], ...],
    longest_s: float,
) -> Floats:
    """Exchange left and right again where they changed places for a short time.

    From one frame to the next both keypoints of a pair jump to where the other was; some frames
    later they jump back. The shorter stretch between such exchanges is taken for the mistake.

    Parameters
    ----------
    position : array of shape (time, space, keypoint, individual)
        Any unit.
    seen : array of shape (time, keypoint, individual)
        Which positions count.
    times : array of shape (time,)
        Seconds, rising.
    pairs : tuple of (int, int)
        Left and right keypoints.
    longest_s : float
        Longer stretches are left as they are (s).

    Returns
    -------
    array of the shape of `position`
        `position` itself where nothing is exchanged.
    """
    found = position
    for left, right in pairs:
        for individual in range(position.shape[3]):
            both = np.flatnonzero(seen[:, left, individual] & seen[:, right, individual])
            sides = position[both][:, :, [left, right], individual]
            wrong = both[_exchanged(sides, times[both], longest_s)]
            if not len(wrong):
                continue
            found = found.copy() if found is position else found
            found[wrong, :, left, individual] = position[wrong, :, right, individual]
            found[wrong, :, right, individual] = position[wrong, :, left, individual]
    return found


def _exchanged(sides: Floats, times: Floats, longest_s: float) -> Bools:
    """Frames (of those given) in which the two sides (time, space, 2) are exchanged."""
    wrong = np.zeros(len(sides), dtype=bool)
    if len(sides) < 3:
        return wrong
    before, after = sides[:-1], sides[1:]
    stay = length(after - before).sum(axis=1)
    change = length(after - before[:, :, ::-1]).sum(axis=1)
    switches = np.flatnonzero(stay > _PLAINLY * change) + 1
    for _ in range(_PASSES):
        if len(switches) < 2:
            break
        edges = np.concatenate(([0], switches, [len(sides)]))
        starts, stops = edges[:-1], edges[1:]
        lasts = times[stops - 1] - times[starts]
        inner = np.arange(1, len(lasts) - 1)
        # Shorter than both neighbours; of two that follow upon each other only one is put back.
        short = (lasts[inner] <= longest_s) & (lasts[inner] <= lasts[inner - 1])
        short &= lasts[inner] < lasts[inner + 1]
        chosen = inner[short]
        if not len(chosen):
            break
        for piece in chosen:
            wrong[starts[piece] : stops[piece]] ^= True
        switches = np.setdiff1d(switches, np.concatenate((starts[chosen], stops[chosen])))
    return wrong
