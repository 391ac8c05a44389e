#!/usr/bin/env python3
"""The container image without a container engine: its root file system, made by the script that the Dockerfile calls, is
entered by chroot in a process namespace of its own, as the user, with the environment and by the commands that the
Dockerfile names. What only an engine can show is left to it when there is one (KALAM_TEST_DOCKER=1).

US8 T386 test_documentation_and_deployment
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import installed  # noqa: E402
from installed import Folder, Server, run  # noqa: E402

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECRET = "of-the-container-test-and-nothing-else-0123456789"


def dockerfile():
    with open(os.path.join(SOURCE, "docker/Dockerfile"), encoding="utf-8") as file:
        return file.read()


def last_stage():
    return re.split(r"^FROM ", dockerfile(), flags=re.M)[-1]


def image_environment():
    return dict(re.findall(r"^ENV (\w+)=(\S+)$", last_stage(), re.M))


def command_of(instruction):
    return json.loads(re.search(rf"^{instruction}\b.*?(\[.*\])$", last_stage(), re.M)[1])


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def sql(root, port, text, user="maya"):
    """By the `kalam` of the image, inside."""
    return inside(root, {"KALAM_URL": f"http://127.0.0.1:{port}"}, "/usr/bin/kalam", "--user", user, "--csv", "-c", text)


def user_of_image():
    return re.search(r"^USER (\S+)$", last_stage(), re.M)[1]


def chroot(root):
    return [shutil.which("chroot", path=os.defpath + ":/usr/sbin:/sbin"), f"--userspec={user_of_image()}", root]


def inside(root, environment, *command):
    return run(*chroot(root), *command, env=environment)


class Container:
    """The image's entry point as process 1 of a namespace, until stop()."""

    def __init__(self, root, **environment):
        self.root = root
        self.environment = {**image_environment(), **environment}
        self.server = Server(["unshare", "--mount", "--pid", "--fork", "--kill-child", *chroot(root),
                              *command_of("ENTRYPOINT")], "/data/port", os.path.join(root, "data/port"),
                             env=self.environment)
        self.port = self.server.port
        pid = self.server.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            self.first_process = int(file.read().split()[0])

    def check(self):
        return subprocess.run([*chroot(self.root), *command_of("HEALTHCHECK")], env=self.environment,
                              capture_output=True, text=True, timeout=30, check=False)

    def stop(self):
        """The stop signal to process 1, as an engine sends it: its exit status."""
        os.kill(self.first_process, getattr(signal, re.search(r"^STOPSIGNAL (\w+)$", last_stage(), re.M)[1]))
        return self.server.process.wait(timeout=60)


