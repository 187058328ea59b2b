"""What can go wrong, told apart by what the caller should do about it.

- `Refused`: a rule said no. Show its reasons; they are sentences for people.
- `Conflict`: someone was first. Look again and decide again.
- `InvalidInput`: a file or an argument is wrong. All problems at once, each with its place.
  `KeyReused` is one: an idempotency key that was used for another call.
- `NotFound`, `Forbidden`: what was named does not exist, or is not for this actor.
- `StorageError`: the store cannot be used (locked, read-only, corrupt, not ours).
- `PluginError`: somebody's plugin broke; it is named.
- `Undeliverable`: what a notifier raises where trying again would not help.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Return the text with control characters, marks that reverse or hide text, and halves of
    signs written out as escapes, as it may be shown on a terminal; line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


@attrs.frozen(kw_only=True)
class Reason:
    """One sentence of a refusal, in both languages, with what would help.

    Attributes:
        code: stable word for programs, e.g. `figures_missing`.
        ko, en: the sentence for people.
        who: roles or actor ids that could act instead (may be empty).
        since: the date from which it would be allowed, where time alone helps.
        about: what the sentence speaks of: a project id, an indicator, a data field.
        cause: the error behind it, where a plugin broke. Not compared, stored or shown.
    """

    code: str
    ko: str
    en: str
    who: tuple[str, ...] = ()
    since: dt.date | None = None
    about: str | None = None
    cause: BaseException | None = attrs.field(default=None, eq=False, repr=False)

    def text(self, lang: str = "ko") -> str:
        """Return the sentence in `lang` (`ko` or `en`)."""
        return self.ko if lang == "ko" else self.en


@attrs.frozen(kw_only=True)
class Problem:
    """One thing wrong in somebody's input, with its place.

    Attributes:
        code: stable word for programs, e.g. `unknown_state`.
        ko, en: what was wrong and what was expected, without the place.
        file: the file's name as the caller gave it, or None for data from Python.
        line, column: counted from 1; None where the input has no lines. In a table they are
            the row and the column.
        sheet, cell: in a table, the sheet's name (None: it has none) and the cell, e.g. `C12`.
        path: the place inside the data, e.g. `projects[3].indicators[0].targets`.
        value: the offending value as text, shortened.
    """

    code: str
    ko: str
    en: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None
    value: str | None = None
    sheet: str | None = None
    cell: str | None = None

    def where(self) -> str:
        """Return the place as `file:line:column`, in a table as `file:sheet!cell`, or the path
        inside the data."""
        if self.file is None:
            return self.path or ""
        if self.cell is not None:
            return (
                f"{self.file}:{self.sheet}!{self.cell}"
                if self.sheet
                else (f"{self.file}:{self.cell}")
            )
        if self.sheet is not None:
            return f"{self.file}:{self.sheet}"
        parts = [self.file]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)

    def text(self, lang: str = "ko") -> str:
        """Return place and sentence in `lang` (`ko` or `en`)."""
        where = printable(self.where()).replace("\n", "\\n")
        sentence = printable(self.ko if lang == "ko" else self.en)
        return f"{where}: {sentence}" if where else sentence


class EvalflowError(Exception):
    """The base of every error that evalflow raises on purpose."""

    def text(self, lang: str = "ko") -> str:
        """Return the message for people in `lang` (`ko` or `en`)."""
        return str(self)

    def __reduce__(self) -> tuple[Any, ...]:
        # Constructors take facts, not the message: the facts travel to another process.
        return _restored, (type(self), self.args, self.__dict__)


class Refused(EvalflowError):
    """The rules said no; `reasons` are the sentences to show, all of them. Where a plugin broke,
    its error is the `__cause__`."""

    def __init__(self, project: str, event: str, reasons: Iterable[Reason]) -> None:
        self.project = project
        self.event = event
        self.reasons: tuple[Reason, ...] = tuple(reasons)
        super().__init__(self.text("en"))
        self.__cause__ = next((r.cause for r in self.reasons if r.cause is not None), None)

    def text(self, lang: str = "ko") -> str:
        """Return one line per reason, headed by project and event."""
        head = f"{self.project}: {self.event}: " + ("거부됨" if lang == "ko" else "refused")
        return "\n".join([head, *(f"- {reason.text(lang)}" for reason in self.reasons)])


class Conflict(EvalflowError):
    """Someone else moved the project first; look again and decide again."""

    def __init__(self, project: str, *, expected: int | None = None) -> None:
        self.project = project
        self.expected = expected
        super().__init__(self.text("en"))

    def text(self, lang: str = "ko") -> str:
        """Return the message for people."""
        if lang == "ko":
            return f"{self.project}: 다른 처리가 먼저 있었습니다. 다시 조회한 뒤 판단하십시오."
        return f"{self.project}: someone was first; look again and decide again."


class NotFound(EvalflowError):
    """What was named does not exist; `nearest` is the closest name that does."""

    def __init__(self, what: str, name: str, known: Sequence[str] = ()) -> None:
        self.what = what
        self.name = name
        self.nearest = nearest(name, known)
        super().__init__(self.text("en"))

    def text(self, lang: str = "ko") -> str:
        """Return the message for people."""
        name = printable(self.name).replace("\n", "\\n")
        if lang == "ko":
            hint = f" '{self.nearest}'이(가) 아닙니까?" if self.nearest else ""
            return f"{self.what} '{name}'을(를) 찾을 수 없습니다.{hint}"
        hint = f"; did you mean '{self.nearest}'?" if self.nearest else ""
        return f"no {self.what} '{name}'{hint}"


class Forbidden(EvalflowError):
    """The actor may not see or say this; `reason` is the sentence to show."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.en)

    def text(self, lang: str = "ko") -> str:
        """Return the message for people."""
        return self.reason.text(lang)


