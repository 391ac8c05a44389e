"""Judging how a cost grows: by the slope of its line on doubly logarithmic paper."""

import math
from dataclasses import dataclass

# An exponent of 0.1 is a factor of 1.26 per tenfold: caches that hold less of more are in it, a scan is not.
FLAT = 0.1
LINEAR = 1.1
SUBLINEAR = 0.5
FALLING = -0.1


def exponent(points):
    """k of the best y = c * x^k, by least squares over logarithms. Points are (x, y), both above zero."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x = sum(x for x, _ in logs) / len(logs)
    mean_y = sum(y for _, y in logs) / len(logs)
    spread = sum((x - mean_x) ** 2 for x, _ in logs)
    if spread == 0:
        raise ValueError("a slope needs two different sizes")
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / spread


@dataclass
class Law:
    """A cost at several sizes, and the steepest exponent that keeps what is promised."""
    key: str       # names the plot's file
    title: str
    size: str      # what the x axis counts
    cost: str      # what the y axis measures, with its unit
    most: float
    points: list   # (size, cost)

    @property
    def exponent(self):
        return exponent(self.points)

    @property
    def growth(self):
        """The last cost over the first one."""
        return self.points[-1][1] / self.points[0][1]

    @property
    def kept(self):
        return self.exponent <= self.most

    @property
    def verdict(self):
        return "kept" if self.kept else "BROKEN"

    def to_json(self):
        return {"key": self.key, "title": self.title, "size": self.size, "cost": self.cost, "most": self.most,
                "points": [[x, float(f"{y:.4g}")] for x, y in self.points], "exponent": round(self.exponent, 2),
                "growth": round(self.growth, 2), "verdict": self.verdict}
