"""Skeletons that are built in, and the guess of roles from keypoint names.

Sources: MouseGPT (24 keypoints), DANNCE mouse22, the sets of published DeepLabCut and SLEAP
projects. Sides of SUBTLE-9 follow its authors' node table and were checked on the data: with z up,
the fifth and seventh joint lie to the right of the body's axis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mousegpt_core.errors import SkeletonError
from mousegpt_core.keypoint_names import NameReading, read_name
from mousegpt_core.skeleton import CHAIN_ROLES, ROLES, SINGLE_ROLES, Skeleton


def _skeleton(name: str, table: str) -> Skeleton:
    """Build a skeleton from lines ``keypoint role``; a dash is no role."""
    rows = [line.strip().rsplit(maxsplit=1) for line in table.strip().splitlines()]
    roles: dict[str, tuple[str, ...]] = {}
    for keypoint, role in rows:
        if role != "-":
            roles[role] = (*roles.get(role, ()), keypoint)
    ordered = {role: roles[role] for role in ROLES if role in roles}
    return Skeleton(name, tuple(keypoint for keypoint, _ in rows), ordered)


_LIMBS_22 = """
ForepawL forepaw_left
WristL wrist_left
ElbowL elbow_left
ShoulderL shoulder_left
ForepawR forepaw_right
WristR wrist_right
ElbowR elbow_right
ShoulderR shoulder_right
HindpawL hindpaw_left
AnkleL ankle_left
KneeL knee_left
HindpawR hindpaw_right
AnkleR ankle_right
KneeR knee_right
"""
_MOUSEGPT_24 = (
    """
EarL ear_left
EarR ear_right
Snout nose
SpineF spine
SpineG spine
SpineH spine
Hip hip
TailBase tail_base
TailMid tail
TailEnd tail_tip"""
    + _LIMBS_22
)
_DANNCE_22 = (
    """
