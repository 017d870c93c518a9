"""The benchmark of the audience gives the figures it promises, and the dispatcher prints them as one line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import __main__ as dispatcher
from benchmarks import postgis
from benchmarks.audience import SHAPES, make_areas, make_positions
from benchmarks.measure import interleaved_ms

ROWS = 20_000


def test_last_line_is_one_object_with_the_promised_keys(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["audience", "--rows", str(ROWS), "--repeats", "1", "--no-postgis", "--json"]
    assert dispatcher.main(words) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    for key in ("ours_ms", "postgis_ms", "ratio_to_postgis", "ratio_to_numpy_pass"):
        assert set(result[key]) == set(SHAPES)
    assert result["rows"] == ROWS
    assert all(result["people_inside"][name] > 0 for name in SHAPES)
    assert result["ratio_to_postgis"]["circle"] is None
    assert result["postgis"] == "left out"


def test_table_is_printed_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    dispatcher.main(["audience", "--rows", str(ROWS), "--repeats", "1", "--no-postgis"])
    printed = capsys.readouterr().out
    assert "country" in printed
    assert "ratio_to_numpy_pass = ours_ms / numpy_pass_ms" in printed


def test_absent_postgis_is_said_plainly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(postgis, "programs", lambda: None)
    dispatcher.main(["audience", "--rows", str(ROWS), "--repeats", "1", "--json"])
    assert "absent" in json.loads(capsys.readouterr().out.splitlines()[-1])["postgis"]


def test_positions_are_the_same_in_every_run() -> None:
    first, second = make_positions(1_000), make_positions(1_000)
    np.testing.assert_array_equal(first, second)
    assert make_areas() == make_areas()
    assert len(next(make_areas()["country"].rings()).corners) == 2_001


def test_repeats_are_bounded() -> None:
    with pytest.raises(ValueError, match="repeats"):
        interleaved_ms({"nothing": lambda: None}, 0)


def test_unknown_benchmark_is_refused() -> None:
    with pytest.raises(SystemExit):
        dispatcher.main(["nonsense"])
