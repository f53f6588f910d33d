"""The chart of the race as SVG: a bar for each line, the best peer's time over ours on a logarithmic scale."""
import math
from xml.sax.saxutils import escape

from . import report

WIDTH, LABEL, VALUE, BAR, GAP, TOP = 900, 190, 290, 16, 6, 66
WON, LOST, GRID, TEXT = "#2563a8", "#c2571a", "#d0d4da", "#333a44"
TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]


def ticks_for(ratios):
    """The ticks that enclose all ratios and 1."""
    low = max((t for t in TICKS if t <= min([1, *ratios])), default=TICKS[0])
    high = min((t for t in TICKS if t >= max([2, *ratios])), default=TICKS[-1])
    return [t for t in TICKS if low <= t <= high]


def text(x, y, content, anchor="start", weight="normal", size=12):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}" '
            f'fill="{TEXT}">{escape(content)}</text>')


def svg(results):
    lines = report.lines_of(results)
    ticks = ticks_for([line.ratio for line in lines])
    span = math.log(ticks[-1] / ticks[0])
    plot = WIDTH - LABEL - VALUE

    def at(ratio):
        return LABEL + plot * math.log(min(max(ratio, ticks[0]), ticks[-1]) / ticks[0]) / span

    height = TOP + len(lines) * (BAR + GAP) + 12
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
             f'font-family="sans-serif">', f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             text(12, 22, "The best peer's figure / fovea's: longer is better for fovea", weight="bold", size=14),
             text(12, 40, f"{results['machine']['processor']}, {results['machine']['threads']} threads, "
                          f"{results['machine']['date']}", size=11)]
    for tick in ticks:
        parts.append(f'<line x1="{at(tick):.1f}" x2="{at(tick):.1f}" y1="{TOP - 6}" y2="{height - 12}" stroke="{GRID}" '
                     f'stroke-width="{2 if tick == 1 else 1}"/>')
        parts.append(text(at(tick), TOP - 10, f"{tick:g}x", "middle", size=10))
    for i, line in enumerate(lines):
        y = TOP + i * (BAR + GAP)
        left, right = sorted((at(1), at(line.ratio)))
        parts.append(text(LABEL - 8, y + BAR - 4, line.name, "end"))
        parts.append(f'<rect x="{left:.1f}" y="{y}" width="{max(right - left, 1):.1f}" height="{BAR}" '
                     f'fill="{WON if line.ratio >= 1 else LOST}"/>')
        parts.append(text(WIDTH - VALUE + 8, y + BAR - 4, f"{line.ratio:.2f}x: {line.ours} / {line.peer}", size=11))
    return "\n".join([*parts, "</svg>", ""])
