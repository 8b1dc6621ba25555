"""A good small file of every format, to be damaged."""

from __future__ import annotations

import numpy as np
from scipy.io import savemat

from core.io.pose_files import (
    write_dlc_csv,
    write_dlc_fixed,
    write_dlc_table,
    write_label3d,
    write_label3d_hdf5,
    write_movement_hdf5,
    write_nwb,
    write_sleap,
)
from mousegpt_core.io import write_poses
from mousegpt_core.poses import make_poses

VALUES = np.random.default_rng(1).uniform(1, 200, (12, 6)).round(3)
NAMES = ["nose", "ear l"]


def _write_wide(path, values=VALUES):
    rows = "\n".join(",".join(map(str, row)) for row in values)
    path.write_text(f"nose_x,nose_y,nose_likelihood,ear l_x,ear l_y,ear l_likelihood\n{rows}\n")
    return path


def _write_plain(path, values=VALUES):
    np.savetxt(path, values, delimiter=",", fmt="%.3f")
    return path


def _write_sleap(path, values=VALUES):
    position = values.reshape(len(values), 2, 3)[:, :, :2].transpose(2, 1, 0)[None]
    return write_sleap(path, position, np.full((1, 2, len(values)), 0.5))


def _write_anipose(path, values=VALUES):
    parts = [[f"{name}_{kind}" for kind in ("x", "y", "z", "error", "ncams")] for name in NAMES]
    rows = [[*parts[0], *parts[1], "fnum"]]
    rows += [[*row[:3], 0.5, 3, *row[3:], 0.5, 3, n] for n, row in enumerate(values)]
    path.write_text("\n".join(",".join(map(str, row)) for row in rows))
    return path


def _write_long(path, values=VALUES):
    rows = ["frame,individual,bodypart,x,y,score"]
    for number, row in enumerate(values):
        rows += [
            f"{number},m,{name},{','.join(map(str, row[at : at + 3]))}"
            for at, name in ((0, "nose"), (3, "ear l"))
        ]
    path.write_text("\n".join(rows))
    return path


def _write_own(name):
    """Writer of one of our own formats of 2D poses."""

    def write(path, values=VALUES):
        cube = values.reshape(len(values), 2, 3).transpose(0, 2, 1)[..., None]
        poses = make_poses(cube[:, :2], cube[:, 2], keypoints=NAMES, fps=10)
        return write_poses(poses, path, format=name)

    return write


def _write_dannce(path, values=VALUES):
    pred = np.repeat(values.reshape(len(values), 3, 2), 11, axis=2)
    savemat(path, {"pred": pred})
    return path


def _write_labels(write):
    """Writer of labels of 22 keypoints, in one of MATLAB's two kinds of files."""

    def write_(path, values=VALUES):
        space = np.tile(values, 11)
        return write(path, space, [space[:, :44]] * 2, np.arange(len(values))[None])

    return write_


def _write_qualisys(path, values=VALUES):
    data = np.ones((2, 4, len(values)))
    data[:, :3] = values.reshape(len(values), 2, 3).transpose(1, 2, 0)
    labelled = {"Count": 2.0, "Labels": np.array(NAMES, dtype=object), "Data": data}
    head = {"File": "m.qtm", "StartFrame": 5.0, "Frames": 12.0, "FrameRate": 10.0}
    savemat(path, {"m7": {**head, "Trajectories": {"Labeled": labelled}}})
    return path


def write_trc(path, values=VALUES, *, times=None, rate="10"):
    head = [
        ["PathFileType", "4", "(X/Y/Z)", path.name],
        ["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate"],
        [rate, rate, str(len(values)), "2", "mm", rate],
        ["Frame#", "Time", NAMES[0], "", "", NAMES[1], "", ""],
        ["", "", "X1", "Y1", "Z1", "X2", "Y2", "Z2"],
        [],
    ]
    seconds = np.arange(1, len(values) + 1) / 10 if times is None else times
    rows = [
        [str(number + 1), str(seconds[number]), *("" if np.isnan(v) else str(v) for v in row)]
        for number, row in enumerate(values)
    ]
    path.write_text("".join("\t".join(row) + "\n" for row in (*head, *rows)))
    return path


#: Ending, writer, and the format where the name is not that.
MADE = {
    "dlc-csv": (".csv", write_dlc_csv),
    "wide-csv": (".csv", _write_wide),
    "long-csv": (".csv", _write_long),
    "plain-csv": (".csv", _write_plain),
    "anipose-csv": (".csv", _write_anipose),
    "dlc-h5": (".h5", write_dlc_fixed),
    "dlc-h5, table": (".h5", write_dlc_table),
    "sleap-h5": (".h5", _write_sleap),
    "movement": (".nc", _write_own("movement")),
    "movement, in HDF5": (".nc", write_movement_hdf5),
    "nwb": (".nwb", write_nwb),
    "sleap-slp": (".slp", _write_own("sleap-slp")),
    "coco": (".json", _write_own("coco")),
    "dannce-mat": (".mat", _write_dannce),
    "dannce-mat, labels": (".mat", _write_labels(write_label3d)),
    "dannce-mat, labels in HDF5": (".mat", _write_labels(write_label3d_hdf5)),
    "qualisys-mat": (".mat", _write_qualisys),
    "trc": (".trc", write_trc),
}


#: Files that are of another format, too, if one asks for it.
ALSO = {("anipose-csv", "wide-csv")}


def reader_of(name):
    return name.partition(",")[0]


def make(name, folder, values=VALUES):
    suffix, write = MADE[name]
    return write(folder / f"poses{suffix}", values)


def is_text(name):
    return MADE[name][0] in (".csv", ".json", ".trc")
