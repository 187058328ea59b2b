"""Days as a calendar file (RFC 5545): what calendars of phones and offices import."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from evalflow.model.moments import day_after
from evalflow.model.values import frozen

_LONGEST = 75  # octets of a line; longer ones are folded (RFC 5545 §3.1)


@frozen(kw_only=True)
class DayEvent:
    """A whole-day event in a calendar: `uid` stays the same for the same thing, so that reading the
    file again updates it instead of adding another."""

    uid: str
    day: dt.date
    summary: str
    description: str = ""


def calendar_file(events: Iterable[DayEvent], *, name: str, at: dt.datetime) -> bytes:
    """Return an iCalendar file with these whole-day events; `at` is when it was made, `name` its
    title."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//evalflow//due//KO",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(name)}",
    ]
    stamp = f"{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    for event in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(event.uid)}",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{event.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{day_after(event.day):%Y%m%d}",
            f"SUMMARY:{_text(event.summary)}",
            *([f"DESCRIPTION:{_text(event.description)}"] if event.description else []),
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _text(text: str) -> str:
    """Return a text as a value may hold it (§3.3.11)."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(plain.splitlines())


def _folded(line: str) -> bytes:
    """Return the line, folded between letters and never within one, with its end."""
    pieces: list[bytes] = []
    piece = b""
    for letter in line:
        octets = letter.encode()
        if len(piece) + len(octets) > _LONGEST - (1 if pieces else 0):
            pieces.append(piece)
            piece = b""
        piece += octets
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
