"""Evaluating applications: the road of ``evaluate()`` with a function that is called and scorers that look at rows."""
