"""Ports of the loopback address."""

import socket

from embedded import CannotStart

TRIED = 20


def free() -> int:
    """Any port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def choose(asked: str, usual: int = 8000) -> tuple[int, str]:
    """The port to serve on, with a word to the operator where it isn't the usual one.

    asked: PORT of the environment, taken as an order. Raises CannotStart.
    """
    if asked:
        if not asked.isdecimal() or not 0 < int(asked) < 65536:
            raise CannotStart(f"PORT must be a port number, not {asked!r}.")
        if not is_free(int(asked)):
            raise CannotStart(f"Port {asked} is taken by another program: choose another PORT.")
        return int(asked), ""
    for port in range(usual, usual + TRIED):
        if is_free(port):
            return port, "" if port == usual else f"Port {usual} is taken by another program; using {port}."
    raise CannotStart(f"Ports {usual} to {usual + TRIED - 1} are all taken: choose one with PORT=…")
