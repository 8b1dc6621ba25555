"""Skeletons: which keypoint plays which anatomical role, so that 4 keypoints or 24 work alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from mousegpt_core.errors import SkeletonError

SIDES = ("left", "right")
LIMBS = ("foreleg_left", "foreleg_right", "hindleg_left", "hindleg_right")
_FORELEG = ("forepaw", "wrist", "elbow", "shoulder")
_HINDLEG = ("hindpaw", "ankle", "knee", "haunch")

#: Roles of one keypoint each, besides the two chains ``spine`` and ``tail``.
SINGLE_ROLES = (
    "nose",
    "head",
    *(f"{part}_{side}" for part in ("ear", "eye") for side in SIDES),
    "neck",
    "hip",
    "tail_base",
    "tail_tip",
    *(f"{part}_{side}" for part in (*_FORELEG, *_HINDLEG, "flank") for side in SIDES),
)
#: Roles of any number of keypoints in order: spine from neck to hip, tail from base to tip.
CHAIN_ROLES = ("spine", "tail")
ROLES = (*SINGLE_ROLES, *CHAIN_ROLES)

REGIONS = ("head", "torso", "limbs", "tail")


@dataclass(frozen=True)
class Skeleton:
    """Keypoints and their roles.

    Attributes
    ----------
    name : str
        Name of the skeleton.
    keypoints : tuple of str
        Names as in the pose files, in their order.
    roles : Mapping of str to tuple of str
        Role to keypoints; roles that are not listed are absent. Keypoints may have no role.
    unseen : tuple of str
        Activities that its keypoints cannot show although they have the roles, with their kinds.

    Raises
    ------
    SkeletonError
        If a role or keypoint is unknown, or a keypoint has two roles.
    """

    name: str
    keypoints: tuple[str, ...]
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for role, members in self.roles.items():
            if role not in ROLES:
                raise SkeletonError(f"unknown role {role!r}", hint="roles: " + ", ".join(ROLES))
            if role in SINGLE_ROLES and len(members) > 1:
                raise SkeletonError(
                    f"role {role!r} takes one keypoint",
                    found=", ".join(members),
                    hint="keep one of them for this role",
                )
            for member in members:
                if member not in self.keypoints:
                    raise SkeletonError(
                        f"role {role!r} names a keypoint that is not there",
                        expected="one of " + ", ".join(self.keypoints),
                        found=member,
                        hint="correct the name in study.toml [skeletons]",
                    )
                if member in seen:
                    raise SkeletonError(
                        f"keypoint {member!r} has two roles",
                        found=f"{seen[member]}, {role}",
                        hint="delete it from one of the two in study.toml [skeletons]",
                    )
                seen[member] = role

    def keypoint(self, role: str) -> str | None:
        """The first keypoint of a role, or None."""
        members = self.roles.get(role, ())
        return members[0] if members else None

    def has(self, *roles: str) -> bool:
        """Whether every one of these roles has a keypoint."""
        return all(self.roles.get(role) for role in roles)

    def role_of(self, keypoint: str) -> str | None:
        """The role of a keypoint, or None."""
        return next((role for role, members in self.roles.items() if keypoint in members), None)

    def limb(self, limb: str) -> tuple[str, ...]:
        """Keypoints of one of `LIMBS`, from the paw to the body."""
        kind, _, side = limb.partition("_")
        parts = _FORELEG if kind == "foreleg" else _HINDLEG
        found = (self.keypoint(f"{part}_{side}") for part in parts)
        return tuple(name for name in found if name is not None)

    def paw(self, limb: str) -> str | None:
        """The paw of one of `LIMBS`, or None where it is not tracked."""
        kind, _, side = limb.partition("_")
        return self.keypoint(f"{'forepaw' if kind == 'foreleg' else 'hindpaw'}_{side}")

    @property
    def tail_chain(self) -> tuple[str, ...]:
        """Tail keypoints from base to tip."""
        return (
            *self.roles.get("tail_base", ()),
            *self.roles.get("tail", ()),
            *self.roles.get("tail_tip", ()),
        )

    @property
    def spine_chain(self) -> tuple[str, ...]:
        """Keypoints of the body's midline from neck to tail base."""
        return tuple(
            name
            for role in ("neck", "spine", "hip", "tail_base")
            for name in self.roles.get(role, ())
        )

    @property
    def regions(self) -> dict[str, tuple[str, ...]]:
        """Body region (`REGIONS`) to its keypoints; regions without keypoints are left out."""
        members: dict[str, list[str]] = {region: [] for region in REGIONS}
        for role, names in self.roles.items():
            members[_region_of(role)].extend(names)
        return {region: tuple(names) for region, names in members.items() if names}

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Left and right keypoints that mirror each other."""
        found = []
        for role in self.roles:
            if role.endswith("_left"):
                left, right = (
                    self.keypoint(role),
                    self.keypoint(role.removesuffix("_left") + "_right"),
                )
                if left and right:
                    found.append((left, right))
        return tuple(found)

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Keypoints joined by a line in pictures: midline, ears, limbs, tail."""
        head = self.keypoint("head")
        front = tuple(name for name in (self.keypoint("nose"), head) if name)
        midline = (*front, *self.spine_chain, *self.tail_chain[1 if self.has("tail_base") else 0 :])
        lines = list(pairwise(midline))
        anchor = self.keypoint("nose") or head or self.keypoint("neck")
        lines += [
            (anchor, ear) for ear in map(self.keypoint, ("ear_left", "ear_right")) if anchor and ear
        ]
        for limb in LIMBS:
            chain = self.limb(limb)
            root = self._limb_root(limb)
            chain = (*chain, root) if chain and root else chain
            lines += list(pairwise(chain))
        return tuple(lines)

    def select(self, keypoints: Sequence[str]) -> Skeleton:
        """The skeleton reduced to some of its keypoints."""
        kept = {
            role: tuple(name for name in members if name in keypoints)
            for role, members in self.roles.items()
        }
        roles = {role: names for role, names in kept.items() if names}
        return replace(self, keypoints=tuple(keypoints), roles=roles)

    def _limb_root(self, limb: str) -> str | None:
        """Where a limb meets the midline."""
        spine = self.spine_chain
        if not spine:
            return None
        if limb.startswith("fore"):
            return spine[0]
        return self.keypoint("hip") or spine[-1]


def _region_of(role: str) -> str:
    part = role.removesuffix("_left").removesuffix("_right")
    if part in ("nose", "head", "ear", "eye"):
        return "head"
    if part in _FORELEG + _HINDLEG:
        return "limbs"
    return "tail" if part.startswith("tail") else "torso"
