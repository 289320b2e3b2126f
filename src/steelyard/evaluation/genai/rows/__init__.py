"""Test data of any shape as rows: reading.py opens it; sources.py and files.py find the raw rows; ids.py names them."""
