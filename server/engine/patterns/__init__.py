"""Reasoning patterns: what they are, which of them a brief's generation uses, and what came of it."""
