"""Comparing a run with the one that was kept before: what moved by more than its own noise."""

import json
import os

# Less is not worth a word, however steady the figures are.
WORTH_TELLING = 0.05


def change(now, before, more):
    """"better", "worse" or "": `now` and `before` are [min, median, max]; `more`: more is better.

    Only spreads that do not even overlap differ: what one run's rounds show of noise is the least there is.
    """
    if not now or not before or abs(now[1] - before[1]) < WORTH_TELLING * abs(before[1]):
        return ""
    if now[0] > before[2]:
        return "better" if more else "worse"
    if now[2] < before[0]:
        return "worse" if more else "better"
    return ""


def mark(findings, kept):
    """Sets `change` and `before` of each finding (as JSON) by the kept run's finding of the same work."""
    by_work = {(found["goal"], found["work"]): found for found in kept}
    for found in findings:
        before = by_work.get((found["goal"], found["work"]))
        if before and before["unit"] == found["unit"]:
            found["before"] = before["judged"]
            found["change"] = change(found["judged"], before["judged"], found["more"])


def merge(new, kept, fields):
    """The new ones, and in their old places those kept ones that were not measured again."""
    def key(found):
        return tuple(found[field] for field in fields)

    again = {key(found) for found in new}
    merged, placed = [], set()
    for found in kept:
        if key(found) not in again:
            merged.append(found)
        elif key(found) not in placed:
            placed.add(key(found))
            merged += [other for other in new if key(other) == key(found)]
    return merged + [other for other in new if key(other) not in placed]


def load(path):
    """The kept run, or an empty one."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {"environment": {}, "findings": []}


def save(path, results):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
