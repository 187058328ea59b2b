"""Projects with their histories, and notices, in Django's admin: to be seen, never to be changed.

What is listed is asked of the engine, page by page. Who may see it has Django's own permission to
view (`evalflow_django.view_project`, `evalflow_django.view_notice`), which is one over all plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from evalflow import Engine, Entry, EvalflowError, http_status, to_json
from evalflow import Project as Standing
from evalflow.plugins import Session, band_label
from evalflow.storage import Outgoing
from evalflow_django.engines import engine
from evalflow_django.models import Notice, Project
from evalflow_django.words import language, say

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[models.Model]
else:  # what is generic in Django's stubs is not in Django
    _Admin = admin.ModelAdmin

_STATES = {
    "waiting": ("발송 대기", "waiting"),
    "delivered": ("발송함", "delivered"),
    "dead": ("발송 실패", "given up"),
}


@attrs.frozen(kw_only=True)
class _Cell:
    """What stands in one place of a list. `more` is unfolded under it, `whole` keeps to a line."""

    text: str
    link: str = ""
    more: str = ""
    whole: bool = False


@attrs.frozen(kw_only=True)
class _Filter:
    """A condition that a reader may choose: the link to all, and to each with its text and whether
    it is chosen."""

    title: str
    all: str
    chosen: str
    links: Sequence[tuple[str, str, bool]]


def _filter(
    request: HttpRequest, name: str, title: str, choices: Iterable[tuple[str, str]]
) -> _Filter:
    """Return a condition that a page's address holds under `name`."""
    chosen = request.GET.get(name, "")

    def link(value: str) -> str:
        query = request.GET.copy()
        query.pop("after", None)
        query.pop(name, None)
        if value:
            query[name] = value
        return f"?{query.urlencode()}"

    links = [(link(value), text, value == chosen) for value, text in choices]
    return _Filter(title=title, all=link(""), chosen=chosen, links=links)


@attrs.frozen(kw_only=True)
class _List:
    """One page of a list.

    Attributes:
        heads: the heading of each column, and by what a click on it orders ("" by nothing).
        rows: of this page; `after` is where the next one begins, "" behind the last.
        count: how many there are on all pages, in words; "" where that is not told.
    """

    heads: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[_Cell]]
    after: str
    count: str = ""


class _Words:
    """Puts what the engine returns into the reader's language."""

    def __init__(self, office: Engine) -> None:
        self.office = office
        self.session = Session(store=None, lang=language())
        self._days: dict[str, Any] = {}

    def time(self, plan: str, at: Any) -> str:
        """Return a moment by the clock of the plan's office."""
        return self.session.time(at.astimezone(self.office.plans.calendar(plan).zone))

    def unit(self, project: Standing) -> str:
        """Return the name that the project's unit bears today."""
        if project.plan not in self._days:
            calendar = self.office.plans.calendar(project.plan)
            self._days[project.plan] = calendar.today(self.office.clock())
        return self.session.unit(self.office, project, self._days[project.plan])

    def states(self, fingerprint: str, states: Sequence[str]) -> str:
        """Return the labels of states of a lifecycle."""
        return self.session.states(self.office.plans.lifecycle(fingerprint), states)

    def band(self, project: Standing) -> str:
        """Return the band of its latest rating."""
        bands = self.office.plans.head(project.plan).scoring.bands
        return band_label(bands, project.band).text(self.session.lang) if project.band else ""


