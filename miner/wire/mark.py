"""The newest nonce that an axon ever admitted, in a file that outlives kill -9."""

import mmap
import os
import struct
from pathlib import Path

from solard.core.errors import SolardError

_LAYOUT = struct.Struct("<Q16s")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class MarkUnusable(SolardError):
    """The file of the newest nonce cannot be opened."""


class Mark:
    """Eight bytes of mapped memory: raising it costs no system call.

    The kernel keeps a mapped page when its process is killed. A power cut may lose the newest
    seconds of it, so after a boot the mark stands at `ahead_ns` from now, which is as far as an
    admitted nonce can be ahead.
    """

    def __init__(self, path: Path, now_ns: int, ahead_ns: int) -> None:
        """Open or create the file; raise MarkUnusable."""
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                is_new = os.fstat(handle).st_size < _LAYOUT.size
                os.ftruncate(handle, _LAYOUT.size)
                self._page = mmap.mmap(handle, _LAYOUT.size)
            finally:
                os.close(handle)
        except OSError as err:
            raise MarkUnusable(
                f"{path}: {err.strerror}; without it a restarted axon would take old requests"
            ) from err
        boot = _boot_id()
        kept_ns, kept_boot = _LAYOUT.unpack_from(self._page)
        self.nonce_ns: int = kept_ns
        if not is_new and kept_boot != boot:
            self.nonce_ns = max(kept_ns, now_ns + ahead_ns)
        _LAYOUT.pack_into(self._page, 0, self.nonce_ns, boot)

    def raise_to(self, nonce_ns: int) -> None:
        """Note an admitted nonce."""
        if nonce_ns > self.nonce_ns:
            self.nonce_ns = nonce_ns
            struct.pack_into("<Q", self._page, 0, nonce_ns)

    def close(self) -> None:
        """Let go of the file."""
        self._page.close()


def _boot_id() -> bytes:
    try:
        return bytes.fromhex(_BOOT_ID.read_text().strip().replace("-", ""))[:16]
    except (OSError, ValueError):
        return b""
