"""Applications that are weighed: run one with ``python -m examples.rag`` or ``python -m examples.agent``."""
