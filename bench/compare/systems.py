"""Starting, stopping and watching the two databases under comparison.

Each gets a fresh data folder below one temporary folder, hence the same disk. Nothing is left behind:
`stop` ends the processes that `start` made, and the caller removes the folder.
"""

import json
import os
import pwd
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _stat(pid):
    """The fields of /proc/PID/stat from `state` on; the process name before them may hold blanks."""
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()


def _cpu_seconds(pid):
    """(own, reaped children's) processor seconds."""
    user, system, children_user, children_system = map(int, _stat(pid)[11:15])
    return (user + system) / TICKS_PER_SECOND, (children_user + children_system) / TICKS_PER_SECOND


def tree_cpu_seconds(pid):
    """Processor seconds of a process, its living children, and the children it has reaped."""
    while True:
        reaped_before = _cpu_seconds(pid)[1]
        living = 0.0
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if int(_stat(entry)[1]) == pid:
                    living += _cpu_seconds(entry)[0]
            except (FileNotFoundError, ProcessLookupError):
                pass  # ended while we looked
        own, reaped = _cpu_seconds(pid)
        if reaped == reaped_before:  # else a child was counted twice or not at all: look again
            return own + living + reaped


def settle(system, patience_seconds=5.0):
    """Waits until `system` is idle, so that its background work does not slow the other's turn."""
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        before = system.cpu_seconds()
        time.sleep(0.25)
        if system.cpu_seconds() - before <= 0.02:
            return


class Kalam:
    """A KalamDB server with the given `storage.sync` mode."""

    def __init__(self, binary, folder, sync):
        self.port = free_port()
        self._binary = binary
        self._sync = sync
        self._data = os.path.join(folder, f"kalam-{sync}")
        self._log_path = self._data + ".log"
        self._process = None

    def start(self):
        command = [self._binary, "--data-dir", self._data, "--host", "127.0.0.1", "--port", str(self.port)]
        with open(self._log_path, "w") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, "KALAMDB_STORAGE_SYNC": self._sync})
        deadline = time.monotonic() + 30
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"kalamdb-server did not start; its log ends:\n{self.log_end()}")
            time.sleep(0.05)

    def stop(self):
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def sql(self, text):
        """Runs SQL as the local administrator (no token: localhost bypass)."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/api/sql", json.dumps({"sql": text}).encode(),
            {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            raise RuntimeError(f"{text}: {refusal.read().decode()}") from None

    def cpu_seconds(self):
        return tree_cpu_seconds(self._process.pid)

    def log_end(self):
        with open(self._log_path) as log:
            return log.read()[-2000:]

    def _healthy(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False


class Postgres:
    """PostgreSQL on a private unix socket. Run as `postgres` when we are root, as ourselves otherwise."""

    SETTINGS = {
        "shared_buffers": "'512MB'",
        "max_connections": "300",
        "listen_addresses": "''",
        "timezone": "'UTC'",
    }

    def __init__(self, bin_folder, folder):
        self.port = free_port()
        self.socket_folder = os.path.join(folder, "postgres")
        self._bin = bin_folder
        self._data = os.path.join(self.socket_folder, "data")
        self._log_path = os.path.join(self.socket_folder, "log")
        self._as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._postmaster = None

    @property
    def user(self):
        return "postgres" if self._as_user else pwd.getpwuid(os.geteuid()).pw_name

    def start(self):
        os.mkdir(self.socket_folder)
        if self._as_user:
            owner = pwd.getpwnam("postgres")
            os.chown(self.socket_folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", self._data, "-A", "trust", "-E", "UTF8", "--locale", "C")
        with open(os.path.join(self._data, "postgresql.conf"), "a") as conf:
            conf.write(f"port = {self.port}\nunix_socket_directories = '{self.socket_folder}'\n")
            conf.writelines(f"{key} = {value}\n" for key, value in self.SETTINGS.items())
        self._run("pg_ctl", "-D", self._data, "-l", self._log_path, "-w", "start")
        with open(os.path.join(self._data, "postmaster.pid")) as pid_file:
            self._postmaster = int(pid_file.readline())

    def stop(self):
        if self._postmaster is not None:
            self._run("pg_ctl", "-D", self._data, "-m", "fast", "-w", "stop")
            self._postmaster = None

    def sql(self, text):
        return self.client("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", text).strip()

    def client(self, tool, *arguments, options=""):
        """Runs psql or pgbench against this server; returns what it printed."""
        environment = {**os.environ, "PGHOST": self.socket_folder, "PGPORT": str(self.port),
                       "PGUSER": self.user, "PGDATABASE": "postgres", "PGOPTIONS": options}
        return _checked([os.path.join(self._bin, tool), *arguments], env=environment)

    def cpu_seconds(self):
        return tree_cpu_seconds(self._postmaster)

    def version(self):
        return _checked([os.path.join(self._bin, "postgres"), "--version"]).strip()

    def _run(self, tool, *arguments):
        _checked([*self._as_user, os.path.join(self._bin, tool), *arguments], cwd="/")


def _checked(command, **options):
    """Runs a command to its end. Output goes through files: a daemon it leaves would keep a pipe open."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        code = subprocess.run(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, **options).returncode
        out.seek(0)
        err.seek(0)
        if code != 0:
            raise RuntimeError(f"{os.path.basename(command[0])} failed ({code}): {err.read()[-2000:]}")
        return out.read()
