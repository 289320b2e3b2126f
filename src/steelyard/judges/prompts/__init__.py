"""The built-in judges' instructions, in our own words, each with a version.

A version is raised whenever a word changes, so that a score names the instructions that it came from.
"""

from __future__ import annotations

from steelyard.judges.prompts.rubric import Rubric

__all__ = ["Rubric"]
