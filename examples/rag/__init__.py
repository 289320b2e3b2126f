"""A retrieval-augmented chain over a bank's documents, and how well it finds what is relevant."""
