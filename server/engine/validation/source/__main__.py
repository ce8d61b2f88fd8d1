"""Reads `{"check": ..., "files": {path: text}, ...}` on stdin; writes a JSON list of findings."""

import json
import sys
from importlib import import_module

CHECKS = {"syntax", "documents", "grammar", "omissions", "imports"}

if __name__ == "__main__":
    request = json.load(sys.stdin)
    name = request.pop("check")
    assert name in CHECKS
    json.dump(import_module(name).check(**request), sys.stdout)
