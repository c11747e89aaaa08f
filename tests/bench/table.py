"""A table as Markdown that is readable on a terminal, too."""

from dataclasses import dataclass, field


@dataclass
class Table:
    titles: tuple
    rows: list = field(default_factory=list)
    texts: int = 1  # columns on the left that hold words; the others hold figures

    def add(self, *cells):
        self.rows.append(cells)

    def __str__(self):
        widths = [max(map(len, column)) for column in zip(self.titles, *self.rows)]
        rule = ["-" * w if n < self.texts else "-" * (w - 1) + ":" for n, w in enumerate(widths)]
        return "\n".join(self._line(cells, widths) for cells in (self.titles, rule, *self.rows))

    def _line(self, cells, widths):
        padded = [c.ljust(w) if n < self.texts else c.rjust(w) for n, (c, w) in enumerate(zip(cells, widths))]
        return f"| {' | '.join(padded)} |"


def judge(figure, goal):
    """Cells for a goal and whether it is met."""
    if goal is None:
        return "", ""
    return str(goal), "met" if goal.is_met(figure) else "**missed**"
