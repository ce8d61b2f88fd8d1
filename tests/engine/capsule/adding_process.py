"""A process that adds capsules: killed at a chosen step, or together with others, or on a full disk.

adding_process.py kill FOLDER   adds with a child killed at its 1st, 2nd, ... step, until one finishes
adding_process.py many FOLDER TAG COUNT   adds COUNT capsules and prints the id of each once it is stored
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from capsule_samples import make_sample
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.verify import verify_stored
from quantumlayer.engine.types import Capsule

STEPS = ("fsync", "replace", "mkdir", "unlink", "open")


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def add_and_die(store: Store, capsule: Capsule, step: int) -> None:
    """Adds in a process that ends with SIGKILL just before its `step`th system call that changes the disk."""
    done = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **options: Any) -> Any:
            nonlocal done
            done += 1
            if done == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **options)

        return counting

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))
    store.add(capsule, renew=True)


def kill_at_every_step(folder: Path) -> None:
    """Prints, for each step, how the child ended and what can be seen afterwards."""
    old, new = make_sample({"a.py": "x = 1\n"}), make_sample({"a.py": "x = 2\n", "b.py": "y = 1\n"})
    for step in range(1, 1000):
        store = Store(folder / str(step))
        store.add(old)
        child = os.fork()
        if child == 0:
            add_and_die(store, new, step)
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        seen = {summary.id for summary in store.list()}
        sound = all(verify_stored(store, ref).ok for ref in seen)
        again = store.add(new, renew=True) == new == store.get(new.id) and store.get(old.id) == old
        strays = len(list((folder / str(step) / "unfinished").iterdir()))
        counts = (step, killed, old.id in seen, seen <= {old.id, new.id}, sound, again, strays)
        tell(" ".join(str(int(count)) for count in counts))
        if not killed:
            return


def add_many(folder: Path, tag: str, count: int) -> None:
    store = Store(folder)
    for number in range(count):
        capsule = make_sample({"shared.py": "x = 1\n", "own.py": f"tag = {tag!r}\nnumber = {number}\n"})
        tell(store.add(capsule, renew=True).id)


def take_turns(folder: Path, count: int) -> None:
    store = Store(folder)
    both = [make_sample({"a.py": f"x = {number}\n"}) for number in range(2)]
    for number in range(count):
        store.add(both[number % 2], renew=True)


if __name__ == "__main__":
    mode, folder, *rest = sys.argv[1:]
    if mode == "kill":
        kill_at_every_step(Path(folder))
    elif mode == "many":
        add_many(Path(folder), rest[0], int(rest[1]))
    else:
        take_turns(Path(folder), int(rest[0]))
