"""Test data of any shape as rows: reading.py opens it; kept.py knows stored datasets; ids.py names the rows."""
