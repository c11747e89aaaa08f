"""The chart of doc/benchmarks.svg, drawn by gnuplot."""

import subprocess

from servers import Failure

# Without a background, and with colours that are told apart from white and from black.
TEXT = "#7d8590"
REDIS = "#d1495b"
CUBBY = "#2a9d8f"

SETTINGS = f"""
set terminal svg size 960,400 font "sans-serif,13"
set style data histograms
set style histogram clustered gap 1
set style fill solid noborder
set boxwidth 0.9
set border 1 linecolor rgb "{TEXT}"
set tics textcolor rgb "{TEXT}"
set xtics nomirror scale 0
set ytics nomirror scale 0
set grid ytics linetype 1 linewidth 0.3 linecolor rgb "{TEXT}"
set bmargin 4.5
set key top right textcolor rgb "{TEXT}" reverse Left
set yrange [0:*]
set offsets -0.3, -0.3, graph 0.12, 0
"""

PANEL = """
set lmargin at screen {left}
set rmargin at screen {right}
set title "{title}" textcolor rgb "{text}"
{key}
plot ${name} using 2:xtic(1) title "Redis" linecolor rgb "{redis}", \\
     ${name} using 3 title "cubbyd" linecolor rgb "{cubby}", \\
     ${name} using 0:($2 > $3 ? $2 : $3):(sprintf("%.2f", $3 / $2)) with labels offset 0,0.6 \\
         textcolor rgb "{text}" notitle
"""


def data_block(name, comparisons):
    rows = []
    for each in comparisons:
        label = f"{each.command.upper()}\n{each.work.label}".replace("\n", "\\n")  # gnuplot wants the two characters
        rows.append(f'"{label}" {each.base.cpu_us:.3f} {each.other.cpu_us:.3f}')
    return "\n".join([f"${name} << EOD", *rows, "EOD"])


def panel(name, title, left, right, key):
    return PANEL.format(
        name=name, title=title, left=left, right=right, key=key, text=TEXT, redis=REDIS, cubby=CUBBY
    )


def script(comparisons):
    # What a request costs in a pipeline is a tenth: its bars have a scale of their own.
    single = [each for each in comparisons if each.work.pipeline == 1]
    batched = [each for each in comparisons if each.work.pipeline > 1]
    return "\n".join(
        [
            data_block("single", single),
            data_block("batched", batched),
            SETTINGS,
            "set multiplot",
            panel("single", "CPU time a request in µs, and the ratio", 0.05, 0.56, "set key off"),
            panel("batched", "the same with pipelines", 0.62, 0.99, "set key on"),
            "unset multiplot",
        ]
    )


def draw(comparisons):
    """The text of the SVG file."""
    try:
        done = subprocess.run(
            ["gnuplot"], input=script(comparisons), capture_output=True, text=True, timeout=30, check=True
        )
    except subprocess.CalledProcessError as error:
        raise Failure(f"gnuplot: {error.stderr}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(f"gnuplot: {error}") from None
    return done.stdout
