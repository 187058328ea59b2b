"""The form `report`: the page written, and a page held against its store."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from html import escape, unescape
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import evalflow
from evalflow.plugins import FormFinding, FormRequest, time_text, write_output
from evalflow.storage import digest, parse
from evalflow_report.view import View

MADE_WITH = "evalflow-report 0.1, page 3"
"""Another one whenever the same figures give another page: a page of before is then told as the
work of another version, and not as one that the store does not bear out."""

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that are looked at: far more than any page has."""

_LANGS = ("ko", "en")
_META = re.compile(r'<meta name="evalflow" content="([^"]*)">')


class Report:
    """The page. It takes no options."""

    label = evalflow.Label("회의용 현황 보고서", "Page for the meeting")
    formats: tuple[str, ...] = (".html",)

    def write(
        self,
        engine: evalflow.Engine,
        path: str | os.PathLike[str],
        request: FormRequest,
        *,
        template: str | os.PathLike[str] | None = None,
    ) -> str:
        """Write the page to `path` and return the line of evidence printed on it."""
        target = Path(path)
        problems = []
        if target.suffix.lower() not in self.formats:
            ko, en = "파일 이름은 .html로 끝나야 합니다", "the file's name must end in .html"
            problems.append(_problem("unknown_format", str(target), ko, en))
        if template is not None:
            ko = "현황 보고서에는 서식 파일(--template)을 쓰지 않습니다"
            en = "the page takes no template"
            problems.append(_problem("no_template", str(template), ko, en))
        if request.number is not None:
            ko = "현황 보고서는 사업 한 건만 지정하여 만들 수 없습니다"
            en = "the page is not about one project"
            problems.append(_problem("not_one_project", request.number, ko, en))
        if problems:
            raise evalflow.InvalidInput(problems)
        text, line = page(engine, request)
        write_output(target, text)
        return line

    def check(
        self,
        engine: evalflow.Engine,
        path: str | os.PathLike[str],
        *,
        template: str | os.PathLike[str] | None = None,
    ) -> Sequence[FormFinding] | None:
        """Hold the page against the store; None where it is no such page."""
        source = Path(path)
        if source.suffix.lower() not in self.formats:
            return None
        with source.open("rb") as file:
            text = file.read(LARGEST).decode(errors="replace")
        told = _told(text)
        return None if told is None else tuple(_findings(engine, text, told))


def _told(text: str) -> Mapping[str, Any] | None:
    """Return what a page tells of itself; None where it is no page of ours, or tells no such
    thing."""
    found = _META.search(text)
    try:
        told = parse(unescape(found[1])) if found else None
        if not isinstance(told, dict) or told["form"] != "report" or told["lang"] not in _LANGS:
            return None
        texts = [told[name] for name in ("plan", "period", "checkpoint", "digest", "made_with")]
        if told["unit"] is not None:
            texts.append(told["unit"])
        at = dt.datetime.fromisoformat(told["at"])
    except (KeyError, TypeError, ValueError):
        return None
    whole = at.tzinfo is not None and all(isinstance(each, str) for each in texts)
    return {**told, "at": at} if whole else None


def _findings(engine: evalflow.Engine, text: str, told: Mapping[str, Any]) -> Iterator[FormFinding]:
    plan = told["plan"]
    if plan not in engine.plans.ids():
        yield _finding(
            "other_plan",
            "이 저장소에 없는 계획의 현황 보고서입니다.",
            "the plan is of another store",
        )
        return
    if digest(_sealed(text)) != told["digest"]:
        yield _finding("file_changed", "출력 후 수정된 파일입니다.", "the file was changed")
        return
    noted = evalflow.Checkpoint.read(told["checkpoint"])
    if str(engine.audit.checkpoint(plan, upto=noted)) != str(noted):
        yield _finding(
            "history_differs",
            "해당 시점까지의 이력이 변경되었습니다.",
            "the history up to then was rewritten",
        )
        return
    request = FormRequest(
        plan=plan,
        period=told["period"],
        unit=told["unit"],
        at=told["at"],
        lang=told["lang"],
    )
    again, _ = page(engine, request)
    if told["made_with"] != MADE_WITH:
        ko = "다른 버전의 프로그램으로 작성되었습니다."
        en = "another version of the program made it"
        yield _finding("other_version", ko, en, agrees=True)
    elif b"".join(again) != text.encode():
        ko, en = "저장소의 내용이 다릅니다.", "the store does not agree with the page"
        yield _finding("store_differs", ko, en)
        return
    else:
        ko = "저장소 자료와 일치합니다."
        yield _finding("agrees", ko, "it agrees with the store", agrees=True)
    if str(engine.audit.checkpoint(plan)) != str(noted):
        ko, en = "작성 이후 변경된 내용이 있습니다.", "something has changed since"
        yield _finding("moved_on", ko, en, agrees=True)


