"""Whatever is answered at a door can be said in the reader's language: pages, messages, refusals, JSON for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import message_flashed
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.access.expectations import DOORS
from tests.access.people import BY_NAME
from tests.support import pseudo, speech, words

POSTS = [door for door in DOORS if door.method == "POST"]


@pytest.fixture
def messages(doorkeeper) -> Iterator[list[str]]:
    """What was said to be read on the next page."""
    said: list[str] = []

    def note(_app: object, message: Any, **_: object) -> None:
        said.append(str(message))

    with message_flashed.connected_to(note, doorkeeper.app):
        yield said


def strings_in(answer: Any) -> Iterator[str]:
    """The texts in JSON: what has the look of a sentence."""
    if isinstance(answer, dict):
        for each in answer.values():
            yield from strings_in(each)
    elif isinstance(answer, list):
        for each in answer:
            yield from strings_in(each)
    elif isinstance(answer, str) and " " in answer:
        yield answer


def said_by(answer: TestResponse) -> list[str]:
    """The texts of an answer, whatever its form."""
    if answer.is_json:
        return list(strings_in(answer.get_json()))
    return speech.texts_in(answer.text) if answer.mimetype == "text/html" and answer.status_code != 302 else []


def all_said(doorkeeper, messages, door) -> Iterator[str]:
    """What an admin and a consultant hear at a door, with each case, on pages and by scripts."""
    for username, accept in (("admin", "text/html"), ("sanjiang", "text/html"), ("sanjiang", "application/json")):
        person = BY_NAME[username]
        for case in doorkeeper.cases(door, person):
            answer = doorkeeper.ask(person, door, door.asks(doorkeeper.world, person, case), accept=accept)
            doorkeeper.keeper.changed()
            yield "\n".join([*said_by(answer), *messages])
            messages.clear()


@pytest.mark.parametrize("door", POSTS, ids=str)
def test_what_is_answered_to_a_form_is_translatable(doorkeeper, messages, door):
    with Session(doorkeeper.engine) as session:
        known = words.of_people(session).union(*map(speech.latin_words, words.names(session)))
    with pseudo.spoken():
        left = {line.strip() for text in all_said(doorkeeper, messages, door)
                for line in pseudo.outside_brackets(text).splitlines() if words.foreign(line) - known}
    assert left == set()


def test_messages_and_refusals_are_heard(doorkeeper, messages):
    (door,) = (door for door in POSTS if door.address == "/admin/mycustomers/release/")
    with pseudo.spoken():
        said = "\n".join(all_said(doorkeeper, messages, door))
    assert said.count("⟦") > 5
