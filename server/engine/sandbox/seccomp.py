"""Which system calls a program may make: one allow-list, for Docker as text, for bubblewrap as BPF.

`seccomp.json` is in Docker's profile format. Beyond what Docker's own default refuses it leaves out
ptrace, process_vm_*, io_uring, keyctl, bpf, userfaultfd, pidfd_getfd, new namespaces, mounting, and
every socket that is not local.
"""

import json
import platform
import struct
from importlib.resources import files
from typing import Any

from ..errors import SandboxError

_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_LOAD, _JUMP_EQ, _JUMP_GT, _AND, _RETURN = 0x20, 0x15, 0x25, 0x54, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def profile() -> str:
    """The allow-list as Docker takes it."""
    return json.dumps(json.loads(_read("seccomp.json")), separators=(",", ":"))


def program(machine: str = "") -> bytes:
    """The same allow-list as a seccomp BPF program for `machine` (default: this one).

    System calls newer than the list get ENOSYS, so that libraries fall back to what they used before.

    Raises SandboxError for an architecture other than x86_64 and aarch64.
    """
    machine = machine or platform.machine()
    if machine not in _AUDIT_ARCH:
        raise SandboxError(
            f"the bubblewrap sandbox has no system call filter for {machine}", "Use Docker.", "sandbox.engine"
        )
    numbers = _numbers(machine)
    code = [
        _op(_LOAD, _ARCH),
        _op(_JUMP_EQ, _AUDIT_ARCH[machine], 1, 0),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER),
        # Also refuses the x32 calls, whose numbers start at 2 ** 30.
        _op(_JUMP_GT, max(numbers.values()), 0, 1),
        _op(_RETURN, _ERRNO | _ENOSYS),
    ]
    for rule in json.loads(_read("seccomp.json"))["syscalls"]:
        for name in rule["names"]:
            if name in numbers:
                code += _rule(numbers[name], rule)
    code.append(_op(_RETURN, _ERRNO | _EPERM))
    return b"".join(code)


def _rule(number: int, rule: dict[str, Any]) -> list[bytes]:
    """Returns for `number` when the rule's one condition holds; otherwise falls through."""
    allowed = rule["action"] == "SCMP_ACT_ALLOW"
    action = _op(_RETURN, _ALLOW if allowed else _ERRNO | rule["errnoRet"])
    if not rule.get("args"):
        return [_op(_JUMP_EQ, number, 0, 1), action]
    (condition,) = rule["args"]
    low = _ARGUMENTS + 8 * condition["index"]
    # The kernel looks at the low half of these arguments only (`int` and `unsigned int` on entry).
    if condition["op"] == "SCMP_CMP_EQ":
        test = [_op(_LOAD, low), _op(_JUMP_EQ, condition["value"], 0, 1)]
    else:
        test = [_op(_LOAD, low), _op(_AND, condition["value"]), _op(_JUMP_EQ, condition["valueTwo"], 0, 1)]
    refuse = _op(_RETURN, _ERRNO | _EPERM)
    body = [*test, action, refuse]
    return [_op(_JUMP_EQ, number, 0, len(body)), *body]


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _numbers(machine: str) -> dict[str, int]:
    column = 1 if machine == "x86_64" else 2
    rows = (line.split() for line in _read("syscalls.txt").splitlines() if not line.startswith("#"))
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def _read(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
