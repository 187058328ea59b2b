"""A form by its name: from `Sources` and options to a `Sheet`. What stands in each is in a module
of its own: `plan`, `projects`, `department`, `cards`, `bureau`, `change`."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from evalflow.plugins import FormRequest, legend, provisional_figures, rounded_at
from evalflow_forms import bureau, cards, change, department, plan, projects
from evalflow_forms.options import Options
from evalflow_forms.papers import boxes_of_plan
from evalflow_forms.sheet import NOTHING, Evidence, Part, Sheet, korean_date
from evalflow_forms.sources import Sources
from evalflow_forms.values import CORRECTED, PROVISIONAL

TITLES = {
    "projects": "주요업무시행 및 평가계획 대상사업 목록",
    "bureau": "국별 총괄 평가서",
    "department": "부서별 자체 평가서",
    "cards": "관리카드",
    "change": "주요업무 시행계획 변경계획서",
}

_BOXES = {
    "plan": ("주무관", "정책평가팀장", "정책기획담당관", "부구청장", "구청장"),
    "projects": ("주무관", "정책평가팀장", "정책기획담당관"),
    "bureau": ("주무관", "주무팀장", "주무과장", "국·소장"),
    "department": ("주무관", "팀장", "부서장"),
    "cards": ("주무관", "팀장", "부서장"),
    "change": ("주무관", "팀장", "부서장", "국·소장", "부구청장", "구청장"),
}

_MODULES = {
    "plan": plan,
    "projects": projects,
    "bureau": bureau,
    "department": department,
    "cards": cards,
    "change": change,
}


def sheet(
    form: str, sources: Sources, options: Options, request: FormRequest, made_with: str
) -> Sheet:
    """Return the form of this name, with the digest of its content in its evidence.

    Raises:
        InvalidInput: the options name unknown columns.
        NotFound: there is no change to write about.
    """
    head = sources.head
    said = head.illustrative
    evidence = Evidence(
        form=form,
        plan=head.id,
        period=sources.period,
        revision=sources.revision,
        lifecycle=sources.lifecycle,
        at=sources.at,
        checkpoint=sources.checkpoint,
        asked=(
            request.unit,
            request.number,
            request.dated.isoformat() if request.dated else None,
        ),
        made_with=made_with,
        on=sources.day.isoformat(),
        values=dict(request.values),
        left=tuple(request.leave),
    )
    module = _MODULES[form]
    parts = module.parts(sources, options)
    of_plan = boxes_of_plan(sources) if form in ("plan", "projects") else ()
    boxes = options.sign_off or of_plan or _BOXES[form]
    made = Sheet(
        title=options.title or TITLES.get(form) or head.label.ko,
        boxes=boxes,
        parts=tuple(_headed(each, sources, options, request, boxes) for each in parts),
        listing=module.whole(sources, options),
        remarks=tuple(_remarks(form, sources)),
        illustrative=said.ko if said else None,
        evidence=evidence,
        evidence_line=evidence.line(sources.zone),
        standing=form in ("plan", "department", "cards", "change") and not parts[0].apart,
    )
    return attrs.evolve(made, evidence=attrs.evolve(evidence, content=made.digest()))


def _headed(
    part: Part,
    sources: Sources,
    options: Options,
    request: FormRequest,
    boxes: tuple[str, ...],
) -> Part:
    """Return the part with its head: what is recorded of the paper, and what was asked for."""
    paper = part.paper
    head = [
        ("등록번호", options.number or paper.number),
        ("등록일자", korean_date(request.dated or paper.registered or sources.last)),
        ("결재일자", korean_date(paper.approved) if paper.approved else ""),
        ("공개구분", options.disclosure or sources.head.document.disclosure or NOTHING),
    ]
    if paper.decision is not None:
        head.append(("방침번호", paper.decision))
    attached = options.attachments or paper.attachments
    signed = dict(paper.signed)
    if paper.drafted is not None:
        signed.setdefault(boxes[0], f"{paper.drafted:%m/%d}\n기안")
    paper = attrs.evolve(paper, signed=signed)
    return attrs.evolve(part, head=tuple(head), paper=paper, attachments=attached)


def _remarks(form: str, sources: Sources) -> Iterator[str]:
    """Yield what stands under each part: the plan it follows (R12), and how rates are made."""
    if form in ("bureau", "department", "cards", "change"):
        paper = sources.head.document
        day = korean_date(paper.approved_on) if paper.approved_on else None
        number = ", ".join(each for each in (paper.number, day) if each)
        yield f"추진근거: 「{sources.head.label.ko}」" + (f"({number})" if number else "")
    if form in ("bureau", "department"):
        yield _rate_remark(sources)


def _rate_remark(sources: Sources) -> str:
    rules = sources.head.scoring
    basis = "누계" if rules.basis == "cumulative" else "당기"
    some = any(provisional_figures(each.rating, each.facts) for each in sources.standings)
    marks = f", {PROVISIONAL} 잠정치" if some else ""
    marks += f", {CORRECTED} 정정치" if any(each.corrections for each in sources.standings) else ""
    return (
        f"이행률: {basis} 실적을 {basis} 목표에 대비(지표별 산식), {rounded_at(rules.places)}. "
        f"추진상태: {legend(rules.bands)}. △ 음수, - 해당 없음{marks}."
    )
