"""One reader of figures: what a text says as an exact number, or why it says none.

Plans, the data of events (`fire`, `--data`, `--set`), cells of tables and options of plugins all
ask here, so that no text is one figure in one place and another in the next.

    read_figure("1,234.5")            # 1234.5
    read_figure("△12명", unit="명")    # -12: an office's minus sign, the indicator's own unit
    read_figure("1,5")                # no figure: a comma parts thousands; write 1.5
    read_figure("1억 2,000만", money=True)   # 120000000

Whatever is not plainly one figure is refused with a sentence that says why, and what to write.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any, Final, Literal

import attrs

from evalflow.errors import particles
from evalflow.model.values import frozen

MOST_DIGITS = 18
"""Digits before, and digits after, the point of a figure; more are refused as misprints."""

Brackets = Literal["minus", "provisional"]
"""What a figure in brackets means: minus in bookkeeping, provisional (잠정) in reports."""

NOT_DUE_WORDS: Final = ("시기미도래", "not_due", "notdue")
"""What stands in place of a figure that is not due yet (G8), compared without spaces."""

ANY_UNIT: Final = "*"
"""As `unit`: the figure's unit is not known here, so that a `%` behind it is no contradiction."""


@frozen
class Figure:
    """What a text says.

    Attributes:
        value: the exact number.
        provisional: it is said to be provisional (잠정치): to be made final later.
        bracketed: it stood in brackets, which the plan or the call gave a meaning.
    """

    value: Decimal
    provisional: bool = False
    bracketed: bool = False


@frozen
class NoFigure:
    """Why a text says no figure, and what to write instead, in both languages."""

    code: str
    ko: str = attrs.field(converter=particles)
    en: str

    def text(self, lang: str = "ko") -> str:
        """Return the sentence in `lang` (`ko` or `en`)."""
        return self.ko if lang == "ko" else self.en


# --------------------------------------------------------------------------- patterns

# The minus signs of Korean offices (△ and ▲, and the Greek and mathematical letters that look like
# them), and the hyphens and dashes that keyboards and word processors make of a minus.
_MINUS = "-−‐‑–△▲Δ∆▵▴"
_ANY_MINUS = re.escape(_MINUS)  # inside a class of a pattern
_DIGITS = r"(?:[1-9]\d{0,2}(?:,\d{3}){1,5}|\d{1,18})(?:\.\d{1,18})?"
_SIGNED = rf"(?a)(?P<sign>[+{_ANY_MINUS}])? ?(?P<digits>{_DIGITS})"
_BRACKETED = r"\( ?(?P<inside>[^()]*?) ?\)"
_NUMERIC = rf"(?a)[+{_ANY_MINUS}]? ?[\d.,]+(?<![,.])"
_SAID_PROVISIONAL = (
    r"(?i)(?:잠정치?|provisional):? ?(?P<before>.+)"
    r"|(?P<behind>.+?) ?(?:\( ?(?:잠정치?|provisional) ?\)|잠정치?|provisional)"
)

# Signs that look like digits, and are footnotes, lists or parts of a whole.
_MARKS = frozenset("*†‡§¶※⁎∗")
_LIKE_DIGITS = frozenset(["No", "Nl", "Nd"])
_DOWNWARD = frozenset("▽▼∇▿▾")

_SMALL = {"천": 1_000, "백": 100, "십": 10}
_LARGE = {"조": 10**12, "억": 10**8, "만": 10**4}
_TERM = rf"(?a)({_DIGITS}) ?([천백십])?"
_EXACT = Context(prec=100)
_MONEY_WORDS = frozenset("조억만천백십원")
_SCALES = _MONEY_WORDS - {"원"}

