"""An installed tree and servers started from it, for the tests of this folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

# Set from the command line by main() of each test.
BUILD = None


def clean_environment(**more):
    """Ours, without what a developer's shell may say about KalamDB."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KALAM")}
    return {**kept, **more}


class Folder:
    """A temporary folder that goes with the object."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="kalam-deploy-")

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def run(*command, **options):
    """The output of a command that must succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=240, check=False,
                          **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def install(prefix, *more):
    run("cmake", "--install", BUILD, "--prefix", prefix, *more)


class Server:
    """A server started by `command`, which gets the path of a port file appended."""

    def __init__(self, command, port_file, port_file_outside=None, **options):
        self._port_file = port_file_outside or port_file
        self._log = tempfile.NamedTemporaryFile(prefix="kalam-deploy-", suffix=".out")
        if os.path.exists(self._port_file):
            os.remove(self._port_file)
        self.process = subprocess.Popen([*command, "--port-file", port_file], stdout=self._log,
                                        stderr=subprocess.STDOUT, **options)
        deadline = time.monotonic() + 30
        while not os.path.exists(self._port_file):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"the server did not start (status {self.process.poll()}):\n{self.output()}")
            time.sleep(0.02)
        with open(self._port_file, encoding="ascii") as file:
            self.port = int(file.read())
        self.url = f"http://127.0.0.1:{self.port}"

    def output(self):
        with open(self._log.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def health(self):
        with urllib.request.urlopen(self.url + "/health", timeout=10) as answer:
            return json.load(answer)

    def stop(self):
        """SIGTERM: the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def main(unittest, parser):
    """Runs the tests of the calling file."""
    global BUILD
    options, rest = parser.parse_known_args()
    BUILD = options.build
    unittest.main(argv=[sys.argv[0], *rest])
    return options
