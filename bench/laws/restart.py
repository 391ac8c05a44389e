"""How long a start takes after kill -9, by what the write-ahead log holds."""

from compare.legs import KalamLegs
from compare.slope import LINEAR
from laws.sizes import law


def measure(context, _, full):
    points = []
    for rows in (10_000, 30_000, 100_000, 300_000) if full else (10_000, 30_000, 100_000):
        with context.kalam() as kalam:
            legs = KalamLegs(context.binary("kalam-bench"), kalam)
            legs.create("messages")
            legs.load("messages", rows)
            taken = []
            for _ in range(2):
                kalam.kill()
                taken.append(kalam.start() * 1000)
            points.append((rows, min(taken)))
    yield law("restart-wal", "start after kill -9, by rows in the log", "rows written before the kill", "ms",
              LINEAR, points)
