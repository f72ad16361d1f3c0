"""What is sent, and what can go wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import ngettext

from app.models.choices import DeliveryProblem


@dataclass(frozen=True)
class Message:
    """A message.

    Args:
        key: names this message wherever a channel can tell that it has had it already.
        title: what it is about.
        lines: what it says, a line each.
    """

    key: str
    title: str
    lines: tuple[str, ...]

    def body(self, most_bytes: int) -> str:
        """As many lines as there is room for, and how many there would be more."""
        kept: list[str] = []
        for number, line in enumerate(self.lines):
            left = len(self.lines) - number - 1
            if len("\n".join([*kept, line, _more(left)]).encode()) > most_bytes:
                return "\n".join([*kept, _more(left + 1)])
            kept.append(line)
        return "\n".join(kept)


def _more(number: int) -> str:
    return str(ngettext("and %(num)d more, in the panel", "and %(num)d more, in the panel", number))


class SendError(Exception):
    """A message was not taken.

    Args:
        problem: why.
        answer: the code of the other side, if it gave one.
    """

    def __init__(self, problem: DeliveryProblem, answer: str | None = None) -> None:
        super().__init__(problem.value, answer)
        self.problem = problem
        self.answer = answer[:16] if answer else None
