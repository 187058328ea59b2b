"""Kits that prove a plugin keeps its contract, and what tests need besides.

Nothing is imported before it is used, so that naming this package costs nothing.
"""

from __future__ import annotations
