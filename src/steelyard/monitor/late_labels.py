"""Numbers of models whose labels come late: counting again what has changed."""

from __future__ import annotations

from steelyard.records.ports import Store


def settle_once(store: Store, *, worker: str, now_ms: int, most: int = 10, at_once: bool = False) -> int:
    """Count again the windows of logged predictions that have changed; return how many were.

    What is counted takes the place of the reading that was there, which stays in the history. Doing it again changes
    nothing; any number of workers may do it at once.

    Args:
        store: where.
        worker: who does it.
        now_ms: milliseconds since 1970.
        most: windows, so that one call is short.
        at_once: also windows that were counted a short while ago (they rest for 4% of their age otherwise).

    Examples:
        >>> import time, steelyard
        >>> from steelyard.monitor.predictions import log_labels, log_predictions
        >>> from steelyard.tracking import get_store
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> days = [86_400_000 * i for i in (1, 1, 2)]
        >>> logged = log_predictions("age", [31, 40, 52], ids=["a", "b", "c"], timestamps=days, model_type="regressor")
        >>> log_labels("age", ["a", "c"], [33, 52]).joined
        2
        >>> settle_once(get_store(), worker="me", now_ms=int(time.time() * 1000))
        2
        >>> first = get_store().predictions.numbers(logged.model, start_ms=0, end_ms=days[-1])[0]
        >>> first.n, first.labelled, first.estimates["mean_absolute_error"].value
        (2, 1, 2.0)
    """
    return store.predictions.settle(worker, now_ms=now_ms, most=most, at_once=at_once)
