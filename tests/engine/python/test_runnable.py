"""A script's `main` is called when the script is run, once."""

import subprocess
import sys

import pytest
from quantumlayer.engine.python.runnable import runnable


@pytest.mark.parametrize(
    "code",
    [
        "def main(argv=None):\n    print('ran')\n",
        '"""Says."""\n\nfrom __future__ import annotations\n\nimport os\n\n\ndef main():\n    print("ran")\n',
        "def main(argv):\n    print('ran' if argv == ['x'] else argv)\n",
        "import sys\n\n\ndef main(*rest):\n    print('ran')\n\n\ndef other():\n    return main\n",
    ],
    ids=["default", "docstring", "needed", "sys is there"],
)
def test_a_main_that_nobody_calls_is_called(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", runnable(code), "x"], capture_output=True, text=True, timeout=20
    )
    assert (done.stdout, done.returncode) == ("ran\n", 0), done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "def main():\n    pass\n\n\nif __name__ == '__main__':\n    main()\n",
        "def main():\n    pass\n\n\nmain()\n",
        "def main(one, two):\n    pass\n",
        "def run():\n    pass\n",
        "def main(:\n",
    ],
    ids=["guarded", "called", "needs more", "none", "broken"],
)
def test_all_else_stays_as_it_is(code: str) -> None:
    assert runnable(code) == code
