"""Reads `{"check": ..., "files": {path: text}, ...}` on stdin; writes a JSON list of findings.

With the argument `serve` it is a language server instead.
"""

import json
import sys
from importlib import import_module

CHECKS = {"syntax", "documents", "grammar", "omissions", "imports", "guarded", "credentials"}

if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        import_module("serving").main()
    else:
        request = json.load(sys.stdin)
        name = request.pop("check")
        assert name in CHECKS
        json.dump(import_module(name).check(**request), sys.stdout)
