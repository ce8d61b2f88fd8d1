"""A process that adds capsules: killed at a chosen step, or together with others, or on a full disk.

adding_process.py kill FOLDER   adds with a child killed at its 1st, 2nd, ... step, until one finishes
adding_process.py sealed FOLDER the same with signed capsules
adding_process.py keys FOLDER   changes a ring of keys with a child killed at its 1st, 2nd, ... step
adding_process.py sign FOLDER   prints the id of the key that signs there
adding_process.py many FOLDER TAG COUNT   adds COUNT capsules and prints the id of each once it is stored
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from capsule_samples import make_sample, make_sealed, make_signer
from quantumlayer.engine.capsule.keys import KeyRing
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.verify import verify_stored

STEPS = ("fsync", "replace", "mkdir", "unlink", "open")


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def die_at(step: int, work: Callable[[], object]) -> None:
    """Works, and ends with SIGKILL just before this process's `step`th system call that changes the disk."""
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
    work()


def is_killed_at(step: int, work: Callable[[], object]) -> bool:
    """Whether a child that works so came to that step."""
    child = os.fork()
    if child == 0:
        die_at(step, work)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended not in {0, -signal.SIGKILL}:
        raise SystemExit(f"the child ended with {ended}")
    return ended == -signal.SIGKILL


def kill_at_every_step(folder: Path, *, seal: bool = False) -> None:
    """Prints, for each step, how the child ended and what can be seen afterwards."""
    old, new = make_sample({"a.py": "x = 1\n"}), make_sample({"a.py": "x = 2\n", "b.py": "y = 1\n"})
    if seal:
        old, new = make_sealed(old), make_sealed(new)
    for step in range(1, 1000):
        store = Store(folder / str(step))
        store.add(old)
        killed = is_killed_at(step, partial(store.add, new, renew=True))
        seen = {summary.id for summary in store.list()}
        sound = all(verify_stored(store, ref).ok for ref in seen)
        again = store.add(new, renew=True) == new == store.get(new.id) and store.get(old.id) == old
        strays = len(list((folder / str(step) / "unfinished").iterdir()))
        counts = (step, killed, old.id in seen, seen <= {old.id, new.id}, sound, again, strays)
        tell(" ".join(str(int(count)) for count in counts))
        if not killed:
            return


def kill_keys_at_every_step(folder: Path) -> None:
    """Prints what was done, the step, and what holds of the ring afterwards, each 1 or 0."""
    for what in ("sign", "rotate", "revoke"):
        for step in range(1, 200):
            place = folder / f"{what}-{step}"
            ring = KeyRing(place)
            ring.trust(make_signer().public, "anna")
            old = "" if what == "sign" else ring.signer().id
            work = {"sign": ring.signer, "rotate": ring.rotate, "revoke": partial(ring.revoke, old)}[what]
            killed = is_killed_at(step, work)
            friend = ring.get("anna").standing == "trusted"
            seen = {key.id: key.standing for key in ring.list()}
            kept = what == "sign" or seen[old] == "trusted" or (what == "revoke" and seen[old] == "revoked")
            signs = ring.signer().id == ring.signer().id == ring.get().id
            rotated = ring.rotate()
            left = [path.name for path in (place / "private").iterdir()] == [f"{rotated.id}.pem"]
            tell(" ".join([what, str(step), *(str(int(fact)) for fact in (friend, kept, signs, left))]))
            if not killed:
                break


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
    if mode in {"kill", "sealed"}:
        kill_at_every_step(Path(folder), seal=mode == "sealed")
    elif mode == "keys":
        kill_keys_at_every_step(Path(folder))
    elif mode == "sign":
        tell(KeyRing(Path(folder)).signer().id)
    elif mode == "many":
        add_many(Path(folder), rest[0], int(rest[1]))
    else:
        take_turns(Path(folder), int(rest[0]))
