"""MATLAB's files as scipy writes them, and damaged ones."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import savemat

from core.io.damage import damaged
from mousegpt_core.errors import FormatError
from mousegpt_core.io.mat5 import Mat5
from mousegpt_core.io.mat_files import load_mat, mat_names

CELL = np.empty((1, 3), dtype=object)
CELL[0, :] = ["nose", np.eye(2), {"deep": 7.0}]
EVERYTHING = {
    "text": "Nüsse", "rows": np.array(["ab", "c"]), "cell": CELL, "nothing": np.zeros((0, 3)),
    "empty": "", "struct": {"rate": 30.0, "inner": {"names": CELL}},
    "several": np.array([[(1.0,), (2.0,)]], dtype=[("a", object)]), "yes": True,
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_texts_cells_and_structs(tmp_path, packed):
    path = tmp_path / "a.mat"
    savemat(path, EVERYTHING, do_compression=packed)
    found = load_mat(path, list(EVERYTHING))
    assert found["text"] == "Nüsse"
    assert found["rows"] == ["ab", "c"]
    assert found["empty"] == ""
    assert found["nothing"].shape == (0, 3)
    assert found["cell"][0] == "nose"
    np.testing.assert_array_equal(found["cell"][1], np.eye(2))
    assert found["cell"][2]["deep"].item() == 7
    assert found["struct"]["rate"].item() == 30
    assert found["struct"]["inner"]["names"][0] == "nose"
    assert found["several"]["a"].item() == 1
    assert found["yes"].item() == 1
    assert mat_names(path)["cell"] == (1, 3)
    assert load_mat(path, ["yes", "no"]).keys() == {"yes"}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=hnp.arrays(
        hnp.integer_dtypes() | hnp.unsigned_integer_dtypes() | hnp.floating_dtypes(sizes=(32, 64)),
        hnp.array_shapes(min_dims=2, max_dims=4, min_side=0),
    ),
    packed=st.booleans(),
)
def test_numbers_of_any_kind(values, packed, tmp_path):
    path = tmp_path / "a.mat"
    savemat(path, {"x": values, "after": 1.0}, do_compression=packed)
    found = Mat5(path).load(["x", "after"])
    np.testing.assert_array_equal(found["x"], values)
    assert found["x"].dtype == values.dtype.newbyteorder("=")
    assert found["after"].item() == 1
    assert Mat5(path).shapes()["x"] == values.shape


@pytest.mark.parametrize("packed", [False, True])
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_and_nothing_worse(tmp_path, packed, seed):
    path = tmp_path / "a.mat"
    savemat(path, EVERYTHING, do_compression=packed)
    path.write_bytes(damaged(path.read_bytes(), random.Random(seed), text=False))
    try:
        load_mat(path, list(mat_names(path)))
    except FormatError as error:
        assert "a.mat" in str(error)  # noqa: PT017
