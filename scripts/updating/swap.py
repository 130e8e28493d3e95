"""Put a new client and a new document in the place of the old ones: both or none.

The new ones are written beside the old ones first. Then a journal is written, the client's
folders change places in one step where the system can do that, and the document is replaced,
which is the moment that counts. Whoever comes after an interruption finds the journal and puts
everything back, or clears up if that moment had passed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from updating import trees

# linux/fcntl.h and linux/fs.h; macOS has the same under another name and number.
AT_FDCWD = -100
RENAME_EXCHANGE = 2
RENAME_SWAP = 2
JOURNAL = ".up42_client.swap"


class Swap:
    """The change of places.

    Args:
        client: Folder of the client.
        spec: The document.
    """

    def __init__(self, client: Path, spec: Path) -> None:
        self._client, self._spec = client, spec
        self._fresh = client.with_name(f".{client.name}.new")
        self._old = client.with_name(f".{client.name}.old")
        self._fresh_spec = spec.with_name(f".{spec.name}.new")
        self._marker = client.with_name(f".{client.name}.pending")
        self._journal = client.with_name(JOURNAL)
        self._next_journal = client.with_name(f"{JOURNAL}.new")

    def run(self, client: Path, text: bytes | None = None) -> None:
        """Replace both.

        Args:
            client: Folder of the new client, which stays where it is.
            text: The new document; None leaves the document alone.
        """
        self.recover()
        pending = self._marker if text is None else self._fresh_spec
        try:
            trees.copy(client, self._fresh)
            pending.write_bytes(text or b"")
            with undisturbed():
                self._change_places(pending)
        finally:
            self.recover()

    def recover(self) -> bool:
        """Undo a change that was interrupted, and remove what it left.

        Returns:
            Whether there was one to undo.
        """
        is_undone = False
        if self._journal.exists():
            note = json.loads(self._journal.read_text())
            is_undone = (self._marker if note["pending"] == "marker" else self._fresh_spec).exists()
            if is_undone:
                self._undo(note["client"])
            self._journal.unlink()
        for folder in (self._fresh, self._old):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self._fresh_spec, self._marker, self._next_journal):
            file.unlink(missing_ok=True)
        return is_undone

    def _change_places(self, pending: Path) -> None:
        note = {
            "client": self._client.stat().st_ino if self._client.exists() else None,
            "pending": "marker" if pending == self._marker else "document",
        }
        self._next_journal.write_text(json.dumps(note))
        self._next_journal.replace(self._journal)
        if not (self._client.exists() and exchange(self._fresh, self._client)):
            if self._client.exists():
                self._client.rename(self._old)
            self._fresh.rename(self._client)
        # From here on the new ones count.
        if pending == self._marker:
            pending.unlink()
        else:
            pending.replace(self._spec)

    def _undo(self, number: int | None) -> None:
        """Put the client back that was there.

        Args:
            number: The inode of its folder; None if there was none.
        """
        if number is None:
            shutil.rmtree(self._client, ignore_errors=True)
            return
        if self._client.exists() and self._client.stat().st_ino == number:
            return
        old = next(p for p in (self._old, self._fresh) if p.exists() and p.stat().st_ino == number)
        if self._client.exists():
            if exchange(old, self._client):
                return
            shutil.rmtree(self._client)
        old.rename(self._client)


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; tell whether the system could do it."""
    names = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, RENAME_SWAP) == 0)
        return bool(library.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0)
    except (OSError, AttributeError, TypeError):
        return False


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let Ctrl-C and a polite end wait until the few renames are done."""
    is_possible = hasattr(signal, "pthread_sigmask")
    if not is_possible or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
