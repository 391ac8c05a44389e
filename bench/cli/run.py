#!/usr/bin/env python3
"""Goal 15: what the terminal client costs, side by side with psql.

    bench/cli/run.py [--build build/release] [--runs 50]

Starts both servers on private ports with fresh data (as bench/compare does) and measures, in turns:
  - `kalam -c "SELECT 1"` and `psql -c "select 1"` end to end, from the start of the process to its end;
  - how long the prompt takes to appear, on a pseudo-terminal;
  - the size of the stripped binary;
  - the most memory that 100,000 rows take, printed as a table, a page after the other.
A wrong answer fails the run. The machine must be quiet.
"""

import argparse
import os
import pty
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compare"))
import systems  # noqa: E402

PAGED_ROWS = 100_000


def timed(command, environment, expected):
    begin = time.perf_counter()
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    took = time.perf_counter() - begin
    if answer.returncode != 0 or expected not in answer.stdout:
        raise RuntimeError(f"{command[0]}: {answer.stdout}{answer.stderr}")
    return took * 1000


def on_terminal(command, environment):
    """Starts a command on a terminal of its own: (process id, the terminal's other end)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, environment)
    return pid, terminal


def read_until(terminal, texts, seconds=60):
    """Reads until one of `texts` was shown: which, or None at the end."""
    shown = b""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return None
        if not piece:
            return None
        shown = (shown + piece)[-70000:]
        for text in texts:
            if text in shown:
                return text
    raise RuntimeError(f"none of {texts} was shown but {shown[-500:]}")


def prompt_ms(kalam, environment):
    begin = time.perf_counter()
    pid, terminal = on_terminal([kalam, "--no-color"], environment)
    read_until(terminal, [b"kalam> "])
    took = time.perf_counter() - begin
    os.write(terminal, b"\\q\n")
    read_until(terminal, [])
    os.close(terminal)
    os.waitpid(pid, 0)
    return took * 1000


def paged_memory_mb(kalam, environment):
    sql = f"SELECT x AS id, 'a message of some length' AS body FROM range({PAGED_ROWS}) t(x)"
    pid, terminal = on_terminal([kalam, "--no-color", "-c", sql], environment)
    pages = 0
    while read_until(terminal, [b"Press Enter for more...", b"Took:"]) == b"Press Enter for more...":
        pages += 1
        os.write(terminal, b"\n")
    os.close(terminal)
    usage = os.wait4(pid, 0)[2]
    if pages != PAGED_ROWS // 1000 - 1:
        raise RuntimeError(f"{pages} pages")
    return usage.ru_maxrss / 1024


def stripped_mb(kalam, folder):
    copy = os.path.join(folder, "kalam-stripped")
    subprocess.run(["strip", "-o", copy, kalam], check=True)
    return os.path.getsize(copy) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--postgres", default="/usr/lib/postgresql/15/bin")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--dir", default="/var/tmp")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="kalam-cli-", dir=options.dir)
    os.chmod(folder, 0o755)
    kalam = os.path.abspath(os.path.join(options.build, "bin/kalam"))
    server = systems.Kalam(os.path.join(options.build, "bin/kalamdb-server"), folder, "interval")
    postgres = systems.Postgres(options.postgres, folder)
    try:
        server.start()
        postgres.start()
        measure(options, folder, kalam, server, postgres)
    finally:
        server.stop()
        postgres.stop()
        shutil.rmtree(folder)


def measure(options, folder, kalam, server, postgres):
    ours = {**os.environ, "HOME": folder, "KALAM_URL": f"http://127.0.0.1:{server.port}", "TERM": "xterm-256color"}
    theirs = {**os.environ, "PGHOST": postgres.socket_folder, "PGPORT": str(postgres.port), "PGUSER": postgres.user,
              "PGDATABASE": "postgres"}
    psql = os.path.join(options.postgres, "psql")
    ours_ms, theirs_ms = [], []
    for run in range(options.runs + 3):
        kalam_took = timed([kalam, "-c", "SELECT 1"], ours, "(1 row)")
        psql_took = timed([psql, "-X", "-c", "select 1"], theirs, "(1 row)")
        if run >= 3:  # the first ones read the binaries from the disk
            ours_ms.append(kalam_took)
            theirs_ms.append(psql_took)
    ours_median, theirs_median = statistics.median(ours_ms), statistics.median(theirs_ms)
    print(f"-c 'SELECT 1', median of {options.runs}: kalam {ours_median:.2f} ms, psql {theirs_median:.2f} ms, "
          f"{ours_median / theirs_median:.2f}x (aim: 10 ms, 0.5x)")
    prompt = statistics.median(prompt_ms(kalam, ours) for _ in range(11))
    print(f"prompt, median of 11: {prompt:.1f} ms (aim: 100 ms)")
    print(f"binary, stripped: {stripped_mb(kalam, folder):.2f} MB (aim: 5 MB)")
    print(f"{PAGED_ROWS:,} rows paged: {paged_memory_mb(kalam, ours):.1f} MB at most (aim: 30 MB)")


if __name__ == "__main__":
    main()
