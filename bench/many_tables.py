#!/usr/bin/env python3
"""What 10,000 tables cost: CREATE TABLE, DESCRIBE, SHOW TABLE STATS, start, memory.

    bench/many_tables.py build/release/bin/kalamdb-server [--tables 10000]

Starts the server on a folder of its own, removed afterwards. The disk's sync is part of each CREATE TABLE.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request


class Server:
    def __init__(self, binary, folder, port):
        self._binary, self._folder, self._port = binary, folder, port
        self._process = None

    def start(self):
        """Seconds until the first answer."""
        begin = time.perf_counter()
        self._process = subprocess.Popen(
            [self._binary, "--port", str(self._port), "--data-dir", self._folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health", timeout=5).read()
                return time.perf_counter() - begin
            except OSError:
                time.sleep(0.005)

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def memory_kb(self):
        with open(f"/proc/{self._process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def sql(self, text):
        body = json.dumps({"sql": text}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}/v1/api/sql", body)
        return json.loads(urllib.request.urlopen(request, timeout=120).read())

    def millis(self, text, times=20):
        """Median of the server's own time."""
        return statistics.median(self.sql(text)["took_ms"] for _ in range(times))


def create(number):
    return (f"CREATE USER TABLE app.t{number} (id BIGINT PRIMARY KEY DEFAULT SNOWFLAKE_ID(), body TEXT NOT NULL, "
            "topic TEXT DEFAULT 'none', n INT, at TIMESTAMP DEFAULT NOW())")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("server")
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--port", type=int, default=18_099)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="kalamdb-tables-")
    server = Server(os.path.abspath(options.server), folder, options.port)
    try:
        empty_start = server.start()
        server.sql("CREATE NAMESPACE app")
        empty_kb = server.memory_kb()
        first = statistics.median(server.sql(create(i))["took_ms"] for i in range(50))
        for begin in range(50, options.tables - 50, 500):
            numbers = range(begin, min(begin + 500, options.tables - 50))
            server.sql(";".join(create(i) for i in numbers))
        last = statistics.median(server.sql(create(i))["took_ms"] for i in range(options.tables - 50, options.tables))
        server.sql("INSERT INTO app.t7 (body) VALUES ('a'), ('b'), ('c')")
        print(f"CREATE TABLE, first 50 / last 50 of {options.tables}: {first:.2f} / {last:.2f} ms")
        print(f"DESCRIBE: {server.millis('DESCRIBE app.t7'):.2f} ms")
        print(f"SHOW TABLE STATS: {server.millis('SHOW TABLE STATS app.t7'):.2f} ms")
        one = "SELECT * FROM system.tables WHERE table_name = 't7'"
        print(f"system.tables, one of all: {server.millis(one):.2f} ms")
        server.stop()
        start = server.start()
        grown_kb = server.memory_kb()
        print(f"start, empty / with tables: {empty_start:.2f} / {start:.2f} s")
        print(f"memory per table after a start: {(grown_kb - empty_kb) / options.tables:.2f} KB")
        server.stop()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
