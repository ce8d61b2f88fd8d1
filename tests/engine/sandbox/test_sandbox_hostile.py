"""Hostile programs, for real: each tries to do harm, and prints what it got."""

import socket
from pathlib import Path

import pytest
from quantumlayer.engine.sandbox import Job, Sandbox
from sandbox_programs import Run, program

SYSCALL = """
import ctypes, errno, os, platform
libc = ctypes.CDLL(None, use_errno=True)
def call(x86_64, aarch64, *arguments):
    number = x86_64 if platform.machine() == "x86_64" else aarch64
    result = libc.syscall(number, *arguments)
    print(errno.errorcode[ctypes.get_errno()] if result < 0 else "done")
"""
REFUSED_CALLS = {
    "ptrace PID 1": "call(101, 117, 16, 1, 0, 0)",
    "ptrace itself": "call(101, 117, 0, 0, 0, 0)",
    "process_vm_readv": "call(310, 270, 1, 0, 0, 0, 0, 0)",
    "io_uring_setup": "call(425, 425, 8, ctypes.create_string_buffer(120))",
    "mount": "call(165, 40, b'none', b'/tmp', b'tmpfs', 0, 0)",
    "unshare a user namespace": "call(272, 97, 0x10000000)",
    "setns": "call(308, 268, 0, 0)",
    "clone a user namespace": "call(56, 220, 0x10000011, 0, 0, 0, 0)",
    "keyctl": "call(250, 219, 0, 0, 0, 0, 0)",
    "add_key": "call(248, 217, b'user', b'a', b'b', 1, -3)",
    "bpf": "call(321, 280, 0, 0, 0)",
    "userfaultfd": "call(323, 282, 0)",
    "perf_event_open": "call(298, 241, 0, 0, 0, 0, 0)",
    "open_by_handle_at": "call(304, 265, 0, 0, 0)",
    "pivot_root": "call(155, 41, b'/tmp', b'/tmp')",
    "chroot": "call(161, 51, b'/tmp')",
    "reboot": "call(169, 142, 0xfee1dead, 672274793, 0x89abcdef, 0)",
    "init_module": "call(175, 105, 0, 0, b'')",
    "settimeofday": "call(164, 170, 0, 0)",
    "pidfd_getfd": "call(438, 438, 3, 0, 0)",
}


@pytest.mark.parametrize("call", REFUSED_CALLS.values(), ids=REFUSED_CALLS.keys())
async def test_the_kernel_refuses(run: Run, call: str) -> None:
    outcome = await run(SYSCALL + call)
    assert outcome.stdout == "EPERM\n", outcome


async def test_clone3_and_calls_of_tomorrow_do_not_exist(run: Run) -> None:
    outcome = await run(SYSCALL + "call(435, 435, 0, 0)\ncall(1000, 1000)\ncall(0x40000000 + 39, 5000)")
    lines = outcome.stdout.split()
    assert lines[0] == "ENOSYS"
    assert set(lines[1:]) <= {"ENOSYS", "EPERM"}, outcome


@pytest.mark.parametrize(
    "family", ["AF_INET", "AF_INET6", "AF_VSOCK", "AF_NETLINK", "AF_PACKET", "AF_ALG", "AF_BLUETOOTH"]
)
async def test_no_socket_but_a_local_one_can_be_made(run: Run, family: str) -> None:
    outcome = await run(
        f"""
import socket
number = getattr(socket, "{family}", {{"AF_BLUETOOTH": 31}}.get("{family}"))
kind = socket.SOCK_RAW if "{family}" in ("AF_NETLINK", "AF_PACKET") else socket.SOCK_STREAM
if "{family}" == "AF_ALG":
    kind = socket.SOCK_SEQPACKET
try:
    socket.socket(number, kind)
except OSError as error:
    print(error.errno)
"""
    )
    assert outcome.stdout == "1\n", outcome


async def test_the_hosts_loopback_is_out_of_reach(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        outcome = await run(
            "import urllib.request\n"
            "for host in ('127.0.0.1', 'localhost', '[::1]', 'host.docker.internal', '172.17.0.1'):\n"
            "    try:\n"
            f"        urllib.request.urlopen(f'http://{{host}}:{port}', timeout=1)\n"
            "    except OSError:\n"
            "        pass\n"
            "print('tried')\n"
        )
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert outcome.stdout == "tried\n", outcome


async def test_an_abstract_local_socket_of_the_host_is_out_of_reach(run: Run) -> None:
    if not hasattr(socket, "AF_UNIX"):
        return
    name = f"\0quantumlayer-test-{id(run)}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        outcome = await run(
            f"import socket\ntry:\n    socket.socket(socket.AF_UNIX).connect({name!r})\n"
            "except OSError as error:\n    print(error.strerror)"
        )
    assert outcome.stdout == "Connection refused\n", outcome


