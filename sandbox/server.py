"""HTTP/1.1 on loopback: AWS requests to the engine, /_sandbox/ to the control plane."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson

from sandbox import control
from sandbox.engine import CutConnectionError, Engine
from sandbox.journal import remembered_start
from sandbox.protocol import Request, Response
from sandbox.world import DAY, Clock, World


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], engine: Engine) -> None:
        self.engine = engine
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news; anything else is."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            traceback.print_exc()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120
    server: Server

    def do_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/_sandbox/"):
            status, value = control.answer(self.server.engine, self.command, self.path, body)
            self._send(Response(status, {"Content-Type": "application/json"}, orjson.dumps(value)))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            response = self.server.engine.serve(Request(self.command, self.path, headers, body))
        except CutConnectionError as cut:
            self._send(cut.response, cut=True)
            if cut.reset:
                self._reset()
            return
        except Exception:
            traceback.print_exc()
            problem = orjson.dumps({"__type": "SandboxDefect", "message": "The sandbox failed; see its log."})
            response = Response(500, {"Content-Type": "application/json", "x-amzn-ErrorType": "SandboxDefect"}, problem)
        self._send(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_request  # noqa: N815 - http.server calls them so

    def _send(self, response: Response, *, cut: bool = False) -> None:
        """In one write, so that no small packet waits for another. cut: half the body, then hang up."""
        head = [f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('', ''))[0]}"]
        head += [f"{name}: {value}" for name, value in response.headers.items()]
        head += [f"Content-Length: {len(response.body)}", f"Date: {self._date()}", "", ""]
        body = response.body[: len(response.body) // 2] if cut else response.body
        self.wfile.write("\r\n".join(head).encode("latin-1") + body)
        if cut:
            self.close_connection = True

    def _date(self) -> str:
        """What time it is in the sandbox."""
        return self.date_time_string(self.server.engine.clock.now() / 1000)

    def _reset(self) -> None:
        """Closing with nothing to linger for sends a reset instead of an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what matters is counted, see /_sandbox/calls."""


class Sandbox:
    """A running sandbox in this process: `with Sandbox(findings=500) as sandbox: ... sandbox.url`.

    Options not named here are World's. days: how much of the estate's life has passed when it starts.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        days: float = 0.0,
        clock_file: Path | str | None = None,
        state: Path | str | None = None,
        rates: bool = False,
        **options: Any,
    ) -> None:
        self.clock = Clock(Path(clock_file) if clock_file is not None else None)
        state_path = Path(state) if state is not None else None
        start = remembered_start(state_path)
        if start is None:
            start = options.pop("start", None) or _midnight(self.clock.now() - int(days * DAY))
        options.pop("start", None)
        self.world = World(start=start, **options)
        self.engine = Engine(self.world, self.clock, state=state_path, rates=rates)
        try:
            self._server = Server((host, port), self.engine)
        except BaseException:
            self.engine.stop()
            raise
        self._thread: threading.Thread | None = None
        self._served = False

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{self._server.server_address[0]!s}:{self.port}"

    def start(self) -> Sandbox:
        """In a thread of its own, which stop() ends. Started already, it stays as it is."""
        if self._served:
            return self
        self._served = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        """In this thread, until stop() is called from another."""
        self._served = True
        self._server.serve_forever(0.1)

    def stop(self) -> None:
        if self._served:
            self._server.shutdown()
        self.engine.stop()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join(timeout=5)
            self._thread = None

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


def _midnight(moment: int) -> int:
    """The start of that UTC day, so that worlds made on one day are alike."""
    return moment - moment % DAY


__all__ = ["Sandbox", "Server"]