_MODIFIERS: Mapping[str, tuple[str, str]] = {
    "이상": (
        "'이상'은 수가 아닙니다. 수만 적고 지표의 산식을 maintain_at_least로 하십시오",
        "'이상' (at least) is no figure: write the number alone, and let the indicator's formula "
        "be maintain_at_least",
    ),
    "이하": (
        "'이하'는 수가 아닙니다. 수만 적고 지표의 산식을 maintain_at_most로 하십시오",
        "'이하' (at most) is no figure: write the number alone, and let the indicator's formula "
        "be maintain_at_most",
    ),
    "초과": (
        "'초과'는 수가 아닙니다. 넘어야 할 수 대신 이르러야 할 수를 적으십시오",
        "'초과' (more than) is no figure: write the number to be reached instead",
    ),
    "미만": (
        "'미만'은 수가 아닙니다. 밑돌아야 할 수 대신 지켜야 할 수를 적으십시오",
        "'미만' (less than) is no figure: write the number to be kept instead",
    ),
}
_SIGNS_OF: Mapping[str, str] = {
    "≥": "이상", ">=": "이상", "≧": "이상", "≤": "이하", "<=": "이하", "≦": "이하",
    ">": "초과", "<": "미만",
}  # fmt: skip
_ABOUT = r"(?i)약|대략|여(?![가-힣])|내외|정도|안팎|가량|~|about|approx|c\.|≈|≒|±"
_RANGE = rf"(?a)[\d.,]+ ?[가-힣%]* ?[~〜∼{_ANY_MINUS}—―] ?[\d.,]+.*"
_FRACTION = r"(?a)\d+ ?/ ?\d+"
_EXPONENT = r"(?a)[+-]?[\d.,]+[eE][+-]?\d+"


# --------------------------------------------------------------------------- reading


def read_figure(
    value: Any, *, unit: str = "", brackets: Brackets | str | None = None, money: bool = False
) -> Figure | NoFigure:
    """Return the figure that `value` says, or why it says none.

    `value` is a text, a whole number or a `Decimal`; a float is never exact. Texts may have
    groups of three (`1,234`, never after a lone 0), a minus sign of Korean offices in front
    (`△12`, `▲12`, `−12`), full width letters, and the indicator's own `unit` behind (`12명`,
    `84.5%`); `ANY_UNIT` where that is not known. `12(잠정)` is provisional by its own word.

    `brackets` says what `(12)` means; unsaid, it is refused. With `money` the figure is an
    amount in won: `1억 2,000만`, `3천만원`, `120,000원`.
    """
    if value.__class__ is str:
        return _read_text(value, unit, brackets, money)
    if isinstance(value, bool | float):
        return NoFigure(
            "not_exact",
            f"정확한 수가 아닙니다: {value!r} (정수, Decimal 또는 '84.5'처럼 글로 적으십시오)",
            f"not an exact number: {value!r} (give an int, a Decimal or text; never a float)",
        )
    if isinstance(value, str):
        return _read_text(str(value), unit, brackets, money)
    if isinstance(value, int | Decimal):
        return _bounded(Decimal(value))
    return NoFigure(
        "not_a_figure",
        f"수가 아닙니다: {value!r} (예: 84.5)",
        f"not a figure: {value!r} (write e.g. 84.5)",
    )


def figure_of(value: Any, *, unit: str = "") -> Decimal | None:
    """Return the number that `value` says plainly (see `read_figure`), or None."""
    found = read_figure(value, unit=unit)
    return found.value if isinstance(found, Figure) else None


def is_not_due(value: Any) -> bool:
    """Say whether a text stands for a figure that is not due yet (시기미도래)."""
    return isinstance(value, str) and "".join(value.split()).casefold() in NOT_DUE_WORDS


def why_not_due(value: Any) -> str | None:
    """Return the reason why a figure is not due yet that a text gives (`시기미도래: 준공 전`),
    empty without one; None where the text says something else."""
    if not isinstance(value, str):
        return None
    said, *why = re.split("[:：]", value, maxsplit=1)
    return "".join(why).strip() if is_not_due(said) else None


