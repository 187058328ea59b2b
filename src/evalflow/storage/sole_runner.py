"""One program at a time that runs a store in a file: a file beside it is locked, and the system
lets go of the lock when the program dies."""

from __future__ import annotations

import os
from contextlib import suppress
from types import ModuleType

from evalflow.model.values import define

_fcntl: ModuleType | None
try:
    import fcntl as _fcntl
except ImportError:  # Windows
    _fcntl = None


@define
class HeldFile:
    """The locked file; it is there as long as it is held."""

    _path: str
    _file: int

    def still(self) -> bool:
        """Say whether the file that was locked still stands at its place."""
        return self._file >= 0 and _same(self._path, self._file)

    def release(self) -> None:
        """Take the file away, and with it the lock."""
        if self._file >= 0:
            if self.still():
                with suppress(OSError):
                    os.remove(self._path)
            os.close(self._file)
            self._file = -1


def hold_file(path: str) -> HeldFile | None:
    """Lock the file at `path`, which is made; None where another program has it.

    Raises:
        OSError: it cannot be made, or the system knows no locks.
    """
    if _fcntl is None:
        raise OSError("no file locks on this system")
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        file = os.open(path, flags, 0o640)
        try:
            _fcntl.flock(file, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        except BaseException:
            os.close(file)
            raise
        if os.fstat(file).st_size:  # which would be gone once it is let go of
            os.close(file)
            raise OSError(f"{path} is no lock of evalflow's: it holds something")
        if _same(path, file):
            return HeldFile(path, file)
        os.close(file)  # whoever held it took it away meanwhile: there is a new one


def _same(path: str, file: int) -> bool:
    try:
        there, ours = os.stat(path), os.fstat(file)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
