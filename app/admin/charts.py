"""Charts: a table of numbers with a caption and a sentence, which a script may draw as a picture."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from babel.dates import format_skeleton
from flask_babel import LazyString, get_locale


@dataclass(frozen=True)
class Series:
    """A column of numbers.

    Args:
        tone: which of the tokens it is drawn in: accent, good, warn, bad or soft.
        line: drawn as a line over the bars.
    """

    label: LazyString | str
    tone: str
    numbers: Sequence[int]
    line: bool = False

    @property
    def total(self) -> int:
        return sum(self.numbers)


@dataclass(frozen=True)
class Chart:
    """A picture and the numbers behind it.

    Args:
        name: names the figure, and the file of its numbers.
        summary: what it says, in a sentence for those who do not see it.
        days: the first day of each row, or its name.
        stacked: whether the bars of a row stand on each other.
    """

    name: str
    title: LazyString | str
    summary: str
    first: LazyString | str
    days: Sequence[dt.date | str]
    series: Sequence[Series]
    stacked: bool = False

    @property
    def rows(self) -> list[tuple[dt.date | str, str, list[int]]]:
        """Each row: its day or name, the same in short, and a number for each series."""
        return [(day, day if isinstance(day, str) else format_skeleton("Md", day, locale=get_locale()),
                 [each.numbers[number] for each in self.series]) for number, day in enumerate(self.days)]

    @property
    def is_empty(self) -> bool:
        return not any(each.total for each in self.series)
