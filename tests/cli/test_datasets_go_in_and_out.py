"""``steelyard datasets`` lists, shows, imports, exports and compares."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import HOSTILE, Command


def write(file: Path, n: int, *, expected: str = "yes") -> Path:
    file.write_text("".join(json.dumps({"input": f"Is {i} even?", "expected": expected}) + "\n" for i in range(n)))
    return file


def test_a_file_goes_in_is_shown_and_comes_out(steelyard: Command, tmp_path: Path) -> None:
    place = ("--store", str(tmp_path / "s"))
    file = str(write(tmp_path / "rows.jsonl", 3))
    seen = steelyard("datasets", "import", "even", file, "--preview", *place)
    assert "3 rows, shape: Braintrust" in seen.out
    assert "expected -> expectations.expected_response" in seen.out
    ended = steelyard("datasets", "import", "even", file, *place)
    assert ended.out == "3 new, 0 changed, 0 unchanged: even is at version 1\n"
    write(tmp_path / "rows.jsonl", 4, expected="no")
    assert "1 new, 3 changed" in steelyard("datasets", "import", "even", file, "-m", "again", *place).out
    assert steelyard("datasets", "list", *place).out.startswith("even  version 2  4 records  ")
    assert "version 2  4 records  +1 ~3 -0  again" in steelyard("datasets", "show", "even", *place).out
    told = steelyard("datasets", "diff", "even", "1", *place).out.splitlines()
    assert told[0] == "1 added, 0 removed, 3 changed"
    assert [line[0] for line in told[1:]] == ["~", "~", "~", "+"]
    found = json.loads(steelyard("datasets", "diff", "even", "1", "2", "--json", *place).out)
    assert (found["changed"], found["changes"][0]["kind"]) == (3, "changed")
    out = str(tmp_path / "out.csv")
    assert steelyard("datasets", "export", "even", out, "--version", "1", *place).out == f"3 records in {out}\n"
    again = steelyard("datasets", "export", "even", out, *place)
    assert (again.code, "overwrite" in again.err) == (2, True)
    listed = json.loads(steelyard("datasets", "list", "--json", *place).out)
    assert [(one["name"], one["version"]) for one in listed] == [("even", 2)]
    assert json.loads(steelyard("datasets", "show", "even", "--json", *place).out)["versions"][0]["number"] == 2


def test_columns_can_be_mapped_and_errors_are_sentences(steelyard: Command, tmp_path: Path) -> None:
    place = ("--store", str(tmp_path / "s"))
    file = tmp_path / "rows.csv"
    file.write_text(f"Frage,Antwort\nWarum?,Darum\n{HOSTILE},x\n")
    refused = steelyard("datasets", "import", "d", str(file), *place)
    assert (refused.code, "no known shape" in refused.err) == (2, True)
    ended = steelyard(
        "datasets", "import", "d", str(file), "--map", "Frage=inputs.question", "--map",
        "Antwort=expectations.expected_response", *place,
    )  # fmt: skip
    assert ended.out.startswith("2 new")
    assert "\x1b" not in steelyard("datasets", "diff", "d", "0", *place).out
    missing = steelyard("datasets", "show", "e", *place)
    assert (missing.code, "no dataset 'e'" in missing.err) == (2, True)
    odd = steelyard("datasets", "import", "d", str(file), "--map", "Frage", *place)
    assert (odd.code, "COLUMN=PLACE" in odd.err) == (2, True)
