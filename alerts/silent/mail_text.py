"""What a mail says: the approved text in the person's language, their own link, whom to call; pure."""

from __future__ import annotations

from typing import NamedTuple

from alerts.silent.speech import own_language, words


class Letter(NamedTuple):
    """One mail's words."""

    subject: str
    body: str


class Around(NamedTuple):
    """What stands beside the text: the person's link, and numbers in a readable form; the mission may be unknown (empty)."""

    link: str
    hotline: str
    mission: str = ""
    mission_phone: str = ""


def letter(text: str, language: str, around: Around, *, drill: bool) -> Letter:
    """Return a mail of an alert's text.

    The text stands first and unchanged; link and numbers follow where it does not name them already, so that nobody reads them
    twice. A drill says so in the subject and in the first line.
    """
    say = words(own_language(language))
    subject = f"{say['mail_drill']} {say['mail_subject']}" if drill else say["mail_subject"]
    parts = [say["drill"]] if drill else []
    parts.append(text)
    if around.link not in text:
        parts.append(f"{say['mail_answer']}\n{around.link}")
    numbers = []
    if around.mission_phone and around.mission_phone not in text:
        numbers.append(f"{around.mission}: {around.mission_phone}")
    if around.hotline not in text:
        numbers.append(f"{say['mail_hotline']}: {around.hotline}")
    if numbers:
        parts.append("\n".join(numbers))
    parts.append(say["mail_why"])
    return Letter(subject, "\n\n".join(parts) + "\n")