def plain(figure: Decimal) -> str:
    """Return a figure as plans write it: digits alone, without an exponent."""
    return format(figure, "f")


@lru_cache(maxsize=16_384)
def _read_text(written: str, unit: str, brackets: str | None, money: bool) -> Figure | NoFigure:
    text = _folded(written)
    match = re.fullmatch(_SIGNED, text)  # by far the most frequent
    if match is not None:
        return _signed(match)
    provisional = False
    said = re.fullmatch(_SAID_PROVISIONAL, text)
    if said is not None:
        text, provisional = (said["before"] or said["behind"]).strip(), True
    found = _amount(text, unit, money)
    bracketed = False
    if found is None:
        match = re.fullmatch(_BRACKETED, _without_unit(text, unit))
        if match is not None:
            found = _amount(match["inside"], unit, money)
            bracketed = found is not None
    if found is None or (bracketed and provisional):
        return _why_not(written, _folded(written), unit, money)
    if not bracketed:
        return Figure(found, provisional)
    if brackets is None and found >= 0:
        return _ask_brackets(written, found)
    if brackets == "provisional":
        return Figure(found, provisional=True, bracketed=True)
    if found < 0:
        return NoFigure(
            "brackets_and_minus",
            f"괄호와 빼기표가 함께 있습니다: '{_short(written)}' (음수면 {plain(found)}(으)로 "
            "적으십시오)",
            f"both brackets and a minus sign: '{_short(written)}' (for minus write {plain(found)})",
        )
    return Figure(_negated(found), bracketed=True)


def _folded(text: str) -> str:
    """Return the text with plain letters for full width ones, and one blank for several."""
    if text.isascii():
        return text.strip() if "  " not in text and "\n" not in text else " ".join(text.split())
    text = "".join(
        chr(ord(each) - 0xFEE0) if "！" <= each <= "～" else "-" if each == "﹣" else each
        for each in unicodedata.normalize("NFC", text)
    )
    return " ".join(text.split())


def _signed(match: re.Match[str]) -> Figure:
    value = Decimal(match["digits"].replace(",", ""))
    return Figure(_negated(value) if match["sign"] and match["sign"] != "+" else value)


def _bounded(value: Decimal) -> Figure | NoFigure:
    if value.is_finite():
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        if value.adjusted() < MOST_DIGITS and exponent >= -MOST_DIGITS:
            return Figure(value)
    return _too_long(str(value))


def _amount(text: str, unit: str, money: bool) -> Decimal | None:
    """Return the signed figure without brackets that a folded text says, its unit behind or not."""
    for each in dict.fromkeys((text, _without_unit(text, unit))):
        match = re.fullmatch(_SIGNED, each)
        if match is not None:
            return _signed(match).value
    return _won(text) if money else None


def _without_unit(text: str, unit: str) -> str:
    """Return the text without the unit behind it, where that is the indicator's own."""
    if unit == ANY_UNIT:
        return text.removesuffix("%").rstrip()
    wanted = _same_unit(unit)
    if not wanted or wanted[0] in f"0123456789.,+(){_MINUS}":
        return text  # 2명 behind a figure would be more digits of it
    for at in range(len(text) - 1, 0, -1):
        if _same_unit(text[at:]) == wanted and not _is_like_digit(text[at]):
            return text[:at].rstrip()
    return text


def _same_unit(unit: str) -> str:
    return "".join(unicodedata.normalize("NFKC", unit).split())


def _is_like_digit(letter: str) -> bool:
    return unicodedata.category(letter) in _LIKE_DIGITS


