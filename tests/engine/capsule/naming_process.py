"""A process that names versions: killed at a chosen step, or together with others.

naming_process.py kill FOLDER ACT   does ACT in a child killed at its 1st, 2nd, ... step, until one finishes
naming_process.py many FOLDER TAG COUNT   adds COUNT versions, and tags each once it is stored
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adding_process import STEPS, tell
from capsule_samples import make_sample
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.verify import verify_stored
from quantumlayer.engine.capsule.versions import branch, roll_back, tag

Act = Callable[[Store], Any]
OLD = make_sample({"a.py": "x = 1\n"})
NEW = make_sample({"a.py": "x = 2\n"}, parents=(OLD.id,))
NEXT = make_sample({"a.py": "x = 3\n"}, parents=(NEW.id,))
MERGED = make_sample({"a.py": "x = 4\n"}, parents=(NEW.id, OLD.id))
STRANGER = make_sample({"a.py": "x = 5\n"})
ACTS: dict[str, Act] = {
    "tag": lambda store: tag(store, "tally", "v2"),
    "branch": lambda store: branch(store, "tally~1", "fix"),
    "rollback": lambda store: roll_back(store, "tally"),
    "add": lambda store: store.add(NEXT, renew=True),
    "merge": lambda store: store.add(MERGED, renew=True, branch="main"),
    "import": lambda store: store.add(STRANGER),
    "remove": lambda store: store.remove(NEW.id),
}


def prepare(folder: Path, *, tagged: bool) -> Store:
    store = Store(folder)
    store.add(OLD, renew=True)
    store.add(NEW, renew=True)
    if tagged:
        tag(store, OLD.id, "v1")
    return store


def state(store: Store) -> tuple[Any, ...]:
    refs = store.refs("tally")
    return refs, store.resolve("tally"), tuple(one.id for one in store.list())


def act_and_die(store: Store, act: Act, step: int) -> None:
    """Acts in a process that ends with SIGKILL just before its `step`th call that changes the disk."""
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
    act(store)


def kill_at_every_step(folder: Path, act: Act) -> None:
    """Prints for each step: killed, names as before or after, all is sound, it can be done again."""
    tagged = act is not ACTS["import"]
    before = prepare(folder / "plain", tagged=tagged)
    old_refs = before.refs("tally")
    act(before)
    after = state(before)
    for step in range(1, 1000):
        store = prepare(folder / str(step), tagged=tagged)
        child = os.fork()
        if child == 0:
            act_and_die(store, act, step)
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        whole = store.refs("tally") in (old_refs, after[0])
        sound = all(verify_stored(store, one.id).ok for one in store.list())
        if state(store) != after:
            act(store)
        again = state(store) == after
        tell(" ".join(str(int(value)) for value in (step, killed, whole, sound, again)))
        if not killed:
            return


def add_and_tag(folder: Path, name: str, count: int) -> None:
    store = Store(folder)
    for number in range(count):
        made = store.add(make_sample({"own.py": f"tag = {name!r}\nnumber = {number}\n"}), renew=True)
        tag(store, made.id, f"{name}{number}")
        tell(f"{name}{number} {made.id}")


if __name__ == "__main__":
    mode, folder, *rest = sys.argv[1:]
    if mode == "kill":
        kill_at_every_step(Path(folder), ACTS[rest[0]])
    else:
        add_and_tag(Path(folder), rest[0], int(rest[1]))
