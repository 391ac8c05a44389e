"""Small SVG plots with two logarithmic axes. Grey and one colour on nothing: they read on light and dark pages."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 74, 20, 44, 52
GREY, LINE = "#808890", "#2a7de1"


def decades(values):
    """The powers of ten that enclose the values: [low, high], at least one apart."""
    low = math.floor(math.log10(min(values)) + 1e-9)
    high = math.ceil(math.log10(max(values)) - 1e-9)
    return [low, max(high, low + 1)]


def place(value, range_, begin, end):
    """Where a value lies between two pixels, on a logarithmic axis over the powers of ten in `range_`."""
    low, high = range_
    return begin + (math.log10(value) - low) / (high - low) * (end - begin)


def number(value):
    """A short label: 0.01, 5, 1k, 1M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def svg(law):
    """The plot of one law (as JSON): its points, its axes, and its exponent below the title."""
    xs, ys = decades([x for x, _ in law["points"]]), decades([y for _, y in law["points"]])
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def at(x, y):
        return place(x, xs, LEFT, right), place(y, ys, bottom, TOP)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
             f'height="{HEIGHT}" font-family="sans-serif" font-size="12" fill="{GREY}">',
             f'<title>{escape(law["title"])}</title>',
             _text(LEFT, 18, law["title"], 'font-size="14" font-weight="bold"'),
             _text(LEFT, 34, f"exponent {law['exponent']:.2f}, allowed {law['most']:g}: {law['verdict']}")]
    for power in range(xs[0], xs[1] + 1):
        x, _ = at(10 ** power, 10 ** ys[0])
        parts += [_line(x, TOP, x, bottom), _text(x, bottom + 18, number(10.0 ** power), 'text-anchor="middle"')]
    for power in range(ys[0], ys[1] + 1):
        _, y = at(10 ** xs[0], 10 ** power)
        parts += [_line(LEFT, y, right, y), _text(LEFT - 8, y + 4, number(10.0 ** power), 'text-anchor="end"')]
    parts += [_text((LEFT + right) / 2, HEIGHT - 12, law["size"], 'text-anchor="middle"'),
              _text(0, 0, law["cost"], f'text-anchor="middle" transform="translate(18 {(TOP + bottom) / 2:.0f}) '
                                       'rotate(-90)"')]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in law["points"]))
    parts.append(f'<polyline points="{path}" fill="none" stroke="{LINE}" stroke-width="2"/>')
    for point in law["points"]:
        x, y = at(*point)
        anchor = "start" if x < LEFT + 10 else "end" if x > right - 10 else "middle"  # no figure leaves the frame
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{LINE}"/>',
                  _text(x, y - 9, number(point[1]), f'text-anchor="{anchor}" font-size="11"')]
    return "\n".join([*parts, "</svg>", ""])


def _line(x1, y1, x2, y2):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{GREY}" stroke-opacity="0.35"/>')


def _text(x, y, text, attributes=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(text)}</text>'