def page(engine: evalflow.Engine, request: FormRequest) -> tuple[Iterator[bytes], str]:
    """Return the page, which is made as it is taken, and its line of evidence. The same store and
    moment give the same page.

    Raises:
        NotFound: no such plan, unit or period, or nothing was there at that moment.
    """
    overview = evalflow.overview(
        engine, request.plan, period=request.period, unit=request.unit, at=request.at
    )
    told = {
        "form": "report",
        "made_with": MADE_WITH,
        "plan": request.plan,
        "period": overview.period.text,
        "unit": request.unit,
        "at": overview.at.isoformat(),
        "lang": request.lang,
        "checkpoint": str(overview.checkpoint),
    }
    line = _evidence_line(overview, request.lang)
    return _told_of_itself(_pieces(View(overview, request.lang, line)), told), line


def _told_of_itself(pieces: Iterator[str], told: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield a page that tells this of itself, and the hash of its text: which stands at the
    beginning, so that what follows waits in a file, for it is large where projects are many."""
    begun = ""
    while _NO_META not in begun:
        begun += next(pieces)
    head, _, rest = begun.partition(_NO_META)
    sealed = hashlib.sha256(head.encode())
    with TemporaryFile() as waiting:
        for piece in chain([rest], pieces):
            sealed.update(piece.encode())
            waiting.write(piece.encode())
        said = json.dumps(
            {**told, "digest": sealed.hexdigest()}, ensure_ascii=False, sort_keys=True
        )
        yield f'{head}<meta name="evalflow" content="{escape(said)}">'.encode()
        waiting.seek(0)
        yield from iter(partial(waiting.read, _TAKEN), b"")


_TAKEN = 1 << 18  # bytes that are read of what waited
_NO_META = '<meta name="evalflow" content="">'


def _pieces(view: View) -> Iterator[str]:
    """Yield the text of the page, which tells nothing of itself yet."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("evalflow_report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pieces = environment.get_template("page.html.j2").stream(view=view, w=view.words)
    pieces.enable_buffering(500)
    return iter(pieces)


def _sealed(text: str) -> str:
    return _META.sub("", text, count=1)


def _evidence_line(overview: evalflow.Overview, lang: str) -> str:
    at = time_text(overview.at.astimezone(overview.zone), lang, seconds=True)
    lifecycles = sorted(
        {f"{each.lifecycle.name} v{each.lifecycle.version}" for each in overview.standings}
    )
    used = ", ".join(lifecycles)
    if lang == "ko":
        return (
            f"{at} 현재 · {overview.revision}차 계획 · 절차 {used} · 확인값 {overview.checkpoint}"
        )
    return (
        f"as of {at} · plan revision {overview.revision} · lifecycle {used} · "
        f"checkpoint {overview.checkpoint}"
    )


def _problem(code: str, value: str, ko: str, en: str) -> evalflow.Problem:
    return evalflow.Problem(code=code, value=value, ko=ko, en=en)


def _finding(code: str, ko: str, en: str, *, agrees: bool = False) -> FormFinding:
    return FormFinding(code=code, ko=ko, en=en, agrees=agrees)
