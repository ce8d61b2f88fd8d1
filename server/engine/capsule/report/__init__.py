"""The report of a capsule: one HTML page that shows what was made, how, and what the verdict rests on.

It needs nothing from outside, no network and no script. It is made when it is asked for and is no part of
an archive: a later version may draw it better, and the capsule stays the same bytes.
"""

from .page import render_report

__all__ = ["render_report"]
