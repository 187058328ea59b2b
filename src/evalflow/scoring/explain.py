"""How a rate was worked out, in Korean and English sentences with the numbers filled in.

The numbers come from the stored rating; the definition and the rules only name and explain them.
So a rating of three years ago is explained by the definition and rules of its own plan revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from evalflow.files.texts import stored_figure
from evalflow.model import (
    Band,
    Indicator,
    Label,
    Line,
    NotDue,
    ProjectDefinition,
    Rating,
    ScoringRules,
)
from evalflow.scoring.bands import band_label, bounds, rounded_at
from evalflow.scoring.formulas import FORMULAS, Formula, Ratio
from evalflow.scoring.hints import hint
from evalflow.scoring.kernel import EXACT, half_up
from evalflow.scoring.rates import ratio_of

_ACCUMULATIONS = {
    "sum": Label("누계(합계)", "so far (sum)"),
    "last": Label("최근값", "so far (latest)"),
    "average": Label("누계(평균)", "so far (average)"),
    "ratio": Label("누계(분자 합 ÷ 분모 합)", "so far (sum of numerators ÷ sum of denominators)"),
}
_MEANS = {
    "weighted_mean": Label("가중평균", "weighted mean"),
    "plain_mean": Label("단순평균", "plain mean"),
}


def explain(
    rating: Rating, definition: ProjectDefinition, rules: ScoringRules, lang: str = "ko"
) -> tuple[str, ...]:
    """Return how the rating came about: one paragraph for each line, the last for the project.

    `definition` and `rules` are those of the rating's plan revision; `lang` is `ko` or `en`.
    """
    paragraphs = []
    for line in rating.lines:
        indicator = definition.indicator(line.indicator) or _unnamed(line)
        paragraphs.append(explain_line(line, indicator, rules, lang, period=rating.period))
    paragraphs.append(_project(rating, definition, rules, lang))
    return tuple(paragraphs)


def explain_line(
    line: Line,
    indicator: Indicator,
    rules: ScoringRules,
    lang: str = "ko",
    *,
    period: str | None = None,
) -> str:
    """Return how one indicator's rate was computed, as sentences in one paragraph.

    With `period` the targets that were added up are shown one by one.
    """
    ko = lang == "ko"
    head = f"{indicator.label.text(lang)}: "
    said = [_compared(line, indicator, rules, ko, period)]
    formula = FORMULAS.get(line.formula)
    if line.target is not None and line.actual is not None and formula is not None:
        said.append(_worked_out(line, indicator, rules, formula, ko))
    if line.reason is not None:
        said.append(_overridden(line, indicator, rules, ko))
    if line.rate is not None:
        said.append(_floored(line, indicator, rules, ko))
        said.append(_scored(line, indicator, rules, ko))
        said.append(_banded(line.band, rules.bands, ko))
        if rules.project_mean == "weighted":
            said.append(f"가중치 {line.weight}." if ko else f"Weight {line.weight}.")
    return head + " ".join(sentence for sentence in said if sentence)


# --------------------------------------------------------------------------- a line


def _compared(
    line: Line, indicator: Indicator, rules: ScoringRules, ko: bool, period: str | None
) -> str:
    """Say which target stands against which actual, and where one is lacking."""
    cumulative = rules.basis == "cumulative"
    basis = _ACCUMULATIONS.get(indicator.accumulation) if cumulative else None
    kind = basis or Label("당기", "of the period alone")
    if line.status == "not_due" or line.target is None:
        why = _why_not_due(indicator, period)
        if ko:
            return "시기미도래: 평균에서 제외." + (f" 사유: {why}." if why else "")
        return "Not due yet: left out of the mean." + (f" Reason: {why}." if why else "")
    target = _amount(line.target, indicator, ko)
    parts = _parts(indicator, period) if cumulative and period is not None else ()
    if len(parts) > 1 and indicator.accumulation == "sum" and sum(parts) == line.target:
        target = f"{' + '.join(_number(part) for part in parts)} = {target}"
    if line.actual is None:
        lacking = "실적이 없는 기간이 있음" if ko else "an actual is missing"
        if not cumulative or (period is not None and len(parts) <= 1):
            lacking = "실적 미입력" if ko else "no actual"
        return (
            f"{kind.ko} 목표 {target}, {lacking}."
            if ko
            else f"Target {kind.en} {target}; {lacking}."
        )
    actual = _amount(line.actual, indicator, ko)
    if ko:
        return f"{kind.ko} 목표 {target}, 실적 {actual}."
    return f"Target {kind.en} {target}, actual {actual}."


def _why_not_due(indicator: Indicator, period: str | None) -> str:
    target = indicator.targets.get(period) if period is not None else None
    return target.reason if isinstance(target, NotDue) else ""


def _parts(indicator: Indicator, period: str | None) -> list[Decimal]:
    """Return the targets due up to the period (names of periods sort as time does)."""
    return [
        target
        for name, target in sorted(indicator.targets.items())
        if period is not None and name <= period and not isinstance(target, NotDue)
    ]


def _worked_out(
    line: Line, indicator: Indicator, rules: ScoringRules, formula: Formula, ko: bool
) -> str:
    """Say the formula, then the same with numbers, the unrounded and the rounded figure."""
    assert line.target is not None
    assert line.actual is not None
    rate = line.computed if line.reason is not None else line.rate
    zero = indicator.zero_target or rules.zero_target
    if line.target == 0 and formula.divides and not _held(line, formula):
        return _zero_target(line, formula, zero, rate, ko)
    text = formula.text if line.target >= 0 else formula.negative
    if text is None and _held(line, formula):  # one comparison holds whatever the sign
        text = formula.text
    if text is None or rate is None:
        return (
            f"산식 '{formula.text.ko}'으로는 이행률 산정 불가."
            if ko
            else f"The formula '{formula.text.en}' knows no rate here."
        )
    steps = _steps(line, indicator, formula, ko)
    unrounded = _unrounded(line, indicator, formula, rules.places, rate)
    compares = not steps.endswith("× 100")  # 90 ≥ 90: nothing is worked out
    shown = steps if compares or not unrounded else f"{steps} = {unrounded}"
    where = "" if compares or unrounded == _number(rate) else _rounding(rules.places, ko)
    if ko:
        return f"산식 {text.ko}: {shown}{where} → 이행률 {rate}%."
    return f"Formula {text.en}: {shown}{where} → rate {rate}%."


def _held(line: Line, formula: Formula) -> bool:
    """Say whether a level of zero is kept, which needs no division (유지)."""
    assert line.target is not None
    assert line.actual is not None
    if formula.name == "maintain_at_least":
        return line.actual >= line.target
    return formula.name == "maintain_at_most" and line.actual <= line.target


def _zero_target(line: Line, formula: Formula, zero: str, rate: Decimal | None, ko: bool) -> str:
    if zero == "undefined" or rate is None:
        return (
            "목표가 0이어서 나눌 수 없으므로 이행률 없음."
            if ko
            else "The target is 0, by which nothing is divided: no rate."
        )
    if zero == "full":
        return f"목표가 0이면 {rate}%로 봄." if ko else f"A target of 0 counts as {rate}%."
    sign = ("≤" if rate else ">") if formula.lower else ("≥" if rate else "<")
    actual, met = _number(line.actual), bool(rate)
    if ko:
        verdict = "달성" if met else "미달성"
        return (
            f"목표가 0이어서 달성 여부로 정함: 실적 {actual} {sign} 0, {verdict} → 이행률 {rate}%."
        )
    verdict = "met" if met else "not met"
    return f"The target is 0, so met or not: {actual} {sign} 0, {verdict} → rate {rate}%."


def _steps(line: Line, indicator: Indicator, formula: Formula, ko: bool) -> str:
    """Return the formula with the numbers filled in."""
    assert line.target is not None
    assert line.actual is not None
    target, actual = _number(line.target, inside=True), _number(line.actual, inside=True)
    quotient, linear = f"{actual} ÷ {target} × 100", f"(2 − {actual} ÷ {target}) × 100"
    name = formula.name
    if name.startswith("maintain"):
        least = name == "maintain_at_least"
        if _held(line, formula):
            return f"{actual} {'≥' if least else '≤'} {target}"
        return quotient if least and line.target > 0 else linear
    if name == "met_or_not":
        lower = indicator.direction == "down"
        met = line.actual <= line.target if lower else line.actual >= line.target
        return f"{actual} {('≤' if met else '>') if lower else ('≥' if met else '<')} {target}"
    if name == "baseline":
        start = _number(indicator.baseline, inside=True)
        return f"({actual} − {start}) ÷ ({target} − {start}) × 100"
    if name == "down_ratio":
        return f"{target} ÷ {actual} × 100"
    return linear if name == "down_linear" or line.target < 0 else quotient


def _unrounded(
    line: Line, indicator: Indicator, formula: Formula, places: int, rate: Decimal
) -> str:
    """Return the figure before rounding, cut off with "…" where it does not end soon.

    Worked out from the figures as shown. An average is shown at six places only; should that
    lead elsewhere than to the published rate, nothing is shown rather than something wrong.
    """
    assert line.target is not None
    assert line.actual is not None
    (a, b), (t, u) = line.actual.as_integer_ratio(), line.target.as_integer_ratio()
    s, v = (indicator.baseline or Decimal(0)).as_integer_ratio()
    ratio = formula.percent(a * u * v, t * b * v, start=s * b * u, direction=indicator.direction)
    if ratio is None or half_up(ratio[0] * 10**places, ratio[1]) != int(EXACT.scaleb(rate, places)):
        return ""
    return _cut(ratio, max(places + 3, 4))


def _cut(ratio: Ratio, places: int) -> str:
    above, below = ratio
    whole, rest = divmod(abs(above) * 10**places, below)
    text = format(EXACT.scaleb(Decimal(whole), -places), ",f")
    text = f"{text}…" if rest else text.rstrip("0").rstrip(".")
    return f"-{text}" if above < 0 else text


def _rounding(places: int, ko: bool) -> str:
    if ko:
        return f", {rounded_at(places)}"
    if places == 0:
        return ", rounded half up to a whole number"
    return f", rounded half up to {places} decimal{'' if places == 1 else 's'}"


def _overridden(line: Line, indicator: Indicator, rules: ScoringRules, ko: bool) -> str:
    after = ""
    if line.rate is not None and line.rate != line.computed:
        found = hint(line, indicator, rules, line.rate)
        if found.code not in ("agrees", "unexplained"):
            after = f" {line.rate}%: {found.text.ko if ko else found.text.en}."
    if ko:
        computed = "산출값 없음" if line.computed is None else f"산출값 {line.computed}%"
        return f"종합평가에서 이행률을 {line.rate}%로 정함({computed}). 사유: {line.reason}.{after}"
    computed = "nothing computed" if line.computed is None else f"computed: {line.computed}%"
    return f"The reviewer set the rate to {line.rate}% ({computed}). Reason: {line.reason}.{after}"


def _floored(line: Line, indicator: Indicator, rules: ScoringRules, ko: bool) -> str:
    """Say that the option `rate_floor` lifted the rate."""
    floor = rules.options.get("rate_floor")
    formula = FORMULAS.get(line.formula)
    if floor is None or formula is None or line.target is None or line.actual is None:
        return ""
    ratio = ratio_of(formula, indicator, rules, line.target, line.actual, 1)
    bound = stored_figure(str(floor))
    if ratio is None or bound is None or Fraction(*ratio) >= Fraction(bound):
        return ""
    if ko:
        return f"산출값이 하한보다 낮아 이행률 하한 {floor}%로 봄."
    return f"Below the floor: the rate counts as {floor}%."


def _scored(line: Line, indicator: Indicator, rules: ScoringRules, ko: bool) -> str:
    """Say the points, or the score where a cap or a floor made it differ from the rate."""
    if rules.options.get("points") in (True, "true") and line.score is not None:
        if ko:
            return f"배점 {line.weight} × 평점 ÷ 100 = {line.score}점."
        return f"Weight {line.weight} × rate ÷ 100 = {line.score} points."
    if line.score is None or line.rate is None or line.score == line.rate:
        return ""
    cap = rules.cap if indicator.cap is None else indicator.cap
    capped = line.score < line.rate
    limit = cap if capped else rules.floor
    if limit is None:  # a scorer of somebody's own gave it
        return f"점수 {line.score}점." if ko else f"Score {line.score}."
    bound = _number(limit)
    if ko:
        return f"점수 {line.score}점({'상한' if capped else '하한'} {bound})."
    return f"Score {line.score} ({'cap' if capped else 'floor'} {bound})."


def _banded(name: str | None, bands: Sequence[Band], ko: bool) -> str:
    """Say the band with the thresholds between which it lies."""
    if name is None:
        return ""
    lang = "ko" if ko else "en"
    word, where = "추진상태" if ko else "Band", bounds(bands, name, lang)
    label = band_label(bands, name).text(lang)
    if not where:
        return f"{word} {name}." if ko else f"{word}: {name}."
    return f"{word} {label}({where})." if ko else f"{word}: {label} ({where})."


# --------------------------------------------------------------------------- the project


def _project(rating: Rating, definition: ProjectDefinition, rules: ScoringRules, lang: str) -> str:
    ko = lang == "ko"
    said = [_mean(rating, definition, rules, ko)]
    if rating.rate is not None:
        if rating.options.get("points"):
            full = sum(line.weight for line in rating.lines if line.rate is not None)
            said.append(
                f"점수 {rating.score}점(배점×평점의 합, 만점 {full}점)."
                if ko
                else f"Score {rating.score} points (sum of weight × rate, of {full})."
            )
        elif rating.score is not None and rating.score != rating.rate:
            said.append(f"점수 {rating.score}점" if ko else f"Score {rating.score}")
            limits = (rules.cap, rules.floor, *(each.cap for each in definition.indicators))
            if any(each is not None for each in limits):
                said[-1] += (
                    "(성과지표별 상한·하한 적용)" if ko else " (caps and floors of the indicators)"
                )
            said[-1] += "."
        said.append(_banded(rating.band, rules.bands, ko))
    if ko:
        said.append(
            f"산정기 {rating.scorer} {rating.version}, {rating.revision}차 계획, {rating.period}."
        )
    else:
        said.append(
            f"Scorer {rating.scorer} {rating.version}, plan revision {rating.revision}, "
            f"{rating.period}."
        )
    return ("사업 이행률: " if ko else "Project: ") + " ".join(part for part in said if part)


def _mean(rating: Rating, definition: ProjectDefinition, rules: ScoringRules, ko: bool) -> str:
    lines = [line for line in rating.lines if line.rate is not None]
    if rating.status in {"missing", "undefined"}:
        return _no_mean(rating, definition, ko)
    if not lines or rating.rate is None:
        return (
            "시기가 된 성과지표가 없음(시기미도래)." if ko else "No indicator is due yet (not due)."
        )
    weighted = rating.formula == "weighted_mean"
    mean = _MEANS.get(rating.formula, Label(rating.formula, rating.formula))
    name = mean.ko if ko else mean.en
    left_out = len(rating.lines) - len(lines)
    tail = ""
    if left_out:
        tail = f" (시기미도래 {left_out}개 제외)" if ko else f" ({left_out} not due left out)"
    if len(lines) == 1:
        return (
            f"성과지표 하나의 이행률 {rating.rate}%{tail}."
            if ko
            else f"the rate of its one indicator, {rating.rate}%{tail}."
        )
    weights = [line.weight if weighted else 1 for line in lines]
    terms = " + ".join(
        f"{line.rate} × {weight}" if weighted else f"{line.rate}"
        for line, weight in zip(lines, weights, strict=True)
    )
    unrounded = ""
    if rating.exact is not None:
        cut = _cut(rating.exact.as_integer_ratio(), max(rules.places + 3, 4))
        unrounded = (
            f", 반올림하지 않은 이행률로는 {cut}, 마지막에 한 번 반올림"
            if ko
            else f"; from unrounded rates {cut}, rounded half up once at the end"
        )
    return f"{name}{tail} ({terms}) ÷ {sum(weights)}{unrounded} → {rating.rate}%."


def _no_mean(rating: Rating, definition: ProjectDefinition, ko: bool) -> str:
    lacking = []
    for line in rating.lines:
        if line.status == rating.status:
            indicator = definition.indicator(line.indicator) or _unnamed(line)
            lacking.append(indicator.label.ko if ko else indicator.label.en)
    names = ", ".join(lacking) or "-"
    if rating.status == "missing":
        if ko:
            return f"실적이 없는 성과지표({names})가 있어 이행률을 정하지 않음."
        return f"no rate while an actual is missing ({names})."
    if not lacking:
        return "가중치의 합이 0이어서 이행률 없음." if ko else "no rate: the weights add up to 0."
    if ko:
        return f"이행률이 정해지지 않은 성과지표({names})가 있음: 종합평가에서 사유를 들어 정함."
    return f"no rate while one is undefined ({names}): the reviewer sets it, with a reason."


# --------------------------------------------------------------------------- numbers


def _number(figure: Decimal | None, *, inside: bool = False) -> str:
    """Return the figure with grouping, `inside` a formula with brackets around a minus."""
    if figure is None:
        return "-"
    text = format(figure, ",f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"({text})" if inside and figure < 0 else text


def _amount(figure: Decimal, indicator: Indicator, ko: bool) -> str:
    unit = indicator.unit
    space = "" if ko or unit == "%" else " "
    return f"{_number(figure)}{space}{unit}" if unit else _number(figure)


def _unnamed(line: Line) -> Indicator:
    """Return a stand-in for an indicator that the definition does not have."""
    return Indicator(
        id=line.indicator,
        label=Label(line.indicator, line.indicator),
        unit="",
        direction="up",
        formula=line.formula,
        accumulation="last",
    )
