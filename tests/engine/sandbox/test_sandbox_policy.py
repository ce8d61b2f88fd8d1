"""The list of system calls, as both engines get it."""

import json
import struct

import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.sandbox import seccomp

NEVER = [
    "ptrace", "process_vm_readv", "process_vm_writev", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "keyctl", "add_key", "request_key", "bpf", "userfaultfd", "perf_event_open",
    "unshare", "setns", "mount", "umount2", "move_mount", "fsopen", "pivot_root", "chroot",
    "init_module", "finit_module", "delete_module", "kexec_load", "reboot", "swapon", "swapoff",
    "open_by_handle_at", "pidfd_getfd", "settimeofday", "clock_settime", "sethostname", "syslog",
    "acct", "quotactl", "kcmp", "modify_ldt", "personality", "iopl", "ioperm",
]  # fmt: skip
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def verdict(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """Runs the program as the kernel does."""
    data = struct.pack("=IIQ", number, arch or ARCHITECTURES[machine], 0)
    data += b"".join(struct.pack("=Q", value) for value in (*arguments, *[0] * 6)[:6])
    program = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    accumulator = position = 0
    while True:
        code, if_true, if_false, value = program[position]
        position += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x15:
            position += if_true if accumulator == value else if_false
        elif code == 0x25:
            position += if_true if accumulator > value else if_false
        else:
            assert code == 0x06
            return int(value)


def test_no_dangerous_call_is_on_the_list() -> None:
    profile = json.loads(seccomp.profile())
    allowed = {n for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for n in rule["names"]}
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert not allowed & set(NEVER)
    assert {"read", "write", "execve", "futex", "mmap", "openat"} <= allowed


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_program_fits_the_kernel(machine: str) -> None:
    assert len(seccomp.program(machine)) // 8 <= 4096


@pytest.mark.parametrize(
    ("machine", "number", "arguments", "expected"),
    [
        ("x86_64", 0, (), ALLOW),  # read
        ("aarch64", 63, (), ALLOW),
        ("x86_64", 41, (1, 1, 0), ALLOW),  # socket, local
        ("aarch64", 198, (1, 1, 0), ALLOW),
        ("x86_64", 41, (2, 1, 0), ERRNO | 1),  # socket, internet
        ("aarch64", 198, (40, 1, 0), ERRNO | 1),  # socket, vsock
        ("x86_64", 41, (2 | 1 << 32, 1, 0), ERRNO | 1),
        ("x86_64", 56, (0x11,), ALLOW),  # clone, as fork
        ("x86_64", 56, (0x3D0F00,), ALLOW),  # clone, as a thread
        ("x86_64", 56, (0x10000011,), ERRNO | 1),  # clone, a user namespace
        ("aarch64", 220, (0x40000011,), ERRNO | 1),  # clone, a network namespace
        ("x86_64", 435, (), ERRNO | 38),  # clone3
        ("aarch64", 435, (), ERRNO | 38),
        ("x86_64", 101, (), ERRNO | 1),  # ptrace
        ("aarch64", 117, (), ERRNO | 1),
        ("x86_64", 425, (), ERRNO | 1),  # io_uring_setup
        ("x86_64", 0x40000000, (), ERRNO | 38),  # the x32 way to read
        ("x86_64", 5000, (), ERRNO | 38),  # a call of tomorrow
    ],
)
def test_the_kernel_would_decide(
    machine: str, number: int, arguments: tuple[int, ...], expected: int
) -> None:
    assert verdict(machine, number, *arguments) == expected


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_a_call_of_another_architecture_kills(machine: str) -> None:
    assert verdict(machine, 0, arch=0x40000003) == KILL


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(SandboxError, match="riscv64"):
        seccomp.program("riscv64")
