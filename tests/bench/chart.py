"""The charts of doc/benchmarks.md, as SVG: bars of ratios to Redis, and the tails of latencies."""

import math
from html import escape

from report import CPU_CHART, LATENCY_CHART, THROUGHPUT_CHART, latency_pairs

# Without a background, and with colours that are told apart from white and from black.
TEXT = "#768390"
REDIS = "#d1495b"
CUBBY = "#2a9d8f"
GOAL = "#c98a00"

WIDTH = 900  # pixels, as all that follow
MARGIN = 16
FONT_SIZE = 13

# Bars of ratios.
BARS_LEFT, BARS_RIGHT, BARS_TOP = 250, 690, 64
BAR_STEP, BAR_HEIGHT = 25, 15

# Tails of latencies: panels side by side in rows, all with one scale.
PANELS_IN_ROW = 3
PANEL_HEIGHT, PANEL_GAP_X, PANEL_GAP_Y = 170, 20, 66
PANELS_LEFT, PANELS_TOP = 62, 84
PERCENTILES = (("p50", "p50"), ("p99", "p99"), ("p99.9", "p999"), ("p99.99", "p9999"), ("worst", "worst"))
PANEL_PADDING = 24  # between a panel's edge and its first and last point


def draw(results):
    """The text of each file by its name."""
    return {
        CPU_CHART: ratio_bars(
            "CPU time a request: cubbyd to Redis, shorter is better",
            results.cpu,
            "cpu_us",
            "cpu_goal",
            "{:.2f} : {:.2f} µs",
        ),
        THROUGHPUT_CHART: ratio_bars(
            "Requests a second: cubbyd to Redis, longer is better",
            results.cpu,
            "throughput",
            "throughput_goal",
            "{:,.0f} : {:,.0f}",
        ),
        LATENCY_CHART: latency_tails(results.latency),
    }


# ---- Elements of a drawing ------------------------------------------------------------------------------------------


def svg(height, elements):
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}"'
        f' height="{height:.0f}" font-family="sans-serif" font-size="{FONT_SIZE}">'
    )
    return "\n".join([head, *elements, "</svg>\n"])


def text(x, y, what, anchor="start", color=TEXT, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}"{extra}>{escape(what)}</text>'


def title(what):
    return text(MARGIN, 24, what, extra=' font-size="16" font-weight="bold"')


def line(x1, y1, x2, y2, color=TEXT, width=1.0, extra=""):
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="{color}" stroke-width="{width}"{extra}/>'


def faint(x1, y1, x2, y2):
    return line(x1, y1, x2, y2, extra=' stroke-opacity="0.25"')


def bar(x, y, width, color):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR_HEIGHT}" fill="{color}" rx="2"/>'


def dot(x, y, color):
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>'


def path(points, color):
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{joined}" fill="none" stroke="{color}" stroke-width="2"/>'


# ---- Ratios ---------------------------------------------------------------------------------------------------------


def ratio_bars(heading, comparisons, figure, goal, form):
    """A bar for each work and command, with a tick at its goal, before a line at Redis's 1."""
    ratios = [each.ratio(figure) for each in comparisons]
    limits = [getattr(each.work, goal) for each in comparisons]
    longest = max([1, *ratios, *(limit.limit for limit in limits if limit)])

    def x_of(ratio):
        return BARS_LEFT + ratio / longest * (BARS_RIGHT - BARS_LEFT)

    bottom = BARS_TOP + BAR_STEP * len(comparisons)
    elements = [title(heading), *ratio_axis(x_of, bottom)]
    for row, (each, ratio, limit) in enumerate(zip(comparisons, ratios, limits)):
        top = BARS_TOP + row * BAR_STEP
        base = top + BAR_HEIGHT - 3
        elements.append(text(BARS_LEFT - 40, base, each.work.name if row % 2 == 0 else "", "end"))
        elements.append(text(BARS_LEFT - 8, base, each.command.upper(), "end"))
        elements.append(bar(BARS_LEFT, top, x_of(ratio) - BARS_LEFT, CUBBY))
        elements.append(text(BARS_RIGHT + 14, base, f"{ratio:.2f}", extra=' font-weight="bold"'))
        elements.append(text(BARS_RIGHT + 56, base, form.format(*reversed(each.figures(figure)))))
        if limit:
            elements.append(line(x_of(limit.limit), top - 3, x_of(limit.limit), top + BAR_HEIGHT + 3, GOAL, 3))
    elements.append(line(x_of(1), BARS_TOP - 8, x_of(1), bottom, REDIS, 2))
    return svg(bottom + MARGIN, elements)


