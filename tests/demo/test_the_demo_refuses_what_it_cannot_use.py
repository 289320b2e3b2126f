from __future__ import annotations

import socket

import pytest

from steelyard.demo.__main__ import main


def test_a_port_that_is_taken_is_refused_before_any_work(tmp_path, capsys):
    folder = tmp_path / "demo"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["--folder", str(folder), "--port", str(port)]) == 2
    said = capsys.readouterr()
    assert f"Port {port} on 127.0.0.1 cannot be used" in said.err
    assert said.out == ""
    assert not folder.exists()


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_number_that_is_no_port_is_refused(tmp_path, capsys, port):
    assert main(["--folder", str(tmp_path), "--port", port]) == 2
    assert "from 1 to 65535" in capsys.readouterr().err


def test_a_folder_that_is_a_file_is_refused_in_one_sentence(tmp_path, capsys):
    there = tmp_path / "notes.txt"
    there.write_text("mine")
    assert main(["--folder", str(there), "--no-ui"]) == 2
    assert "cannot be used" in capsys.readouterr().err
    assert there.read_text() == "mine"
