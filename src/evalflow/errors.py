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

_UNSEEN = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Return the text with control characters, marks that reverse or hide text, and halves of
    signs written out as escapes, as it may be shown on a terminal; line ends and tabs stay."""
    if text.isprintable():
        return text
    return re.sub(_UNSEEN, lambda found: ascii(found[0])[1:-1], text)


_PARTICLE = (
    r"(이\(가\)|가\(이\)|은\(는\)|는\(은\)|을\(를\)|를\(을\)|와\(과\)|과\(와\)|\(으\)로|\(이\)라)"
)
_CLOSED, _OPEN = ")]〕", {")": "(", "]": "[", "〕": "〔"}
_QUOTES = "'\"’”」』>*`"
_DAY = r"\d{4}-\d\d-\d\d$|\d{4}\. ?\d{1,2}\. ?\d{1,2}\.$"
_FINAL = {  # the sound that a letter, as Koreans read it, ends in: ㄹ, another final, or none
    **dict.fromkeys("178lL", "ㄹ"),
    **dict.fromkeys("036mnMNpbc", "ㄱ"),
    "R": "ㄹ",
}


def particles(text: str) -> str:
    """Return a Korean sentence with its particles matched to the words before them.

    Each one written as `이(가)`, `은(는)`, `을(를)`, `와(과)`, `(으)로` or `(이)라` becomes the one
    that the last letter (받침) of that word asks for: marks of quotation are passed over, and so is
    what stands in brackets behind the word. Any other text is returned as it is.
    """
    if "(" not in text:
        return text
    said, end = [], 0
    for found in re.finditer(_PARTICLE, text):
        if found.start() == 0:
            continue
        final = _final(text[: found.start()])
        said += [text[end : found.start()], _particle(found[0], final)]
        end = found.end()
    return "".join([*said, text[end:]]) if said else text


def _particle(both: str, final: str) -> str:
    if both == "(으)로":
        return "로" if final in ("", "ㄹ") else "으로"
    if both == "(이)라":
        return "이라" if final else "라"
    pair = both[0] + both[2]
    with_final = next(each for each in pair if each in "이은을과")
    return with_final if final else pair.replace(with_final, "")


def _final(text: str) -> str:
    """Return in what the last word of the text ends: `ㄹ`, `ㄱ` for another final, or nothing."""
    at = len(text) - 1
    while at >= 0 and text[at] in _QUOTES:
        at -= 1
    if at >= 0 and text[at] in _CLOSED:
        opened = text.rfind(_OPEN[text[at]], 0, at)
        before = opened - 1
        if opened > 0 and (text[before].isalnum() or text[before] in _QUOTES):
            return _final(text[:opened])
        at -= 1
    if re.search(_DAY, text[max(at - 20, 0) : at + 1]):  # read as …일
        return "ㄹ"
    while at >= 0 and not text[at].isalnum():
        if text[at] in "%‰":  # read as 퍼센트, 퍼밀
            return ""
        at -= 1
    if at < 0:
        return ""
    last = text[at]
    if "가" <= last <= "힣":
        number = (ord(last) - ord("가")) % 28
        return "ㄹ" if number == 8 else "ㄱ" if number else ""
    if last in "gG" and text[at - 1 : at] in ("n", "N"):
        return "ㄱ"
    return _FINAL.get(last, "")


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
    ko: str = attrs.field(converter=particles)
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
    ko: str = attrs.field(converter=particles)
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
    """The rules do not allow it; `reasons` are the sentences to show, all of them. `check` is the
    first check of the gate that failed (`state`, `role`, `unit`, `duties`, `guards`, `input`), None
    if it was none of them. If a plugin broke, its error is the `__cause__`."""

    def __init__(
        self, project: str, event: str, reasons: Iterable[Reason], *, check: str | None = None
    ) -> None:
        self.project = project
        self.check = check
        self.event = event
        self.reasons: tuple[Reason, ...] = tuple(reasons)
        super().__init__(self.text("en"))
        self.__cause__ = next((r.cause for r in self.reasons if r.cause is not None), None)

    def text(self, lang: str = "ko") -> str:
        """Return one line per reason, headed by project and event."""
        head = f"{self.project}: {self.event}: " + ("처리 불가" if lang == "ko" else "refused")
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


_KO = {
    "plan": "계획",
    "project": "사업",
    "actor": "담당자",
    "event": "처리",
    "unit": "부서",
    "period": "기간",
    "evaluation": "평가",
    "state": "상태",
    "lifecycle": "절차",
    "plugin": "플러그인",
    "change": "변경",
    "definition": "사업 내용",
    "column": "열",
    "field": "분야",
    "proposal": "개정안",
    "due": "기한",
    "revision": "차수",
    "entry": "이력",
    "notice": "알림",
    "batch": "일괄 처리",
    "cards": "관리카드",
    "evidence": "증빙",
    "form": "서식",
    "language": "언어",
    "panel": "구역", "setting": "설정", "token": "토큰", "word": "말", "workbook": "통합 문서",
}  # fmt: skip


class NotFound(EvalflowError):
    """What was named does not exist; `nearest` is the closest name that does, `listed` says what
    there is."""

    def __init__(
        self, what: str, name: str, known: Sequence[str] = (), *, listed: str = ""
    ) -> None:
        self.what = what
        self.name = name
        self.listed = listed
        self.nearest = nearest(name, known)
        super().__init__(self.text("en"))

    def text(self, lang: str = "ko") -> str:
        """Return the message for people."""
        name = printable(self.name).replace("\n", "\\n")
        ko, en = did_you_mean(
            f"{_KO.get(self.what, self.what)} '{name}'을(를) 찾을 수 없습니다.",
            f"no {self.what} '{name}'",
            self.nearest,
        )
        if self.listed:
            ko, en = f"{ko} (가능: {self.listed})", f"{en} (there are: {self.listed})"
        return particles(ko) if lang == "ko" else en


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


def wrong_kind(path: str, value: object, *, ko: str, en: str) -> Problem:
    """Return the problem that an argument is of another kind than what `ko` and `en` name."""
    shown = shown_kind(value)
    return Problem(
        code="wrong_kind",
        path=path,
        value=shown,
        ko=f"{ko}이어야 합니다: {shown}",
        en=f"expected {en}, got {shown}",
    )


def shown_kind(value: object) -> str:
    """Return a value as an error may name it: what is short and plain as it is, of anything else
    its type alone (it may be large, or hold a secret)."""
    if value is None or isinstance(value, bool):
        return str(value)
    name = type(value).__name__
    if isinstance(value, str | bytes | int | float | dt.date):
        if isinstance(value, int) and value.bit_length() > 200:  # Python may refuse to write it
            return name
        text = repr(value[:60]) if isinstance(value, str | bytes) else str(value)[:60]
        return f"{text} ({name})"
    module = type(value).__module__.partition(".")[0]
    return name if module in ("builtins", "evalflow") else f"{module}.{name}"


class KeyReused(InvalidInput):
    """The idempotency key was already used on this project for another call: by somebody else, for
    another event, or with other data. Nothing was written; the first call is not disclosed.

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
        self.ko = particles(ko)
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
        self.ko = what if ko is None else particles(ko)
        super().__init__(self.text("en"))

    def text(self, lang: str = "ko") -> str:
        """Return the message for people."""
        name = f"{self.plugin} {self.version}" if self.version else self.plugin
        return f"플러그인 {name}: {self.ko}" if lang == "ko" else f"plugin {name}: {self.what}"