@unittest.skipUnless(os.geteuid() == 0, "chroot needs root")
class ContainerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        prefix = cls.folder / "prefix"
        installed.install(prefix, "--strip")
        cls.root = cls.folder / "root"
        # US8 T388 test_dockerfile_builds_successfully: the steps after the compiler, by the script that it calls.
        run(os.path.join(SOURCE, "docker/runtime-root"), prefix, cls.root)
        shutil.rmtree(prefix)

    @classmethod
    def tearDownClass(cls):
        cls.folder.remove()

    def start(self, **environment):
        environment.setdefault("KALAMDB_SERVER_PORT", str(free_port()))
        container = Container(self.root, KALAMDB_AUTH_JWT_SECRET=SECRET, **environment)
        self.addCleanup(container.server.kill)
        return container

    def test_the_root_has_what_the_programs_need_and_no_shell(self):
        self.assertEqual(set(os.listdir(os.path.join(self.root, "usr/bin"))), {"kalam", "kalam-cli", "kalamdb-server"})
        data = os.path.join(self.root, "data")
        owned = [os.path.join(folder, name) for folder, folders, files in os.walk(self.root) for name in folders + files
                 if os.lstat(os.path.join(folder, name)).st_uid != 0 and not folder.startswith(data)]
        self.assertEqual(owned, [data])

    # US8 T393 test_docker_image_size_within_limits
    def test_the_image_is_smaller_than_100_megabytes(self):
        size = sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, files in os.walk(self.root)
                   for name in files if not folder.startswith(os.path.join(self.root, "data")))
        print(f"image: {size / 1e6:.1f} MB", file=sys.stderr)
        self.assertLess(size, 100_000_000)

    # US8 T389 test_docker_image_starts_server
    def test_the_server_starts_as_a_user_without_rights_answers_and_stops(self):
        container = self.start()
        with open(f"/proc/{container.first_process}/status", encoding="ascii") as file:
            status = file.read()
        self.assertRegex(status, r"Uid:\s+65532\s+65532")
        self.assertRegex(status, r"CapEff:\s+0+\n")
        self.assertRegex(status, r"NSpid:\s+\d+\s+1\n")
        self.assertEqual(container.server.health()["status"], "healthy")
        done = container.check()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(sql(self.root, container.port, "SELECT 41 + 1 AS n"), "n\n42\n")
        self.assertEqual(container.stop(), 0)
        done = container.check()
        self.assertEqual(done.returncode, 1)
        self.assertIn("connect to 127.0.0.1", done.stderr)

    def test_the_health_check_tells_a_frozen_server(self):
        container = self.start()
        os.kill(container.first_process, signal.SIGSTOP)
        done = container.check()
        os.kill(container.first_process, signal.SIGCONT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/health", done.stderr)
        self.assertEqual(container.check().returncode, 0)
        self.assertEqual(container.stop(), 0)

    # US8 T391 test_docker_container_environment_variables
    def test_the_environment_is_the_configuration(self):
        port = free_port()
        container = self.start(KALAMDB_SERVER_PORT=str(port), KALAMDB_LOG_LEVEL="debug",
                               KALAMDB_MAX_CONNECTIONS="123", KALAMDB_SERVER_API_VERSION="v7")
        self.assertEqual(container.port, port)
        self.assertEqual(container.server.health()["api_version"], "v7")
        printed = inside(self.root, container.environment, *command_of("ENTRYPOINT"), "--print-config")
        for line in (f"port = {port}", 'host = "0.0.0.0"', 'level = "debug"', "max_connections = 123",
                     'data_dir = "/data"'):
            self.assertIn("\n" + line + "\n", printed)
        self.assertNotIn(SECRET, printed)
        self.assertEqual(container.stop(), 0)

    def test_without_a_secret_of_its_own_it_does_not_listen_to_others(self):
        done = subprocess.run([*chroot(self.root), *command_of("ENTRYPOINT")], env=image_environment(),
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("jwt_secret", done.stderr)

    def test_a_mounted_configuration_file_is_read(self):
        self.assertIn("\nWORKDIR /etc/kalamdb\n", last_stage())
        path = os.path.join(self.root, "etc/kalamdb/config.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("[limits]\nmax_joins = 7\n")
        self.addCleanup(os.remove, path)
        printed = run("unshare", "--root", self.root, "--wd", "/etc/kalamdb", *command_of("ENTRYPOINT"),
                      "--print-config", env={**image_environment(), "KALAMDB_AUTH_JWT_SECRET": SECRET})
        self.assertIn("\nmax_joins = 7\n", printed)

    # US8 T392 test_docker_volume_persistence
    def test_data_of_the_volume_survive_a_restart_and_a_kill(self):
        first = self.start()
        sql(self.root, first.port, "CREATE NAMESPACE app; CREATE USER TABLE app.notes (id BIGINT PRIMARY KEY, t TEXT)",
            "system")
        sql(self.root, first.port, "INSERT INTO app.notes VALUES (1, 'kept')")
        self.assertEqual(first.stop(), 0)
        second = self.start()
        sql(self.root, second.port, "INSERT INTO app.notes VALUES (2, 'kept too')")
        os.kill(second.first_process, signal.SIGKILL)
        second.server.process.wait(timeout=30)
        third = self.start()
        self.assertEqual(sql(self.root, third.port, "SELECT id, t FROM app.notes ORDER BY id"),
                         "id,t\n1,kept\n2,kept too\n")
        self.assertEqual(third.stop(), 0)


class FilesTest(unittest.TestCase):
    # US8 T387 test_docs_folder_organization
    def test_docs_are_in_their_folders(self):
        docs = os.path.join(SOURCE, "docs")
        for folder in ("build", "quickstart", "architecture", "architecture/adrs"):
            self.assertTrue(os.path.isdir(os.path.join(docs, folder)), folder)
        # One page is for all of them: what was measured.
        loose = [name for name in os.listdir(docs) if not os.path.isdir(os.path.join(docs, name))]
        self.assertEqual(loose, ["performance.md"])

    def test_the_dockerfile_copies_and_calls_what_exists(self):
        text = dockerfile()
        self.assertIn("\nFROM debian:bookworm-slim AS build\n", text)
        for path in ("scripts/setup", "docker/runtime-root"):
            self.assertIn(path, text)
            self.assertTrue(os.access(os.path.join(SOURCE, path), os.X_OK), path)
        # No secret in a layer, and not root.
        self.assertNotIn("JWT", text)
        self.assertNotEqual(user_of_image().split(":")[0], "0")

    # US8 T390 test_docker_compose_brings_up_stack: the file itself; bringing it up needs an engine.
    def test_the_compose_file_fits_the_image(self):
        path = os.path.join(SOURCE, "docker/docker-compose.yml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("- data:/data\n", text)
        self.assertIn('- "127.0.0.1:8080:8080"\n', text)
        known = installed.run(os.path.join(installed.BUILD, "bin/kalamdb-server"), "--print-config",
                              env={name: "16" for name in re.findall(r"^      (KALAMDB_MAX\w+):", text, re.M)})
        self.assertIn("max_connections = 16", known)
        if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True,
                                                     check=False).returncode == 0:
            config = json.loads(run("docker", "compose", "-f", path, "config", "--format", "json",
                                    env={**os.environ, "KALAMDB_AUTH_JWT_SECRET": SECRET}))
            service = config["services"]["kalamdb"]
            self.assertEqual(service["environment"]["KALAMDB_AUTH_JWT_SECRET"], SECRET)
            self.assertTrue(service["read_only"])

    @unittest.skipUnless(os.environ.get("KALAM_TEST_DOCKER") == "1", "KALAM_TEST_DOCKER=1 runs it with an engine")
    def test_an_engine_builds_the_image_and_brings_the_stack_up(self):
        compose = ["docker", "compose", "-f", os.path.join(SOURCE, "docker/docker-compose.yml")]
        environment = {**os.environ, "KALAMDB_AUTH_JWT_SECRET": SECRET}
        try:
            subprocess.run([*compose, "up", "--build", "-d", "--wait"], env=environment, timeout=3600, check=True)
            self.assertIn("42", run(*compose, "exec", "-T", "kalamdb", "/usr/bin/kalam", "-c", "SELECT 42",
                                    env=environment))
        finally:
            subprocess.run([*compose, "down", "--volumes"], env=environment, timeout=300, check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    installed.main(unittest, parser)


if __name__ == "__main__":
    main()