def _won(text: str) -> Decimal | None:
    """Return the amount that Korean number words say: `1억 2,000만`, `3천만원`, `1.5억`.

    Terms stand from large to small, none as large as the word before. `1억 2천` is refused:
    some mean 120,000,000 won by it, others 100,002,000.
    """
    below_zero = text[:1] in tuple(_MINUS)
    text = (text[1:] if below_zero else text).removesuffix("원").strip()
    total, parts = Decimal(0), 0
    for word, worth in (*_LARGE.items(), ("", 1)):
        before, found, behind = text.partition(word) if word else (text, "", "")
        if word and not found:
            continue
        part = _below_ten_thousand(before.strip(), alone=not parts and not behind.strip())
        if part is None:
            if word or not parts or before.strip():
                return None
            break  # nothing behind the last word
        after_large = parts and not word and total >= 10**8 and not total % 10**8
        if parts and (part >= 10_000 or after_large or (not word and part < 100)):
            return None
        total = _EXACT.add(total, _EXACT.multiply(part, Decimal(worth)))
        text, parts = behind.strip(), parts + 1
    figure = _bounded(total)
    if not isinstance(figure, Figure) or not parts:
        return None
    return _negated(total) if below_zero else total


def _below_ten_thousand(text: str, *, alone: bool) -> Decimal | None:
    """Return what stands before 조, 억 or 만: `2,000`, `2천`, `3천5백`; decimals only `alone`."""
    total, above, at = Decimal(0), 0, 0
    while at < len(text):
        match = re.compile(_TERM).match(text, at)
        if match is None:
            return None
        if match.end() < len(text) and match[2] is None:
            return None
        worth = _SMALL.get(match[2] or "", 1)
        value = Decimal(match[1].replace(",", ""))
        whole = value == value.to_integral_value()
        if above and (value * worth >= above or not whole or value * worth * 100 < above):
            return None
        if not whole and not (alone and match.end() == len(text)):
            return None
        total, above, at = (
            _EXACT.add(total, _EXACT.multiply(value, Decimal(worth))),
            worth,
            match.end(),
        )
        at += text[at : at + 1] == " "
    return total if text else None


def _negated(value: Decimal) -> Decimal:
    return value.copy_negate() if value else value  # exact: `-value` would round to 28 digits


# --------------------------------------------------------------------------- why not


def _short(text: str) -> str:
    shown = "".join("\ufffd" if not letter.isprintable() else letter for letter in text)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."


def _ask_brackets(written: str, found: Decimal) -> NoFigure:
    text, number = _short(written), plain(found)
    minus = plain(_negated(found))
    return NoFigure(
        "brackets",
        f"괄호 안의 수는 음수일 수도 잠정치일 수도 있습니다: '{text}' (음수면 {minus}, 잠정치면 "
        f"'{number}(잠정)'으로 적거나, 계획의 figures.brackets 또는 --brackets로 뜻을 정하십시오)",
        f"brackets may mean minus or provisional: '{text}' (write {minus} or '{number} "
        "(provisional)', or say which by figures.brackets in the plan or by --brackets)",
    )


def _too_long(written: str) -> NoFigure:
    return NoFigure(
        "too_long",
        f"정확한 수여야 합니다 (예: 84.5; 지수 없이 소수점 앞뒤 {MOST_DIGITS}자리까지): "
        f"'{_short(written)}'",
        f"expected an exact figure such as 84.5 (no exponent, at most {MOST_DIGITS} digits before "
        f"and after the point): '{_short(written)}'",
    )


def _why_not(written: str, text: str, unit: str, money: bool) -> NoFigure:
    """Return why a text that was read is no figure, and what to write."""
    shown = _short(written)
    for check in (_why_marks, _why_words, _why_commas, _why_unit):
        reason = check(text, unit, money)
        if reason is not None:
            code, ko, en = reason
            return NoFigure(code, f"'{shown}': {ko}", f"'{shown}': {en}")
    return NoFigure(
        "not_a_figure",
        f"수가 아닙니다: '{shown}' (예: 84.5  1,234  △12)",
        f"not a figure: '{shown}' (write e.g. 84.5, 1,234 or -12)",
    )


_Why = tuple[str, str, str] | None


