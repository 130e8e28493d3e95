"""A file server in a process of its own, as fast as the system can send, or throttled.

Usage: python file_server.py FOLDER

Serves the files of a folder on a free port of 127.0.0.1, with ranges and ETags, and prints the
port. With `?bytes_per_second=N` each connection gets at most N.
"""

from __future__ import annotations

import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

# Bytes per call when throttled: 200 steps per second at 50 MB/s.
_PIECE = 256 << 10


class Handler(BaseHTTPRequestHandler):
    """Serves GET requests."""

    protocol_version = "HTTP/1.1"
    folder = Path()

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        with (self.folder / parts.path.rpartition("/")[2]).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            first = int(match[1]) if match else 0
            last = int(match[2]) + 1 if match and match[2] else size
            self.send_response(206 if match else 200)
            if match:
                self.send_header("Content-Range", f"bytes {first}-{last - 1}/{size}")
            self.send_header("Content-Length", str(last - first))
            self.send_header("ETag", f'"{size}"')
            self.end_headers()
            self.wfile.flush()
            speed = parse_qs(parts.query).get("bytes_per_second")
            try:
                self._send(file.fileno(), first, last, float(speed[0]) if speed else None)
            except OSError:  # the client has what it wants
                self.close_connection = True

    def _send(self, file: int, first: int, last: int, speed: float | None) -> None:
        started, position = time.monotonic(), first
        while position < last:
            count = last - position if speed is None else min(_PIECE, last - position)
            position += os.sendfile(self.connection.fileno(), file, position, count)
            if speed is not None:
                due = started + (position - first) / speed
                time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    """Serve until killed."""
    Handler.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