def ratio_axis(x_of, bottom):
    return [
        text(x_of(1) + 1, BARS_TOP - 14, "Redis = 1", "end", REDIS),
        text(MARGIN, BARS_TOP - 14, "▬ cubbyd", "start", CUBBY),
        text(MARGIN + 90, BARS_TOP - 14, "| goal", "start", GOAL),
        text(BARS_RIGHT + 14, BARS_TOP - 14, "ratio"),
        text(BARS_RIGHT + 56, BARS_TOP - 14, "cubbyd : Redis"),
        faint(BARS_LEFT, BARS_TOP - 8, BARS_LEFT, bottom),
    ]


# ---- Latencies ------------------------------------------------------------------------------------------------------


def latency_tails(figures):
    """A panel for each work: from the median to the worst, on a logarithmic axis that all panels share."""
    pairs = latency_pairs(figures)
    values = [getattr(each, name) for each in figures for _, name in PERCENTILES]
    lowest, highest = math.floor(math.log10(max(min(values), 0.001))), math.ceil(math.log10(max(values)))
    width = (WIDTH - PANELS_LEFT - MARGIN + PANEL_GAP_X) / PANELS_IN_ROW - PANEL_GAP_X
    rows = math.ceil(len(pairs) / PANELS_IN_ROW)
    elements = [
        title("Latency in milliseconds of requests beside other work, on a logarithmic axis"),
        *legend(),
    ]
    for number, pair in enumerate(pairs):
        row, column = divmod(number, PANELS_IN_ROW)
        left = PANELS_LEFT + column * (width + PANEL_GAP_X)
        top = PANELS_TOP + row * (PANEL_HEIGHT + PANEL_GAP_Y)
        elements += latency_panel(pair, left, top, width, lowest, highest, named=column == 0)
    return svg(PANELS_TOP + rows * (PANEL_HEIGHT + PANEL_GAP_Y) - PANEL_GAP_Y + 36, elements)


def legend():
    elements = []
    for x, name, color in ((MARGIN, "Redis", REDIS), (MARGIN + 80, "cubbyd", CUBBY)):
        elements += [dot(x + 4, 43, color), text(x + 14, 47, name, color=color)]
    return elements


def latency_panel(pair, left, top, width, lowest, highest, named):
    """`named` panels have the axis's labels on their left."""

    def y_of(milliseconds):
        share = (math.log10(max(milliseconds, 10**lowest)) - lowest) / max(highest - lowest, 1)
        return top + PANEL_HEIGHT * (1 - share)

    elements = [text(left, top - 12, pair[0].work, extra=' font-weight="bold"')]
    for exponent in range(lowest, highest + 1):
        y = y_of(10**exponent)
        elements.append(faint(left, y, left + width, y))
        if named:
            elements.append(text(left - 8, y + 4, f"{10**exponent:,g}", "end"))
    step = (width - 2 * PANEL_PADDING) / (len(PERCENTILES) - 1)
    columns = [left + PANEL_PADDING + number * step for number in range(len(PERCENTILES))]
    elements += [text(x, top + PANEL_HEIGHT + 18, name, "middle") for x, (name, _) in zip(columns, PERCENTILES)]
    for each, color in zip(pair, (REDIS, CUBBY)):
        points = [(x, y_of(getattr(each, name))) for x, (_, name) in zip(columns, PERCENTILES)]
        elements += [path(points, color), *(dot(x, y, color) for x, y in points)]
    return [*elements, *worst_labels(pair, columns[-1], y_of)]


def worst_labels(pair, x, y_of):
    """The worst of the two in figures: the larger above its dot, the smaller below."""
    redis, cubby = (each.worst for each in pair)
    colored = sorted(((redis, REDIS), (cubby, CUBBY)))
    (low, low_color), (high, high_color) = colored
    return [
        text(x + 16, y_of(high) - 9, show_milliseconds(high), "end", high_color),
        text(x + 16, y_of(low) + 19, show_milliseconds(low), "end", low_color),
    ]


def show_milliseconds(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