@pytest.mark.parametrize(
    "path",
    ["/x", "/usr/bin/x", "/etc/x", "/dev/x", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger",
     "/packages/x", "/sys/kernel/x", "/opt/python/x", "/root/x", "/lib/x", "/run/x"],
)  # fmt: skip
async def test_nothing_outside_its_folders_can_be_written(run: Run, path: str) -> None:
    outcome = await run(f"open({path!r}, 'w').write('x'); print('wrote')")
    assert outcome.exit_code == 1, outcome
    assert "wrote" not in outcome.stdout


async def test_files_and_environment_of_the_host_are_not_seen(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    monkeypatch.setenv("QUANTUMLAYER_TEST_SECRET", "hunter2")
    outcome = await run(
        f"""
import glob, os, pathlib
print(os.path.exists({str(secret)!r}), os.path.exists({str(Path.home() / ".ssh")!r}))
print([name for name in os.environ if "QUANTUM" in name])
for file in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        print("hunter2" in pathlib.Path(file).read_bytes().decode("latin-1"))
    except OSError:
        pass
print(os.path.exists("/etc/shadow") and os.access("/etc/shadow", os.R_OK))
print([name for name in ("/var/run/docker.sock", "/run/docker.sock") if os.path.exists(name)])
print(os.listdir("/home") if os.path.exists("/home") else [])
"""
    )
    assert "hunter2" not in outcome.stdout
    lines = outcome.stdout.splitlines()
    assert lines[0] == "False False"
    assert lines[1] == "[]"
    assert "True" not in lines[2:]
    assert lines[-2:] == ["[]", "[]"], outcome


async def test_only_its_own_processes_are_seen(run: Run) -> None:
    outcome = await run("import os; print(sum(name.isdigit() for name in os.listdir('/proc')))")
    assert int(outcome.stdout) <= 4


async def test_it_is_nobody_and_cannot_become_root(run: Run) -> None:
    outcome = await run(
        """
import os
print(os.getuid(), os.getgid())
for change in (os.setuid, os.setgid):
    try:
        change(0)
        print("changed")
    except OSError as error:
        print(error.errno)
open("x", "w").write("#!/usr/bin/id")
os.chmod("x", 0o6755)
status = open("/proc/self/status").read()
wanted = ("CapEff", "CapBnd", "NoNewPrivs")
print([line.split()[1] for line in status.splitlines() if line.startswith(wanted)])
"""
    )
    assert outcome.stdout.splitlines()[:2] == ["65534 65534", outcome.stdout.splitlines()[1]]
    assert "changed" not in outcome.stdout
    assert "['0000000000000000', '0000000000000000', '1']" in outcome.stdout, outcome


async def test_the_first_process_inside_has_no_more_rights_than_the_program(run: Run) -> None:
    """Its memory can be written, as it has the same user: that must gain nothing."""
    outcome = await run(
        """
wanted = ("Uid", "Gid", "CapEff", "CapPrm", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp:")
for process in ("1", "self"):
    print([line.split() for line in open(f"/proc/{process}/status") if line.startswith(wanted)])
"""
    )
    first, own = outcome.stdout.splitlines()
    assert first == own
    assert "['Seccomp:', '2']" in own


async def test_a_fork_bomb_is_contained(run: Run) -> None:
    outcome = await run(
        """
import os, time
made = 0
try:
    for _ in range(500):
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        made += 1
except OSError as error:
    print(made < 40, error.errno)
"""
    )
    assert outcome.stdout == "True 11\n", outcome
    assert outcome.seconds < 8


async def test_a_fork_bomb_that_never_gives_up_ends_at_the_time_limit(run: Run) -> None:
    outcome = await run(
        "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass", seconds=2
    )
    assert outcome.timed_out
    assert outcome.exit_code is None
    assert outcome.seconds < 4


async def test_a_memory_bomb_is_contained_and_named(run: Run) -> None:
    outcome = await run("data = []\nwhile True:\n    data.append(bytearray(4_000_000))")
    assert outcome.out_of_memory, outcome
    assert outcome.exit_code != 0
    assert outcome.seconds < 8


async def test_a_memory_bomb_of_many_processes_is_contained(run: Run) -> None:
    outcome = await run(
        """
import os, time
for _ in range(12):
    if os.fork() == 0:
        data = bytearray(60_000_000)
        time.sleep(3)
        os._exit(0)
for _ in range(12):
    os.wait()
print("all of them lived")
"""
    )
    assert outcome.out_of_memory, outcome


async def test_a_program_that_fills_its_folders_gets_no_more_space(run: Run, work_mb: int) -> None:
    outcome = await run(
        """
for folder in ("/work", "/tmp"):
    written = 0
    try:
        for number in range(200):
            with open(f"{folder}/{number}", "wb", 0) as file:
                written += file.write(b"x" * 2**20) == 2**20
    except OSError as error:
        print(folder, written, error.errno)
"""
    )
    work, temporary = (line.split() for line in outcome.stdout.splitlines())
    assert (work[0], work[2]) == ("/work", "28")
    assert work_mb - 2 <= int(work[1]) <= work_mb
    assert (temporary[0], temporary[2]) == ("/tmp", "28")
    assert int(temporary[1]) <= 32


async def test_a_single_file_cannot_pass_the_size_limit(run: Run) -> None:
    outcome = await run("file = open('sparse', 'wb', 0); file.seek(10**9); file.write(b'x'); print('wrote')")
    assert "wrote" not in outcome.stdout
    assert outcome.exit_code != 0


async def test_a_flood_of_small_files_is_stopped(run: Run) -> None:
    outcome = await run("for n in range(10**7):\n    open(f'{n}', 'w').close()")
    assert outcome.exit_code != 0, outcome
    assert not outcome.timed_out
    assert "No space left" in outcome.stderr or "too many files" in outcome.stderr


async def test_an_endless_loop_ends_at_the_time_limit(run: Run) -> None:
    outcome = await run("print('begun', flush=True)\nwhile True:\n    pass", seconds=1.5)
    assert outcome.timed_out
    assert outcome.exit_code is None
    assert outcome.stdout == "begun\n"
    assert 1.4 < outcome.seconds < 3


async def test_a_program_that_ignores_every_signal_ends_at_the_time_limit(run: Run) -> None:
    outcome = await run(
        """
import signal, time
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
time.sleep(60)
""",
        seconds=1.5,
    )
    assert outcome.timed_out
    assert outcome.seconds < 3


async def test_a_flood_of_output_is_cut_and_does_not_fill_memory(run: Run) -> None:
    outcome = await run(
        "import sys\nfor _ in range(3000):\n    sys.stdout.write('x' * 10_000)\nprint('e', file=sys.stderr)"
    )
    assert outcome.exit_code == 0
    assert outcome.truncated
    assert len(outcome.stdout) == 64 * 1024
    assert outcome.stderr == "e\n"


async def test_processes_left_in_the_background_end_with_the_program(run: Run) -> None:
    outcome = await run(
        """
import os, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(8)"], start_new_session=True)
print("left")
"""
    )
    assert (outcome.exit_code, outcome.stdout) == (0, "left\n")
    assert outcome.seconds < 4


async def test_killing_its_own_bootstrap_gains_a_program_nothing(run: Run) -> None:
    outcome = await run("import os, time; os.kill(os.getppid(), 9); time.sleep(5); print('alive')")
    assert "alive" not in outcome.stdout
    assert outcome.exit_code == 137
    assert outcome.seconds < 4


async def test_a_stopped_bootstrap_does_not_outlive_the_time_limit(run: Run) -> None:
    outcome = await run("import os; os.kill(os.getppid(), 19)", seconds=1.5)
    assert outcome.timed_out
    assert outcome.seconds < 3


async def test_the_terminal_and_devices_are_out_of_reach(run: Run) -> None:
    outcome = await run(
        """
import os, stat
for name in "tty mem kmsg sda vda kvm fuse loop0 net/tun".split():
    try:
        os.open("/dev/" + name, os.O_RDWR)
        print("opened", name)
    except OSError:
        pass
try:
    os.mknod("disk", 0o600 | stat.S_IFBLK, os.makedev(254, 0))
    print("made")
except OSError:
    pass
print("tried")
"""
    )
    assert outcome.stdout == "tried\n"


async def test_a_command_is_not_given_to_a_shell(sandbox: Sandbox) -> None:
    outcome = await sandbox.run(Job(command=("python", "-c", "import sys; print(sys.argv)", "; id", "$(id)")))
    assert outcome.stdout == "['-c', '; id', '$(id)']\n"


async def test_limits_cannot_be_raised(sandbox: Sandbox) -> None:
    outcome = await sandbox.run(
        program(
            """
import resource
for kind in (resource.RLIMIT_FSIZE, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE):
    try:
        resource.setrlimit(kind, (2**40, 2**40))
        print("raised", kind)
    except (ValueError, OSError):
        pass
print(resource.getrlimit(resource.RLIMIT_CORE))
"""
        )
    )
    assert outcome.stdout == "(0, 0)\n"
