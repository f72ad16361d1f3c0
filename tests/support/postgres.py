"""A throw-away PostgreSQL cluster: one per test session, shared by all workers, gone afterwards."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

SETTINGS = {
    "listen_addresses": "", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
    "max_connections": "400", "shared_buffers": "128MB", "wal_level": "minimal", "max_wal_senders": "0",
    "autovacuum": "off", "logging_collector": "off",
}


@cache
def find_binaries() -> Path | None:
    """The folder with initdb and postgres: from PATH, else the newest of Debian's."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    return next((p for p in candidates if (p / "initdb").exists() and (p / "postgres").exists()), None)


def is_available() -> bool:
    """Whether a server was given or can be started."""
    return bool(os.environ.get("TEST_POSTGRES_URL")) or find_binaries() is not None


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """One process at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def server_url(shared: Path) -> str:
    """The URL of the session's server; the first worker to ask starts it.

    Args:
        shared: a folder all workers of this test session share.
    """
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        return given
    note = shared / "postgres"
    with file_lock(shared / "postgres.lock"):
        if not note.exists():
            note.write_text(str(_start(os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid())))
    return f"postgresql+psycopg://postgres@/postgres?host={note.read_text()}"


def stop(shared: Path) -> None:
    """Stop the session's server, if one was started, and remove it."""
    note = shared / "postgres"
    if not note.exists():
        return
    folder = Path(note.read_text())
    binaries = find_binaries()
    assert binaries is not None
    subprocess.run([binaries / "pg_ctl", "stop", "-m", "immediate", "-D", folder / "data"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, cwd="/", **_as_nobody())
    shutil.rmtree(folder, ignore_errors=True)


def create_database(server: str, name: str, template: str | None = None) -> str:
    """Make a database anew, as a copy of another if named, and give its URL."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else "")))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def drop_database(server: str, name: str) -> None:
    """Remove a database, whoever is connected to it."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    engine.dispose()


def _as_nobody() -> dict[str, object]:
    """PostgreSQL refuses to run as root: then it runs as a user without rights."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL does not run as root, and there is no other user to run it as")


def _start(watched: int) -> Path:
    """Make and start a cluster that listens on a socket only; it stops if the watched process dies."""
    binaries = find_binaries()
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="gonghai-pg-", dir="/tmp"))  # short: a socket's path has 107 bytes at most
    account = _as_nobody()
    if account:
        os.chown(folder, account["user"], account["group"])  # type: ignore[arg-type]
    subprocess.run([binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                    "--locale=C", "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/", **account)
    options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
    subprocess.run([binaries / "pg_ctl", "start", "-w", "-D", folder / "data", "-l", folder / "log",
                    "-o", f"{options} -k {folder}"], check=True, stdout=subprocess.DEVNULL, cwd="/", **account)
    watch = (f"while kill -0 {watched} 2>/dev/null; do sleep 1; done; "
             f"'{binaries}/pg_ctl' stop -m immediate -D '{folder}/data'; rm -rf '{folder}'")
    subprocess.run(["/bin/sh", "-c", f"({watch}) &"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, start_new_session=True, cwd="/", check=True)
    return folder