class DirectoryError(PluginError):
    """The host's own directory failed, or gave an invalid answer; nothing was done."""

    def text(self, lang: str = "ko") -> str:
        """Return the message for people."""
        if lang == "ko":
            return f"외부 인사 시스템({self.plugin})이 답하지 못했습니다: {self.ko}"
        return f"the host's directory ({self.plugin}) did not answer: {self.what}"


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
    letters are the same. Close is what a slip of the hand makes of a name, or what leaves a part
    of it out: `en` is no guess for `when`."""
    import difflib  # only on the way to an error message

    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold(), each)
    wanted = name.casefold()
    close = difflib.get_close_matches(wanted, list(folded), n=5, cutoff=0.6)
    return next((folded[each] for each in close if _is_slip(wanted, each)), None)


def did_you_mean(
    ko: str, en: str, near: str | None, otherwise: tuple[str, str] = ("", "")
) -> tuple[str, str]:
    """Return the sentences with the name behind them that may have been meant (see `nearest`), or
    with `otherwise` where none is near."""
    if near is None:
        return ko + otherwise[0], en + otherwise[1]
    after = "" if ko.endswith(".") else ";"
    return f"{ko}{after} 혹시 '{near}'입니까?", f"{en.removesuffix('.')}; did you mean '{near}'?"


def _is_slip(name: str, known: str) -> bool:
    """Say whether a third of the letters at most were changed, left out, put in or swapped, and of
    more than two such slips none is in the first letter; or one name begins the other, or is a
    whole word of it. (`not_later` is no guess for `late`, nor `line` for `deadline`.)"""
    short, long = sorted((name, known), key=len)
    if len(short) > 3 and (long.startswith(short) or short in re.split(r"[_\W]", long)):
        return True
    before: list[int] = []
    last = list(range(len(known) + 1))
    for row, letter in enumerate(name, start=1):
        here = [row]
        for place, other in enumerate(known, start=1):
            steps = min(last[place] + 1, here[-1] + 1, last[place - 1] + (letter != other))
            swapped = (
                row > 1 and place > 1 and letter == known[place - 2] and other == name[row - 2]
            )
            here.append(min(steps, before[place - 2] + 1) if swapped else steps)
        before, last = last, here
    slips = last[-1]
    return slips <= max(1, len(long) // 3) and (slips < 3 or name[:1] == known[:1])
