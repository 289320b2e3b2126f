"""What must be remembered of rows: each state adds up, so that parts can be counted apart and merged in any order."""
