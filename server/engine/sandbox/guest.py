"""Runs inside the sandbox: takes a job from stdin, starts it, and reports how it ended.

This file's text is handed to the sandbox's own Python, so it uses the standard library only, works on
every Python since 3.9 that the sandbox may hold, and imports nothing of ours. The job is one JSON object
preceded by its length as eight big-endian bytes; `payload.py` writes it.

Nothing here is trusted by the host: the program has the same user and may kill this process. What
holds it is the container or the namespaces, from outside.
"""

# pathlib would double the time this takes to start.

import json
import os
import resource
import select
import signal
import sys


def read_exactly(size: int) -> bytes:
    parts = []
    while size:
        part = os.read(0, min(size, 1 << 20))
        if not part:
            sys.exit("the job was cut short")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def write_files(files: list[tuple[str, str]]) -> None:
    for path, text in files:
        os.makedirs(os.path.dirname(path) or ".", mode=0o755, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(path, flags, 0o644), "wb") as file:
            file.write(text.encode("utf-8", "surrogatepass"))


def stdin_file(text: str) -> int:
    descriptor = os.memfd_create("stdin")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(text.encode("utf-8", "surrogatepass"))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def limit(limits: dict[str, int]) -> None:
    for name, value in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(kind, (value, value))


def become(command: list[str], environment: dict[str, str], limits: dict[str, int], stdin: int) -> None:
    """Turns this process into the program; never returns."""
    if command[0] == "python":  # Not every image has it under this name.
        command[0] = sys.executable
    os.dup2(stdin, 0)
    os.close(stdin)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        limit(limits)
        os.execvpe(command[0], command, environment)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def wait(child: int, woken: int) -> int:
    """The child's exit code; kills it when the host's end of stdin goes away."""
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        readable = select.select([0, woken], [], [])[0]
        if 0 in readable and not os.read(0, 4096):
            os.kill(child, signal.SIGKILL)
            return 128 + signal.SIGKILL
        if woken in readable:
            os.read(woken, 4096)


def main() -> None:
    job = json.loads(read_exactly(int.from_bytes(read_exactly(8), "big")))
    os.chdir("/work")
    os.umask(0o022)
    write_files(job["files"])
    path = os.path.dirname(sys.executable)
    job["environment"]["PATH"] = ":".join([*job["path"], path, "/usr/local/bin", "/usr/bin", "/bin"])
    os.environ["PATH"] = job["environment"]["PATH"]
    if job["cpus"]:
        os.sched_setaffinity(0, job["cpus"])
    stdin = stdin_file(job["stdin"])
    woken, wakeup = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakeup)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = os.fork()
    if child == 0:
        become(job["command"], job["environment"], job["limits"], stdin)
    os.close(stdin)
    os._exit(wait(child, woken))


main()
