"""What a measurement found: figures of both sides round by round, and what was aimed at."""

import statistics
from dataclasses import dataclass, field
from typing import Optional


@dataclass
class Spread:
    """What several rounds gave."""
    min: float
    median: float
    max: float

    @staticmethod
    def of(values):
        return Spread(min(values), statistics.median(values), max(values))

    def __str__(self):
        return " / ".join(short(value) for value in (self.min, self.median, self.max))


@dataclass
class Aim:
    """A bound on the ratio to the peer, or on our own figure where there is none."""
    bound: float
    of: str = "ratio"    # or "value"
    more: bool = True    # more is better: the bound is a least one

    def share(self, figure):
        """How far the aim is reached: 1 and more is reached."""
        if figure <= 0:
            return 1.0 if not self.more else 0.0
        return figure / self.bound if self.more else self.bound / figure

    def __str__(self):
        return f"{'>=' if self.more else '<='} {short(self.bound)}{'x' if self.of == 'ratio' else ''}"


@dataclass
class Finding:
    """One line of the table. `ours`, `peer` and `limit` have one figure per round, neighbours in time."""
    goal: str
    work: str
    unit: str
    ours: list
    peer: Optional[list] = None
    peer_name: str = ""
    limit: Optional[list] = None
    aim: Optional[Aim] = None
    more: bool = True          # more of `unit` is better
    p50: Optional[float] = None  # microseconds, ours
    p99: Optional[float] = None
    details: dict = field(default_factory=dict)  # kept in the JSON, not in the table

    @property
    def ratio(self):
        return Spread.of([a / b for a, b in zip(self.ours, self.peer)]) if self.peer else None

    @property
    def limit_share(self):
        return statistics.median(a / b for a, b in zip(self.ours, self.limit)) if self.limit else None

    @property
    def judged(self):
        """The spread that the aim, and a comparison with an earlier run, look at."""
        by_ratio = self.peer and (self.aim is None or self.aim.of == "ratio")
        return self.ratio if by_ratio else Spread.of(self.ours)

    @property
    def reached(self):
        """None where nothing is aimed at."""
        return None if self.aim is None else self.aim.share(self.judged.median) >= 1

    @property
    def verdict(self):
        if self.aim is None:
            return ""
        share = self.aim.share(self.judged.median)
        return "reached" if share >= 1 else f"MISSED, {share:.0%} of the aim"

    def to_json(self):
        spread = {"ours": _rounded(Spread.of(self.ours))}
        if self.peer:
            spread["peer"] = _rounded(Spread.of(self.peer))
            spread["ratio"] = _rounded(self.ratio)
        return {"goal": self.goal, "work": self.work, "unit": self.unit, "more": self.more, **spread,
                "peer_name": self.peer_name, "limit_share": self.limit_share and round(self.limit_share, 3),
                "judged": _rounded(self.judged), "aim": str(self.aim) if self.aim else "", "reached": self.reached,
                "verdict": self.verdict, "p50_us": self.p50, "p99_us": self.p99, "details": self.details}


@dataclass
class Failure:
    """A goal that could not be measured, or whose answers were wrong."""
    goal: str
    why: str


def _rounded(spread):
    return [float(f"{value:.4g}") for value in (spread.min, spread.median, spread.max)]


def short(value):
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


