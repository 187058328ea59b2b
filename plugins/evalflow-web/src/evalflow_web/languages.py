"""In which language somebody wants to be answered: Korean or English."""

from __future__ import annotations

from starlette.requests import Request

LANGUAGES = ("ko", "en")
COOKIE = "evalflow-lang"


def language_of(request: Request) -> str:
    """Return `ko` or `en`: what `?lang=` or the reader's own choice says, else what
    Accept-Language prefers; Korean where nothing is said, or neither is wanted."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    return preferred(request.headers.get("accept-language", ""))


def preferred(header: str) -> str:
    """Return the language that an Accept-Language header (RFC 9110) prefers of the two."""
    best, weight = "ko", 0.0
    for part in header.split(","):
        tag, *params = [each.strip() for each in part.split(";")]
        quality = 1.0
        for param in params:
            name, _, value = param.partition("=")
            if name.strip() == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        primary = tag.partition("-")[0].lower()
        if primary in LANGUAGES and quality > weight:
            best, weight = primary, quality
    return best
