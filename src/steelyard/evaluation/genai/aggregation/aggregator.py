"""Takes an evaluation's lines one by one, in flat memory, and says at the end what they come to."""

from __future__ import annotations

from steelyard.evaluation.genai.aggregation.finishing import finished
from steelyard.evaluation.genai.aggregation.found import Aggregated
from steelyard.evaluation.genai.aggregation.lines import Lines


class Aggregator(Lines):
    """Sums up the lines of an evaluation, in whatever order they come: about 60 bytes a line and 35 a verdict.

    Args:
        scorers: what is known of each scorer, in the order that verdicts number them.
        rows: rows of the test data.
        repeats: how often each is predicted.
        confidence: nominal coverage of intervals.
        replicates: bootstrap replicates, B.
        seed: the key of their weights; only runs with equal seeds are paired by them.
        slices: names of tags or fields, lists of them to cross, and ``by_bins``.
        clustered: rows that share a ``session`` are not independent, and intervals heed that. Without sessions, or
            with one for each row, it makes no difference.
        min_slice_rows: slices with fewer rows are marked as small.

    Raises:
        InvalidArgument: numbers below 1, two scorers of one name, or slices that cannot be read.

    Examples:
        >>> from steelyard.evaluation.genai.aggregation import ScorerFacts
        >>> from steelyard.records import Feedback, Line, Prediction, Row, Verdict
        >>> told = [ScorerFacts(name="short", planned=3)]
        >>> aggregator = Aggregator(told, rows=3)
        >>> for i, value in enumerate([True, False, None]):
        ...     feedback = Feedback("short", value)
        ...     aggregator.add(Line(row=Row(index=i, row_id=str(i)), repeat=0, prediction=Prediction(row=i),
        ...                         verdicts=(Verdict(row=i, scorer=0, feedbacks=(feedback,)),)))
        >>> found = aggregator.finish()
        >>> estimate = next(e.estimate for e in found.estimates if e.metric == "short/mean")
        >>> estimate.value, estimate.n, estimate.missing, round(estimate.worst, 2), round(estimate.best, 2)
        (0.5, 2, 1, 0.33, 0.67)
    """

    def finish(self) -> Aggregated:
        """Return what all lines come to.

        Raises:
            ColumnNotFound: no row has a field that slices name.
            DataError: a slicing has too many slices.
        """
        return finished(self)