def _why_marks(text: str, unit: str, money: bool) -> _Why:
    """Signs that look like digits or say something beside the figure."""
    for letter in text:
        if letter in _DOWNWARD:
            return (
                "unknown_sign",
                f"'{letter}'의 뜻을 정할 수 없습니다. 음수면 -를 붙여 적으십시오 (예: -1500)",
                f"'{letter}' may mean a fall or a minus: for minus write e.g. -1500",
            )
        if letter in _MARKS or (not letter.isascii() and _is_like_digit(letter)):
            rest = "".join(
                each for each in text if each.isascii() and (each.isdigit() or each in ",.-")
            )
            hint_ko, hint_en = (f" (예: {rest})", f" (e.g. {rest})") if rest else ("", "")
            return (
                "footnote_mark",
                f"'{letter}'은(는) 숫자가 아니라 각주나 목록의 표시입니다. 표시를 빼고 "
                f"수만 적으십시오{hint_ko}",
                f"'{letter}' is a mark, not a digit: take it out and write the figure "
                f"alone{hint_en}",
            )
    return None


def _why_words(text: str, unit: str, money: bool) -> _Why:
    """Words and signs that make of a figure a bound, an estimate, a range or a fraction."""
    for word, (ko, en) in _MODIFIERS.items():
        signs = [sign for sign, said in _SIGNS_OF.items() if said == word]
        said = word in text or any(text.startswith(sign) for sign in signs)
        if said and any(letter.isdigit() for letter in text):
            return "bound", ko, en
    if re.fullmatch(_EXPONENT, text):
        return (
            "exponent",
            f"지수로 적은 수입니다. 지수 없이 소수점 앞뒤 {MOST_DIGITS}자리까지 풀어 적으십시오",
            f"an exponent: write the digits out (no exponent, at most {MOST_DIGITS} digits)",
        )
    if re.fullmatch(_FRACTION, text):
        return (
            "fraction",
            "분수입니다. 소수로 적으십시오 (분자와 분모로 재는 지표는 accumulation: ratio)",
            "a fraction: write a decimal (an indicator with numerator and denominator has "
            "accumulation: ratio)",
        )
    if re.fullmatch(_RANGE, text):
        return (
            "range",
            "범위입니다. 수 하나만 적으십시오",
            "a range: write one figure",
        )
    if any(letter.isdigit() for letter in text) and re.search(_ABOUT, text):
        return (
            "estimate",
            "어림한 수입니다. 정확한 수만 적으십시오 (확정 전이면 '30(잠정)'처럼)",
            "an estimate: write the exact figure ('30 (provisional)' where it is not final)",
        )
    return None


_BLANKS_INSIDE = r"(?a)[\d.,]+(?: [\d.,]+)+"


