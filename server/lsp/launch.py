"""`quantumlayer lsp`: starts the server on standard input and output, or on a port."""

import argparse
import asyncio
import contextlib
import functools
import ipaddress
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

from . import log as log_file
from . import stdio
from .connection import SocketWriter, serve
from .converter import exact_converter
from .server import QuantumLayerServer

log = logging.getLogger(__name__)
_LAST_RESORT_S = 5.0
_THREADS = 16


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Serves until the client leaves, then ends the process."""
    options = _parse(arguments)
    path = log_file.start(options.log_level)
    log.info("the server begins; process %s, log %s", os.getpid(), path)
    if options.tcp is not None:
        code = _serve_port(*options.tcp)
    else:
        code = asyncio.run(_serve_stdio(*stdio.take_descriptors()))
    log.info("the server ends with status %s", code)
    _leave(code)


def _leave(code: int) -> NoReturn:
    """Ends at once: all is closed by now, and taking a large program's memory apart takes seconds."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


async def _serve_stdio(source: int, target: int) -> int:
    _prepare_loop()
    server = QuantumLayerServer(watch_parent=True)
    writer = stdio.StdoutWriter(target, on_broken=functools.partial(server.end, 1))
    _on_signals(functools.partial(server.end, 1))
    code = await serve(server, stdio.open_reader(source), writer)
    _end_for_sure(code)
    return code


def _serve_port(host: str, port: int) -> int:
    try:
        return asyncio.run(_serve_tcp(host, port))
    except OSError as error:
        log.warning("cannot listen on %s:%s: %s", host, port, error)
        _say(f"cannot listen on {host}:{port}: {error.strerror or error}. Choose another port.")
        return 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - for whoever started it in a terminal


async def _serve_tcp(host: str, port: int) -> int:
    """Each connection is a client of its own. Ends with SIGINT or SIGTERM."""
    _prepare_loop()
    converter = exact_converter()
    clients: dict[asyncio.Task[Any], QuantumLayerServer] = {}
    stopped = asyncio.Event()
    _on_signals(stopped.set)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = QuantumLayerServer(converter=lambda: converter)
        if (task := asyncio.current_task()) is not None:
            clients[task] = server
            task.add_done_callback(lambda done: clients.pop(done, None))
        await serve(server, reader, SocketWriter(writer))

    listener = await asyncio.start_server(client, host, port)
    for socket in listener.sockets:
        bound_host, bound_port = socket.getsockname()[:2]
        _say(f"listening on {bound_host}:{bound_port}")
    if not _is_loopback(host):
        log.warning("%s can be reached from other machines, and there is no password", host)
    await stopped.wait()
    listener.close()
    _end_for_sure(0)
    for server in tuple(clients.values()):
        server.end(0)
    await asyncio.gather(*clients, return_exceptions=True)
    return 0


def _prepare_loop() -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="engine"))
    loop.set_exception_handler(_log_exception)


def _log_exception(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    error = context.get("exception")
    log.error("%s", context.get("message"), exc_info=error if isinstance(error, BaseException) else None)


def _on_signals(stop: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, stop)


def _end_for_sure(code: int) -> None:
    """A thread that nothing can stop (a validator, a download) must not keep the process."""
    last_resort = threading.Timer(_LAST_RESORT_S, os._exit, [code])
    last_resort.daemon = True
    last_resort.start()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="quantumlayer lsp",
        description="The language server. Editors start it; it speaks the Language Server Protocol.",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--stdio", action="store_true", help="use standard input and output (this is the default)"
    )
    where.add_argument(
        "--tcp",
        metavar="HOST:PORT",
        type=_address,
        help="listen on a port instead, for any number of clients; HOST is 127.0.0.1 if left out",
    )
    parser.add_argument("--log-level", choices=log_file.LEVELS, default="info", help="default: info")
    return parser.parse_args(arguments)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:7777")
    return host.strip("[]") or "127.0.0.1", int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