EarL ear_left
EarR ear_right
Snout nose
SpineF spine
SpineM spine
Tail(base) tail_base
Tail(mid) tail
Tail(end) tail_tip"""
    + _LIMBS_22
)
_SLEAP_ANIPOSE_15 = """
Nose nose
Ear_R ear_right
Ear_L ear_left
TTI tail_base
TailTip tail_tip
Head head
Trunk spine
Tail_0 tail
Tail_1 tail
Tail_2 tail
Shoulder_left shoulder_left
Shoulder_right shoulder_right
Haunch_left haunch_left
Haunch_right haunch_right
Neck neck
"""
_SUBTLE_9 = """
nose nose
neck neck
anus tail_base
chest spine
right foot hindpaw_right
left foot hindpaw_left
right hand forepaw_right
left hand forepaw_left
tail tip tail_tip
"""
_OPENFIELD_4 = """
snout nose
leftear ear_left
rightear ear_right
tailbase tail_base
"""
_BEHAVIORDEPOT_8 = """
Nose nose
Left Ear ear_left
Right Ear ear_right
Tailbase tail_base
Left Leg haunch_left
Right Leg haunch_right
Mid-Back spine
Tail tail
"""
_DEEPOF_14 = """
Nose nose
Left_ear ear_left
Right_ear ear_right
Spine_1 spine
Center spine
Spine_2 spine
Tail_base tail_base
Tail_1 tail
Tail_2 tail
Tail_tip tail_tip
Left_bhip haunch_left
Right_bhip haunch_right
Left_fhip flank_left
Right_fhip flank_right
"""
_SUPERANIMAL_TOPVIEW_27 = """
nose nose
left_ear ear_left
right_ear ear_right
left_ear_tip -
right_ear_tip -
left_eye eye_left
right_eye eye_right
neck neck
mid_back spine
mouse_center spine
mid_backend spine
mid_backend2 spine
mid_backend3 spine
tail_base tail_base
tail1 tail
tail2 tail
tail3 tail
tail4 tail
tail5 tail
left_shoulder shoulder_left
left_midside flank_left
left_hip haunch_left
right_shoulder shoulder_right
right_midside flank_right
right_hip haunch_right
tail_end tail_tip
head_midpoint head
"""
_VAME_6 = """
Nose nose
Forehand-Left forepaw_left
Forehand-Right forepaw_right
Hindhand-Left hindpaw_left
Hindhand-Right hindpaw_right
Tailroot tail_base
"""
_BSOID_6 = """
Snout nose
Front Paw R forepaw_right
Front Paw L forepaw_left
Hind Paw R hindpaw_right
Hind Paw L hindpaw_left
Butt/Proximal Tail tail_base
"""
_DLCANALYZER_13 = """
nose nose
headcentre head
neck neck
earl ear_left
earr ear_right
bodycentre spine
bcl flank_left
bcr flank_right
hipl haunch_left
hipr haunch_right
tailbase tail_base
tailcentre tail
tailtip tail_tip
"""
_SILHOUETTE_5 = """
nose nose
front neck
centre spine
rear hip
tail_base tail_base
"""

#: Of animals that were found in a film without poses.
SILHOUETTE = "silhouette-5"
#: Name to skeleton.
BUILT_IN: dict[str, Skeleton] = {
    name: _skeleton(name, table)
    for name, table in {
        "MouseGPT-24": _MOUSEGPT_24,
        "DANNCE-22": _DANNCE_22,
        "SLEAP-anipose-15": _SLEAP_ANIPOSE_15,
        "SUBTLE-9": _SUBTLE_9,
        "DLC-openfield-4": _OPENFIELD_4,
        "BehaviorDEPOT-8": _BEHAVIORDEPOT_8,
        "deepof-14": _DEEPOF_14,
        "SuperAnimal-topview-27": _SUPERANIMAL_TOPVIEW_27,
        "VAME-6": _VAME_6,
        "B-SOiD-6": _BSOID_6,
        "DLCAnalyzer-13": _DLCANALYZER_13,
    }.items()
}
# An outline moves by its own uncertainty, as a head or a grooming mouse does.
BUILT_IN[SILHOUETTE] = replace(
    _skeleton(SILHOUETTE, _SILHOUETTE_5), unseen=("grooming", "sniffing", "head_twitch")
)


@dataclass(frozen=True)
class Guess:
    """Roles guessed from names, to be shown to the user and corrected.

    Attributes
    ----------
    skeleton : Skeleton
        With roles; keypoints in the order given.
    how : Mapping of str to str
        Keypoint to the reason for its role, or for having none.
    unassigned : tuple of str
        Keypoints without a role.
    """

    skeleton: Skeleton
    how: Mapping[str, str] = field(default_factory=dict)
    unassigned: tuple[str, ...] = ()


def find_built_in(name: str) -> Skeleton | None:
    """A built-in skeleton by its name, whatever its case, or None."""
    wanted = name.casefold()
    return next((each for each in BUILT_IN.values() if each.name.casefold() == wanted), None)


def guess_skeleton(keypoints: Sequence[str], name: str = "") -> Guess:
    """Guess which keypoint plays which role.

    If the names are exactly those of a built-in skeleton, its roles are taken; else each name is
    read (see `keypoint_names`). Every role of one keypoint goes to the name that says it most
    plainly. Where several views or animals are told apart by a word in the names (``nose_top``,
    ``nose_bot``), one group gets the roles.

    Parameters
    ----------
    keypoints : sequence of str
        Names as in the pose file, in any order.
    name : str
        Name for the skeleton; also chooses among built-in ones with the same keypoints.

    Raises
    ------
    SkeletonError
        If a name repeats.
    """
    names = tuple(str(keypoint) for keypoint in keypoints)
    repeated = sorted({point for point in names if names.count(point) > 1})
    if repeated:
        raise SkeletonError(
            f"keypoint names repeat: {', '.join(repeated)}",
            hint="give every keypoint a name of its own",
        )
    known = _matching_built_in(names, name)
    if known is not None:
        reasons = {point: f"{known.name}: {known.role_of(point) or 'no role'}" for point in names}
        skeleton = replace(known.select(names), name=name or known.name)
        return Guess(skeleton, reasons, tuple(n for n in names if known.role_of(n) is None))
    readings = _settle({point: read_name(point) for point in names})
    how: dict[str, str] = {}
    roles = _assign(readings, how)
    skeleton = Skeleton(name or "guessed", names, roles)
    assigned = {member for members in roles.values() for member in members}
    return Guess(skeleton, how, tuple(point for point in names if point not in assigned))


def _matching_built_in(names: tuple[str, ...], name: str) -> Skeleton | None:
    """The built-in skeleton with exactly these keypoints, by preference the one of that name."""
    fitting = [each for each in BUILT_IN.values() if set(each.keypoints) == set(names)]
    preferred = [each for each in fitting if each.name.casefold() == name.casefold()]
    return next(iter(preferred + fitting), None)


def _settle(readings: dict[str, NameReading]) -> dict[str, NameReading]:
    """Settle what single names leave open, by what stands beside them."""
    parts = {(reading.group, reading.part) for reading in readings.values()}
    tails = [point for point, reading in readings.items() if reading.part == "tail"]
    settled = {}
    for point, reading in readings.items():
        fore_hind = {(reading.group, part) for part in ("forepaw", "hindpaw")} & parts
        if reading.part == "leg":
            # Legs of a mouse seen from above are its haunches.
            reading = replace(reading, part="haunch", detail=3, assumed=True)
        elif reading.part == "paw":
            if fore_hind:
                reading = _drop(reading, "fore or hind is not said")
            else:
                reading = replace(reading, part="forepaw", detail=3, assumed=True)
        elif tails == [point] and (reading.group, "tail_base") not in parts and not reading.number:
            reading = replace(reading, part="tail_base", detail=3, assumed=True)
        elif _is_right_ear(point, reading, readings):
            reading = NameReading("ear", "right", group=reading.group)
        settled[point] = reading
    return _choose_group(settled)


def _is_right_ear(point: str, reading: NameReading, readings: dict[str, NameReading]) -> bool:
    """Whether ``rear`` means the right ear, because there is an ``lear``."""
    plain = "".join(char for char in point.lower() if char.isalpha())
    if reading.part or plain != "rear":
        return False
    ears = [(other.part, other.side) for other in readings.values() if other.group == reading.group]
    return ("ear", "left") in ears and ("ear", "right") not in ears


def _choose_group(readings: dict[str, NameReading]) -> dict[str, NameReading]:
    """Keep the roles of one view or animal where several claim the same role."""
    claims: dict[str, set[str]] = {}
    for reading in readings.values():
        if reading.group and reading.role:
            claims.setdefault(reading.group, set()).add(reading.role)
    if len(claims) < 2 or len(set().union(*claims.values())) == sum(map(len, claims.values())):
        return readings
    # From below all four paws are seen and the picture's plane is the floor.
    preferred = {"bottom": 0, "top": 1}
    chosen = min(claims, key=lambda group: (-len(claims[group]), preferred.get(group, 2), group))
    return {
        point: _drop(reading, f"belongs to {reading.group!r}; roles go to {chosen!r}")
        if reading.group not in ("", chosen) and reading.part
        else reading
        for point, reading in readings.items()
    }


def _drop(reading: NameReading, why_not: str) -> NameReading:
    return replace(reading, part="", side="", why_not=why_not)


def _assign(readings: dict[str, NameReading], how: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Roles to keypoints; writes the reasons into `how`."""
    for point, reading in readings.items():
        how[point] = reading.why_not
    roles: dict[str, tuple[str, ...]] = {}
    for role in ROLES:
        points = [point for point, reading in readings.items() if reading.role == role]
        if not points:
            continue
        if role in SINGLE_ROLES:
            points.sort(
                key=lambda point: (readings[point].detail, readings[point].number or 0, point)
            )
            for loser in points[1:]:
                how[loser] = f"{role} is already {points[0]!r}"
            points = points[:1]
        else:
            points = _in_chain_order(points, readings)
        roles[role] = tuple(points)
        for point in points:
            how[point] = _reason(role, readings[point])
    return roles


def _in_chain_order(points: list[str], readings: dict[str, NameReading]) -> list[str]:
    """Points of a chain from front to rear: by words, else by rank of their numbers."""
    plain = [readings[point] for point in points if readings[point].place is None]
    numbers = sorted({each.number for each in plain if each.number is not None})

    def place(point: str) -> tuple[float, str]:
        reading = readings[point]
        number = reading.number
        if reading.place is not None:
            return reading.place + 0.001 * min(number or 0, 99), point
        if number is not None:
            return (numbers.index(number) + 1) / (len(numbers) + 1), point
        return 0.5, point

    return sorted(points, key=place)


def _reason(role: str, reading: NameReading) -> str:
    """Why a keypoint has a role, in words."""
    words = role.replace("_", " ")
    if role in CHAIN_ROLES and reading.number is not None:
        words += f" number {reading.number}"
    where = f" in {reading.group!r}" if reading.group else ""
    return f"{'taken as' if reading.assumed else 'the name says'} {words}{where}"
