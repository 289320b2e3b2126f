"""What became of each row and repeat, read back from the ledger beside the rows."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.records import LedgerStore, Line, Prediction, Rows, Verdict


def lines(rows: Rows, repeats: int, ledger: LedgerStore, run_id: str) -> Iterator[Line]:
    """Yield a line for each row and repeat that was reached, in order, never holding them all."""
    predictions = iter(ledger.predictions(run_id))
    verdicts = iter(ledger.verdicts(run_id))
    prediction: Prediction | None = next(predictions, None)
    verdict: Verdict | None = next(verdicts, None)
    for row in rows:
        for repeat in range(repeats):
            if prediction is None or (prediction.row, prediction.repeat) != (row.index, repeat):
                continue
            mine: list[Verdict] = []
            while verdict is not None and (verdict.row, verdict.repeat) == (row.index, repeat):
                mine.append(verdict)
                verdict = next(verdicts, None)
            yield Line(row=row, repeat=repeat, prediction=prediction, verdicts=tuple(mine))
            prediction = next(predictions, None)