def _why_commas(text: str, unit: str, money: bool) -> _Why:
    """Commas, points and blanks that part no thousands."""
    bare = re.sub(rf"^[+{_ANY_MINUS}] ?", "", _without_unit(text, unit))
    if re.fullmatch(_BLANKS_INSIDE, bare):
        return (
            "blanks_inside",
            f"수 사이에 빈칸이 있습니다. 붙여 적으십시오 (예: {bare.replace(' ', '')})",
            f"blanks between digits: write them together (e.g. {bare.replace(' ', '')})",
        )
    if not re.fullmatch(r"[\d.,]+", bare, re.ASCII) or not any(each.isdigit() for each in bare):
        return None
    whole, _, places = bare.partition(".")
    if max(len(whole.replace(",", "")), len(places)) > MOST_DIGITS and bare.count(".") <= 1:
        return (
            "too_long",
            f"정확한 수여야 합니다 (지수 없이 소수점 앞뒤 {MOST_DIGITS}자리까지)",
            f"expected an exact figure (no exponent, at most {MOST_DIGITS} digits before and "
            "after the point)",
        )
    if "," not in bare:
        if bare.count(".") == 1:
            whole_of = f"0{bare}" if bare.startswith(".") else bare.rstrip(".")
            return (
                "point_at_an_end",
                f"소수점 앞뒤에 숫자가 있어야 합니다. {whole_of}(으)로 적으십시오",
                f"a point needs digits on both sides: write {whole_of}",
            )
        joined = bare.replace(".", "")
        if bare.count(".") < 2:
            return None
        return (
            "points",
            f"점이 여럿입니다. 소수점은 하나이고 천 단위는 쉼표로 나눕니다 (예: {joined})",
            "several points: there is one decimal point, and commas part thousands (e.g. "
            f"{joined})",
        )
    if re.fullmatch(r"(?:0|[1-9]\d*),\d+", bare, re.ASCII):
        decimal = bare.replace(",", ".")
        return (
            "comma",
            "쉼표는 천 단위를 세 자리씩 나눕니다(홀로 선 0 뒤에는 쓰지 않음). 소수면 "
            f"{decimal}(으)로 적으십시오",
            f"a comma parts thousands (by threes, never after a lone 0); write {decimal}",
        )
    return (
        "comma",
        "쉼표는 천 단위를 세 자리씩 나눕니다. 쉼표를 빼고 적으십시오 (소수점은 점)",
        "a comma parts thousands, by threes: write the figure without commas (the decimal sign is "
        "a point)",
    )


def _why_unit(text: str, unit: str, money: bool) -> _Why:
    """A unit behind the figure that is not the indicator's own, and number words."""
    match = re.match(_NUMERIC, text)
    if match is None:
        return None
    rest = text[match.end() :].strip()
    if not rest:
        return None
    number = match[0]
    if rest in tuple(_MINUS):
        return (
            "minus_behind",
            f"빼기표가 뒤에 있습니다. 음수면 -{number}(으)로 적으십시오",
            f"a minus sign behind the figure: for minus write -{number}",
        )
    if rest == "%":
        ko = f" (단위는 '{unit}'입니다)" if unit else ""
        en = f" (the unit is '{unit}')" if unit else ""
        return (
            "percent",
            f"%를 빼고 적으십시오{ko}",
            f"remove the %{en}",
        )
    words = rest.removesuffix(unit) if unit else rest
    if words and words[0] in _MONEY_WORDS and set(words) <= _MONEY_WORDS | set("0123456789,. "):
        if money:
            return (
                "number_words",
                "금액을 한 가지로 읽을 수 없습니다. 숫자로 풀어 적으십시오 (예: 120,000,000)",
                "the amount can be read in several ways: write it in digits (e.g. 120,000,000)",
            )
        return (
            "number_words",
            "억·만·천은 금액에만 씁니다. 숫자로 풀어 적으십시오 (예: 12,000)",
            "억, 만 and 천 are for money: write the digits out (e.g. 12,000)",
        )
    is_note = re.fullmatch(r"(?:주|note)? ?\d{1,2}\)", rest)
    if rest[0] in _SCALES or (not is_note and any(each.isdigit() for each in rest)):
        return (  # the number in front alone would be another figure
            "several_figures",
            "수 하나가 아닙니다. 숫자로 풀어 수 하나만 적으십시오",
            "this is more than one plain figure: write one, in digits",
        )
    if unit and unit != ANY_UNIT:
        return (
            "other_unit",
            f"'{_short(rest)}'은(는) 지표의 단위 '{unit}'이(가) 아닙니다. {number}처럼 수만 "
            "적으십시오",
            f"'{_short(rest)}' is not the indicator's unit '{unit}': write the figure alone, e.g. "
            f"{number}",
        )
    return (
        "words_behind",
        f"수 뒤에 '{_short(rest)}'이(가) 있습니다. {number}처럼 수만 적으십시오",
        f"'{_short(rest)}' stands behind the figure: write the figure alone, e.g. {number}",
    )
