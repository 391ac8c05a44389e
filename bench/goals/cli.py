"""Goal 15: what the terminal client costs, beside psql: a whole call, the prompt, its size, memory of a long answer."""

import os
import pty
import select
import statistics
import subprocess
import time

from compare.context import say
from compare.finding import Aim, Finding

KEYS = ["15"]
RUNS = 50
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


def measure(context, _):
    kalam = os.path.abspath(context.binary("kalam"))
    psql = os.path.join(context.options.postgres, "psql")
    with context.kalam("interval") as server, context.postgres() as postgres:
        ours = {**os.environ, "HOME": context.folder, "KALAM_URL": f"http://127.0.0.1:{server.port}",
                "TERM": "xterm-256color"}
        theirs = postgres.environment()
        taken = {"kalam": [], "psql": []}
        for run in range(RUNS + 3):
            kalam_took = timed([kalam, "-c", "SELECT 1"], ours, "(1 row)")
            psql_took = timed([psql, "-X", "-c", "select 1"], theirs, "(1 row)")
            if run >= 3:  # the first ones read the binaries from the disk
                taken["kalam"].append(kalam_took)
                taken["psql"].append(psql_took)
        # Medians of ten neighbours each, so that one wake-up that came late says nothing.
        medians = {name: [statistics.median(times[i:i + 10]) for i in range(0, RUNS, 10)]
                   for name, times in taken.items()}
        say(f"goal 15: kalam {statistics.median(medians['kalam']):.1f} ms, psql "
            f"{statistics.median(medians['psql']):.1f} ms")
        yield Finding("15", "kalam -c 'SELECT 1', start to end", "ms", medians["kalam"], medians["psql"], "psql",
                      aim=Aim(10, "value", more=False), more=False,
                      p50=1000 * statistics.median(taken["kalam"]), p99=1000 * max(taken["kalam"]))
        yield Finding("15", "time to the prompt", "ms", [prompt_ms(kalam, ours) for _ in range(11)],
                      aim=Aim(100, "value", more=False), more=False)
        yield Finding("15", f"memory of {PAGED_ROWS:,} rows, page by page", "MB", [paged_memory_mb(kalam, ours)],
                      aim=Aim(30, "value", more=False), more=False)
        yield Finding("15", "the stripped binary", "MB", [stripped_mb(kalam, context.folder)],
                      aim=Aim(5, "value", more=False), more=False)
