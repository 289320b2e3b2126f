"""An agent with tools over a bank's tables, and whether it takes the right ones, every time."""