class InvalidInput(EvalflowError):
    """A file or an argument is wrong; `problems` holds every one of them, in reading order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.text("en"))

    def text(self, lang: str = "ko") -> str:
        """Return one line per problem."""
        return "\n".join(problem.text(lang) for problem in self.problems)


def invalid(
    code: str,
    *,
    ko: str,
    en: str,
    value: str | None = None,
    file: str | None = None,
    line: int | None = None,
    column: int | None = None,
    path: str | None = None,
    sheet: str | None = None,
    cell: str | None = None,
) -> InvalidInput:
    """Return the error of one problem, to be raised; the arguments are those of `Problem`."""
    return InvalidInput(
        [
            Problem(
                code=code,
                ko=ko,
                en=en,
                file=file,
                line=line,
                column=column,
                path=path,
                value=value,
                sheet=sheet,
                cell=cell,
            )
        ]
    )


class KeyReused(InvalidInput):
    """The idempotency key was used on this project before, for another call: by somebody else, for
    another event, or with other data. Nothing was written, and nothing is said of the first call.

    Trying again cannot help: take a new key for what is meant to be another call.
    """

    def __init__(self, project: str, key: str) -> None:
        self.project = project
        self.key = key
        super().__init__(
            [
                Problem(
                    code="key_reused",
                    path="key",
                    value=key[:60],
                    ko=f"{project}: 키 '{key[:60]}'은(는) 이미 다른 요청에 쓰였습니다. "
                    "새 키로 요청하십시오.",
                    en=f"{project}: the key '{key[:60]}' was already used for another call; "
                    "use a new key",
                )
            ]
        )


class StorageError(EvalflowError):
    """The store cannot be used now; nothing was written. `code` says why.

    Codes: `locked`, `read_only`, `corrupt`, `foreign` (not an evalflow store), `newer`
    (made by a later evalflow), `full`, `unreachable`, `unknown_scheme`, `missing`.
    """

    def __init__(self, code: str, *, ko: str, en: str) -> None:
        self.code = code
        self.ko = ko
        self.en = en
        super().__init__(en)

    def text(self, lang: str = "ko") -> str:
        """Return the message for people."""
        return self.ko if lang == "ko" else self.en


class PluginError(EvalflowError):
    """A plugin broke; it is named, and the original error is the `__cause__`."""

    def __init__(
        self, plugin: str, what: str, *, version: str | None = None, ko: str | None = None
    ) -> None:
        self.plugin = plugin
        self.version = version
        self.what = what
        self.ko = what if ko is None else ko
        super().__init__(self.text("en"))

    def text(self, lang: str = "ko") -> str:
        """Return the message for people."""
        name = f"{self.plugin} {self.version}" if self.version else self.plugin
        return f"플러그인 {name}: {self.ko}" if lang == "ko" else f"plugin {name}: {self.what}"


class Undeliverable(EvalflowError):
    """A notifier can never deliver this notice: it becomes a dead letter without another try."""


def _restored(
    kind: type[EvalflowError], args: tuple[Any, ...], facts: dict[str, Any]
) -> EvalflowError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to `name`, or None where nothing is close; capitals and small
    letters are the same."""
    import difflib  # only on the way to an error message

    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold(), each)
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None
