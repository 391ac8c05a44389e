"""Starting, stopping and watching the systems under comparison.

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


def settle(*systems, patience_seconds=5.0):
    """Waits until all `systems` are idle, so that their background work does not slow another's turn."""
    deadline = time.monotonic() + patience_seconds
    while systems and time.monotonic() < deadline:
        before = [system.cpu_seconds() for system in systems]
        time.sleep(0.25)
        if sum(system.cpu_seconds() for system in systems) - sum(before) <= 0.02:
            return


def wait_until(ready, process, what, log_end, pause=0.02, patience_seconds=60):
    """Polls `ready()`; an error with the log's end when the process dies or time runs out."""
    deadline = time.monotonic() + patience_seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not start; its log ends:\n{log_end()}")
        time.sleep(pause)


def log_end(path):
    with open(path, errors="replace") as log:
        return log.read()[-2000:]


def end(process):
    """Asks a process to stop, and makes it when it does not."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Kalam:
    """A KalamDB server. `settings` are names and values of KALAMDB_... variables without that prefix."""

    def __init__(self, binary, folder, sync="commit", name="kalam", settings=None):
        self.port = free_port()
        self.data = os.path.join(folder, f"{name}-{sync}")
        self._binary = binary
        self._environment = {**os.environ, "KALAMDB_STORAGE_SYNC": sync,
                             **{f"KALAMDB_{key}": str(value) for key, value in (settings or {}).items()}}
        self._log_path = self.data + ".log"
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        """Starts and waits; returns the seconds until the first healthy answer."""
        command = [self._binary, "--data-dir", self.data, "--host", "127.0.0.1", "--port", str(self.port)]
        begin = time.perf_counter()
        with open(self._log_path, "w") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                             env=self._environment)
        wait_until(self._healthy, self._process, "kalamdb-server", lambda: log_end(self._log_path), pause=0.001)
        return time.perf_counter() - begin

    def stop(self):
        end(self._process)
        self._process = None

    def kill(self):
        """What kill -9 does to it."""
        self._process.kill()
        self._process.wait()
        self._process = None

    def sql(self, text, user=None):
        """Runs SQL as `user`, or as the local administrator (no token: localhost bypass)."""
        headers = {"Content-Type": "application/json", **({"X-USER-ID": user} if user else {})}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/api/sql",
                                         json.dumps({"sql": text}).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=600) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            raise RuntimeError(f"{text[:200]}: {refusal.read().decode()}") from None

    def rows(self, text, user=None):
        return self.sql(text, user)["results"][0]["rows"]

    def cpu_seconds(self):
        return tree_cpu_seconds(self._process.pid)

    def memory_bytes(self, field="VmRSS"):
        with open(f"/proc/{self._process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(field)) * 1024

    def reset_peak_memory(self):
        with open(f"/proc/{self._process.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def flush(self, table, pause=0.005):
        """Moves a table's rows to Parquet, waits, looking every `pause` seconds; returns what the job reports."""
        job = self.rows(f"FLUSH TABLE {table}")[0]["job_id"]
        while True:
            row = self.rows(f"SELECT status, result FROM system.jobs WHERE job_id = '{job}'")[0]
            if row["status"] not in ("pending", "running"):
                if row["status"] != "completed":
                    raise RuntimeError(row)
                return json.loads(row["result"])
            time.sleep(pause)

    def _healthy(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False


class Probe:
    """The limit (bench/probe): answers kalam-bench as KalamDB does, with nothing of a database in it."""

    def __init__(self, binary, folder, sync="commit"):
        self.port = None
        self._command = [binary, "--port", "0", "--data-dir", os.path.join(folder, f"probe-{sync}")]
        if sync != "commit":
            self._command.append("--no-sync")
        self._port_file = os.path.join(folder, f"probe-{sync}.port")
        self._log_path = os.path.join(folder, f"probe-{sync}.log")
        self._process = None

    def start(self):
        with open(self._log_path, "w") as log:
            self._process = subprocess.Popen([*self._command, "--port-file", self._port_file], stdout=log, stderr=log,
                                             stdin=subprocess.DEVNULL)
        wait_until(self._has_port, self._process, "limit-probe", lambda: log_end(self._log_path))

    def stop(self):
        end(self._process)
        self._process = None

    def sql(self, text):
        """It needs no tables."""

    def cpu_seconds(self):
        return tree_cpu_seconds(self._process.pid)

    def _has_port(self):
        try:
            with open(self._port_file, encoding="ascii") as file:
                self.port = int(file.read())
        except (OSError, ValueError):
            return False
        return True


class Redis:
    """Redis without snapshots, for its pub/sub."""

    def __init__(self, folder):
        self.port = free_port()
        self._folder = folder
        self._log_path = os.path.join(folder, "redis.log")
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        with open(self._log_path, "w") as log:
            self._process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder,
                 "--maxclients", "20000"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self._listens, self._process, "redis-server", lambda: log_end(self._log_path))

    def stop(self):
        end(self._process)
        self._process = None

    def cpu_seconds(self):
        return tree_cpu_seconds(self._process.pid)

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


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
        self.start_again()

    def start_again(self):
        self._run("pg_ctl", "-D", self._data, "-l", self._log_path, "-w", "start")
        with open(os.path.join(self._data, "postmaster.pid")) as pid_file:
            self._postmaster = int(pid_file.readline())

    def stop(self, mode="fast"):
        """Mode `immediate` leaves everything to the next start, as a kill would."""
        if self._postmaster is not None:
            self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")
            self._postmaster = None

    def sql(self, text):
        return self.client("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", text).strip()

    def client(self, tool, *arguments, options=""):
        """Runs psql or pgbench against this server; returns what it printed."""
        return _checked([os.path.join(self._bin, tool), *arguments], env=self.environment(options))

    def environment(self, options=""):
        """What libpq needs to find this server."""
        return {**os.environ, "PGHOST": self.socket_folder, "PGPORT": str(self.port), "PGUSER": self.user,
                "PGDATABASE": "postgres", "PGOPTIONS": options}

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