class _Read(_Admin):
    """Lists that are asked of the engine."""

    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Return the pages there are: the list alone, and none of Django's forms."""
        return [self._page("", self.changelist_view, "changelist")]

    def _page(self, route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        full = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(route, self.admin_site.admin_view(partial(self._shown, view)), name=full)

    def _shown(
        self, view: Callable[..., HttpResponse], request: HttpRequest, **named: Any
    ) -> HttpResponse:
        if not self.has_view_permission(request) or request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        try:
            return view(request, **named)
        except EvalflowError as error:
            title = say("보여 드릴 수 없습니다", "This cannot be shown")
            about = {"error": error.text(language()), "title": title}
            return self._response(request, about, status=http_status(error))

    def _response(
        self, request: HttpRequest, about: Mapping[str, Any], *, status: int = 200
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "query": request.GET.get("q", ""),
            "kept": [(name, value) for name, value in request.GET.items() if name in _KEPT],
            "words": {
                "next": say("다음", "Next"),
                "first": say("처음으로", "Back to the first"),
                "nothing": say("해당하는 것이 없습니다.", "There is nothing."),
                "all": say("전체", "All"),
                "search": say("찾기", "Search"),
                "filter": say("조건", "Filter"),
                "details": say("기록 전체", "The whole record"),
                "read": say("조회만 할 수 있습니다.", "Read-only."),
            },
            **about,
        }
        return TemplateResponse(request, "admin/evalflow_django/list.html", context, status=status)

    def _paged(self, found: Iterable[Any], place: Callable[[Any], object]) -> tuple[list[Any], str]:
        """Return one page of what was found, of which one more was asked for, and where the next
        one begins."""
        shown = list(found)
        if len(shown) <= self.list_per_page:
            return shown, ""
        del shown[self.list_per_page :]
        return shown, str(place(shown[-1]))


_KEPT = ("plan", "state", "o")
"""What a search keeps of the conditions that stand."""


@admin.register(Project)
class ProjectAdmin(_Read):
    """Projects, and of each its history."""

    def get_urls(self) -> list[URLPattern]:
        """Return the list, and a page for each project."""
        return [*super().get_urls(), self._page("<path:project>/", self.project_view, "change")]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Answer with a page of projects."""
        office = engine()
        words = _Words(office)
        where: dict[str, Any] = {
            name: request.GET[said] for name, said in _WHERE.items() if request.GET.get(said)
        }
        with office.reading() as then:
            found, after = self._paged(
                then.projects(
                    **where,
                    order=request.GET.get("o") or None,
                    after=request.GET.get("after") or None,
                    limit=self.list_per_page + 1,
                ),
                lambda project: project.id,
            )
            heads = [
                ("ID", ""), (say("사업", "Project"), "title"), (say("부서", "Unit"), "unit"),
                (say("상태", "State"), "state"), (say("기간", "Period"), "period"),
                (say("추진상태", "Band"), ""), (say("이력", "Entries"), "changed"),
            ]  # fmt: skip
            chosen = request.GET.get("o", "")
            heads = [(text, f"-{by}" if by and by == chosen else by) for text, by in heads]
            rows = [self._row(words, each) for each in found]
            choices = [(plan, plan) for plan in then.plans.ids()]
            plans = _filter(request, "plan", say("계획", "Plan"), choices)
            n = then.count(**where)
            count = say(f"사업 {n}개", f"{n} {'project' if n == 1 else 'projects'}")
            page = _List(heads=heads, rows=rows, after=after, count=count)
        return self._response(
            request, {"title": self.opts.verbose_name_plural, "page": page, "filters": [plans]}
        )

    def _row(self, words: _Words, project: Standing) -> list[_Cell]:
        place = reverse(f"{self.admin_site.name}:evalflow_django_project_change", args=[project.id])
        return [
            _Cell(text=project.id, link=place, whole=True),
            _Cell(text=words.session.label(project.label)),
            _Cell(text=words.unit(project)),
            _Cell(text=words.states(project.lifecycle, project.states)),
            _Cell(text=project.period, whole=True),
            _Cell(text=words.band(project)),
            _Cell(text=str(project.version)),
        ]

    def project_view(self, request: HttpRequest, project: str) -> HttpResponse:
        """Answer with where a project stands, and a page of its history, the newest first."""
        office = engine()
        words = _Words(office)
        with office.reading() as then:
            standing = then.project(project)
            before = _number(request.GET.get("after", "0"))
            found, after = self._paged(
                then.history(project, after=before, limit=self.list_per_page + 1, newest=True),
                lambda entry: entry.number,
            )
            heads = [(text, "") for text in _ENTRY[language()]]
            rows = [self._entry(words, standing.plan, each) for each in found]
        facts = self._row(words, standing)
        names = [say("부서", "Unit"), say("상태", "State"), say("기간", "Period")]
        names += [say("추진상태", "Band"), say("이력", "Entries")]
        return self._response(
            request,
            {
                "title": f"{project} {words.session.label(standing.label)}",
                "facts": list(zip(names, [each.text or "-" for each in facts[2:]], strict=True)),
                "page": _List(heads=heads, rows=rows, after=after),
                "inside": True,
            },
        )

    def _entry(self, words: _Words, plan: str, entry: Entry) -> list[_Cell]:
        lifecycle = words.office.plans.lifecycle(entry.lifecycle)
        who = entry.actor
        if entry.on_behalf_of is not None:
            who = say(f"{who} ({entry.on_behalf_of} 대결)", f"{who} (for {entry.on_behalf_of})")
        late = say(f"{entry.late}일 지연", f"{entry.late} days late") if entry.late else ""
        return [
            _Cell(text=str(entry.number)),
            _Cell(text=words.time(plan, entry.at), whole=True),
            _Cell(text=entry.period, whole=True),
            _Cell(text=words.session.event(lifecycle, entry.event)),
            _Cell(text=who),
            _Cell(text=words.states(entry.lifecycle, entry.after)),
            _Cell(text="; ".join(filter(None, (late, entry.reason))), more=to_json(entry)),
        ]


_WHERE = {"plan": "plan", "text": "q"}
_ENTRY = {
    "ko": ("순번", "일시", "기간", "처리", "처리자", "상태", "비고"),
    "en": ("No.", "When", "Period", "Event", "Actor", "State", "Remarks"),
}


@admin.register(Notice)
class NoticeAdmin(_Read):
    """The outbox, the newest first."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Answer with a page of notices."""
        office = engine()
        words = _Words(office)
        state, text = request.GET.get("state") or None, request.GET.get("q") or None
        before = _number(request.GET.get("after", "0"))
        more = self.list_per_page + 1
        with office.reading() as then:
            found, after = self._paged(
                then.outbox.notices(state=state, text=text, after=before, limit=more, newest=True),
                lambda outgoing: outgoing.position,
            )
            rows = [self._row(words, each) for each in found]
            n = then.outbox.count(state=state, text=text)
        count = say(f"알림 {n}건", f"{n} {'notice' if n == 1 else 'notices'}")
        choices = [(name, say(*said)) for name, said in _STATES.items()]
        states = _filter(request, "state", say("상태", "State"), choices)
        heads = [(text, "") for text in _NOTICE[language()]]
        page = _List(heads=heads, rows=rows, after=after, count=count)
        return self._response(
            request, {"title": self.opts.verbose_name_plural, "page": page, "filters": [states]}
        )

    def _row(self, words: _Words, outgoing: Outgoing) -> list[_Cell]:
        notice = outgoing.notice
        plan = notice.project.rpartition("/")[0]
        return [
            _Cell(text=words.time(plan, notice.at), whole=True),
            _Cell(text=words.session.label(notice.subject), more=to_json(notice)),
            _Cell(text=notice.project),
            _Cell(text=notice.recipient),
            _Cell(text=notice.notifier),
            _Cell(text=say(*_STATES[outgoing.state]), whole=True),
            _Cell(text=str(outgoing.tries)),
            _Cell(text=outgoing.error or ""),
        ]


_NOTICE = {
    "ko": ("일시", "알림", "사업", "받는 사람", "수단", "상태", "시도", "오류"),
    "en": ("When", "Notice", "Project", "To", "By", "State", "Tries", "Error"),
}


def _number(said: str) -> int:
    """Return the place at which a page begins; -1, which the engine refuses, where it is none."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else -1
