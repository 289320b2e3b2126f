from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from steelyard.cli.display import number, signed
from steelyard.cli.text import safe, visible

from .conftest import COLUMNS, HOSTILE, Command, write_predictions

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
HALF_AN_INTERVAL = re.compile(r"\[[^\])\n]*$", re.MULTILINE)


@pytest.mark.parametrize("width", [80, 120])
def test_every_table_fits_the_terminal(
    steelyard: Command, store: Path, data: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    slices = ("--slice", "city", "--slice", "city,pred", "--bins", "age:3", "--probabilities", "p")
    outs = [
        steelyard("evaluate", data / "good.csv", *COLUMNS, *slices, "--store", "s").out,
        steelyard("runs", "--store", store).out,
        steelyard("compare", "poor", "good", "--store", store, "--fail-on", "worse").out,
    ]
    for out in outs:
        tables = [line for line in out.splitlines() if line.startswith(" ")]
        assert max(map(cell_len, tables)) <= width
        assert "│" not in out
        assert not HALF_AN_INTERVAL.search("\n".join(tables))


def test_a_long_name_is_folded_and_loses_nothing(
    steelyard: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long = "".join(f"part{i:03d}" for i in range(30))
    write_predictions(tmp_path / "long.csv", 0.9, cities=("Oslo", long))
    names = ("--slice", "city", "--run-name", long, "--store", "s")
    out = steelyard("evaluate", "long.csv", *COLUMNS, *names).out + steelyard("runs", "--store", "s").out
    assert max(cell_len(line) for line in out.splitlines() if line.startswith(" ")) <= 80
    first_cells = "".join(line[1:].split(" ")[0] for line in out.splitlines() if line.startswith(" "))
    assert first_cells.count(long) == 2


def test_numbers_stay_whole_where_the_terminal_is_too_narrow(
    steelyard: Command, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = steelyard("runs", "--store", store).out
    monkeypatch.setenv("COLUMNS", "30")
    narrow = steelyard("runs", "--store", store).out
    for value in re.findall(r"0\.\d+ ±0\.\d+", wide)[:1]:
        assert value in narrow


def test_metrics_that_did_not_fit_are_named(steelyard: Command, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = " ".join(steelyard("runs", "--store", store).out.split())
    assert "Not shown for want of room: f1_score, roc_auc, log_loss" in told


def test_hostile_names_and_labels_are_written_out(steelyard: Command, data: Path) -> None:
    names = (
        "--run-name",
        HOSTILE,
        "--name",
        HOSTILE,
        "--slice",
        "city",
        "--store",
        "s",
        "--threshold",
        f"{HOSTILE}>=1",
    )
    ended = steelyard("evaluate", data / "hostile.csv", *COLUMNS, *names)
    out = ended.out + steelyard("runs", "--store", "s").out + steelyard("compare", HOSTILE, HOSTILE, "--store", "s").out
    assert ended.code == 1
    assert not CONTROL.search(out)
    assert out.count(r"[red]x[/red]\x1b]0;owned\x07\u202e") >= 5


def test_hostile_words_in_errors_are_written_out(steelyard: Command, store: Path, data: Path) -> None:
    for arguments in (
        ("compare", HOSTILE, "good", "--store", store),
        ("runs", "--store", store, "--filter", f"metrics.{HOSTILE}"),
        ("runs", "--store", store, "--experiment", HOSTILE),
        ("evaluate", data / "good.csv", *COLUMNS, "--slice", HOSTILE, "--store", "s"),
        ("evaluate", f"{HOSTILE}.csv", *COLUMNS, "--store", "s"),
    ):
        ended = steelyard(*arguments)
        assert (ended.code, ended.out) == (2, "")
        assert not CONTROL.search(ended.err)


def test_json_steers_no_terminal(steelyard: Command, data: Path) -> None:
    ended = steelyard(
        "evaluate", data / "hostile.csv", *COLUMNS, "--slice", "city", "--name", HOSTILE + "\x9b31m", "--json"
    )
    assert not CONTROL.search(ended.out)
    assert ended.out.isascii()


def test_markup_shows_exactly_the_text_given() -> None:
    from rich.text import Text

    for text in ("[red]", "a\\", "\\[b]", "[/]", "a[0]", "日本 語", "family 👩\u200d👧", "x\xa0y", ":smile:"):
        assert Text.from_markup(f"[bold]{safe(text)}[/]", emoji=False).plain == visible(text) == text
    assert visible("\ud800\x00\u2028") == r"\ud800\x00\u2028"


def test_numbers_read_as_people_write_them() -> None:
    told = {
        0.77751: "0.7775", 1234.56: "1,235", 999.96: "1,000", 73_001.2: "73,000", 8.8e9 + 0.5: "8.8e+09",
        -0.5: "−0.5", 3.0: "3", 1e20: "1e+20", None: "undefined", float("nan"): "undefined", float("-inf"): "−∞",
    }  # fmt: skip
    assert {value: number(value) for value in told} == told
    assert [signed(v) for v in (0.1, -0.1, 0.0, None)] == ["+0.1", "−0.1", "0", "undefined"]
