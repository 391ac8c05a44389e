"""What every measurement needs: where things are, and servers that are gone when it is over."""

import contextlib
import json
import os
import subprocess

from compare.systems import Kalam, Postgres, Probe, Redis


class Context:
    """Options of the run, its folder, and the programs. Servers are handed out as `with` blocks."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.rounds = options.rounds
        self._servers = 0

    def binary(self, name):
        return os.path.join(self.options.build, "bin", name)

    @contextlib.contextmanager
    def kalam(self, sync="commit", **settings):
        """A started server with an empty folder of its own."""
        server = Kalam(self.binary("kalamdb-server"), self.folder, sync, f"kalam{self._next()}", settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()

    @contextlib.contextmanager
    def postgres(self):
        folder = os.path.join(self.folder, f"pg{self._next()}")
        os.mkdir(folder)
        os.chmod(folder, 0o755)  # the postgres user must be able to pass through
        server = Postgres(self.options.postgres, folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()

    @contextlib.contextmanager
    def redis(self):
        server = Redis(self.folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()

    @contextlib.contextmanager
    def probe(self, sync="commit"):
        folder = os.path.join(self.folder, f"probe{self._next()}")
        os.mkdir(folder)
        server = Probe(self.binary("limit-probe"), folder, sync)
        server.start()
        try:
            yield server
        finally:
            server.stop()

    def _next(self):
        self._servers += 1
        return self._servers


def run_json(*command, env=None, timeout=600):
    """Runs a load generator; its figures. A wrong answer is its exit code, and an error here."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env=env, timeout=timeout, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{os.path.basename(str(command[0]))}: {done.stderr.strip()[-1000:]}")
    return json.loads(done.stdout)


def say(text):
    print(text, flush=True)
