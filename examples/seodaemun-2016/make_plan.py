"""Makes plan.yaml, the 2016 plan of 서대문구, as far as the source tells, and illustrative beyond;
and selection.yaml, the candidates out of which its 43 projects were selected.

Run it again and the same bytes come out; a test checks that. What is from the source document
(정책기획담당관-2872, 「2016년 주요업무시행 및 평가계획」) stands in this script, marked with the
number under which the project lists it (R…). What it does not give, such as the
other titles, indicators, figures and bureaus, is illustrative: it stands in projects.txt and
below under "illustrative", and the plan says so to everybody who looks at it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
QUARTERS = ("2016-Q1", "2016-Q2", "2016-Q3", "2016-Q4")

ILLUSTRATIVE = (
    "관리번호 6을 제외한 사업명, 분야 배정, 성과지표, 수치, 예산 및 대부분의 국·과 명칭은 "
    "원문에 없는 예시 자료임",
    "project titles except number 6, and all assignments to fields, indicators, figures, budgets "
    "and most unit names are not in the source and were made up",
)

HEAD = """\
# 서대문구 2016년 주요업무시행 및 평가계획, as an evalflow plan. Made by make_plan.py: edit that.
#
# R numbers mark what is from the source document; "illustrative" marks what is not. From it:
# 43 projects (R26) in five fields (R27), 26 of them in core projects (R28), 31 departments (R3),
# number 6 with its 22 cards (R39), criteria and exclusions (R22-R25), dates and deadlines.
evalflow: plan/1
id: seodaemun-2016
revision: 1
year: 2016
ko: 2016년 주요업무시행 및 평가계획
en: 2016 key projects, their implementation and evaluation
illustrative:
  ko: {ko}
  en: {en}

# R49, R12, R2, R11: the head of the paper, its bases, who signed and who was consulted. The
# vice mayor was away: 주민자치국장 signed for him. 협력 현황 is empty in the source: illustrative.
document:
  number: 정책기획담당관-2872
  registered_on: 2016. 2. 24.
  approved_on: 2016. 2. 25.
  disclosure: 부분공개(5)
  purpose: >-
    2016년 주요업무계획 중 중점적인 성과관리가 필요한 사업들에 대한 세부계획을 수립하여
    민선6기 구정운영을 효율적으로 지원하고자 함
  bases:
    - 정책기획담당관-1903호 「2016년 주요업무시행계획 수립계획 통보」
    - 「서울특별시 서대문구 업무 등의 평가에 관한 규칙」 제12조
    - 「2016년 주요업무계획」
  aims:
    - 구의 정책방향에 대한 이해증진 및 공유, 주요업무계획의 중요성 인지
    - 전략목표 ↔ 정책사업목표 ↔ 단위사업간 상호 연계성을 파악하여 체계적 사업추진과 성과관리
    - 정기적 진도관리 필요성 높은 사업을 선정하여 분기별 정기평가 및 필요시 수시평가 실시
    - 사업추진상황을 함축적으로 파악할 수 있으며 계량화된 지표 선정
    - 부진사업은 조속한 정상화 방안 마련 및 부서간 협조체계 유지
  cooperation:
    - partner: 각 국·소 및 31개 사업부서
      matter: 대상사업 선정 의견 조율(2016. 2. 19.까지)
      result: 의견 반영
    - {partner: 정책기획담당관 예산팀, matter: 사업별 분기 소요예산 확인, result: 이견 없음}
    - {partner: 도시재정비과, matter: 도시재생사업 평가 주관 이관, result: 협의 완료}
  signed_by:
    - 주무관
    - 정책평가팀장
    - {title: 정책기획담당관, actor: policy-1}
    - {title: 부구청장, actor: autonomy-head-1, acting: 주민자치국장}
    - {title: 구청장, actor: mayor-1, signed_on: 2016-02-25}
  consulted: [{title: 주민자치국장, actor: autonomy-head-1}]
  attachments:
    - 주요업무시행 및 평가계획 대상사업 목록 1부
    - 국별 총괄 평가 서식 1부
    - 부서별 자체 평가 서식 1부

lifecycle: major-works

calendar:
  zone: Asia/Seoul
  periods: quarter      # R14: 분기별 정기평가
  first: 2016-Q1
  last: 2016-Q4         # R34: evaluated in January 2017
  move: next            # D4: a deadline on a holiday moves to the next business day
  holidays: KR
  due:                  # R33, R38: 분기 익월 5일 이내; R34: 분기 익월 20일 이내
    self_evaluate: {day: 5}
    submit: {day: 5}
    review: {day: 20}

# D1-D3: the source gives no formula, no bands and no mean; these are evalflow's defaults.
scoring:
  scorer: rates
  basis: cumulative
  places: 1
  zero_target: undefined
  project_mean: weighted
  group_mean: projects
  bands:
    done: {ko: 완료, en: Done, verdict: on_track, at_least: 100, against: whole}
    on_track: {ko: 정상, en: On track, verdict: on_track, at_least: 90}
    lagging: {ko: 부진, en: Lagging, verdict: lagging, at_least: 70}
    seriously_lagging: {ko: 현저히 부진, en: Seriously lagging, verdict: seriously_lagging}

notices:
  notifiers: [console]
"""

MILESTONES = """\
# R17-R21: how the plan came about.
milestones:
  2016-02-05: {ko: 수립계획 방침 및 통보, en: Guideline approved and sent out}
  2016-02-19: {ko: 사업선정에 대한 부서 의견 조율, en: Selection agreed with the departments}
  2016-02-24:
    ko: 국·소별 시행계획 제출, 시행 및 평가계획 방침
    en: Bureaus submit their plans; the plan is approved
  2016-02-25: {ko: 시행 및 평가계획 부서 통보, en: Departments are told}
"""

EXCLUSIONS = """\
# R23: no double evaluation. R24, R25, R10: what is left out, and where it is evaluated instead.
exclusions:
  - ko: 구청장 공약사업
    en: Mayor's pledges
    reason: 중복평가 지양
    evaluated_in: 정책기획담당관 반기별 정기평가
  - ko: 도시재생사업
    en: Urban renewal projects
    reason: 중복평가 지양 (정책회의 2016. 1. 11.; 도시재정비과-499호, 2016. 1. 14.)
    evaluated_in: >-
      도시재정비과 분기별 점검, 구청장 주재 보고회 등 (관련부서: 도시재정비과, 주택과, 도시관리과)
  - ko: 일부 부서, 14개 동 주민센터, 구의회사무국
    en: Some departments, 14 community centres, the council's office
    reason: 수립대상 제외
    evaluated_in: 원문에 없음
"""

SELECTION = """\
# 서대문구 2016년 주요업무시행계획 대상사업 선정 (R17-R23). Made by make_plan.py: edit that.
#
# From the source: the dates, the five criteria, that 43 projects were selected, and that pledges
# and urban renewal projects were left out. Illustrative: the candidates' titles but number 6's,
# their fields and core projects, and which of them were left out.
evalflow: plan/1
id: seodaemun-2016-selection
year: 2016
ko: 2016년 주요업무시행계획 대상사업 선정
en: Selection of the key projects of 2016
illustrative:
  ko: "관리번호 6을 제외한 후보 사업명, 분야·핵심 프로젝트 배정, 제외한 사업은 예시 자료임"
  en: "candidate titles except number 6, fields, core projects and what was left out were made up"
document:
  bases:
    - 정책기획담당관-1903호 「2016년 주요업무시행계획 수립계획 통보」
    - 「2016년 주요업무계획」
lifecycle: selection

calendar:
  periods: year
  first: 2016
  last: 2016
  due:
    agree: {{date: 2016-02-19}}     # R18
    submit: {{date: 2016-02-24}}    # R19
    approve: {{date: 2016-02-24}}   # R20; signed on the 25th
    notify: {{date: 2016-02-25}}    # R21
"""

# R23-R25: left out, with what they are evaluated in instead. Which projects: illustrative.
LEFT_OUT = (
    ("44", "women-family", "welfare", "아동급식 지원 확대", "Meals for more children"),
    ("45", "traffic", "environment", "연세로 대중교통전용지구 활성화", "Yonsei-ro transit mall"),
    ("46", "elders", "welfare", "동네 경로당 개방 확대", "Opening senior centres to all"),
    (
        "47",
        "urban-renewal",
        "environment",
        "가재울 재정비촉진지구 관리",
        "Gajaeul renewal district",
    ),
    ("48", "housing", "environment", "노후 연립주택 재건축 지원", "Rebuilding old row houses"),
    ("49", "city-management", "environment", "신촌 도시재생 거점 조성", "Sinchon regeneration hub"),
)

# R3: 31 departments = 3 담당관 + 26 과 + 1 지소 + 1 박물관. In the source: 정책기획담당관,
# 감사담당관, 도시재정비과, 주택과, 도시관리과 and 주민자치국(장). Illustrative: all else.
# A 담당관 is under no bureau. The submission is an act of a bureau (R4, R38), so the three stand
# under one "부구청장 직속", whose head is the vice mayor: nobody else is above them (R2, R5).
Names = tuple[str, str, str]
UNITS: tuple[tuple[Names, tuple[Names, ...]], ...] = (
    (
        ("direct", "부구청장 직속", "Under the vice mayor"),
        (
            ("policy-planning", "정책기획담당관", "Policy planning office"),
            ("audit-office", "감사담당관", "Audit office"),
            ("public-relations", "홍보담당관", "Public relations office"),
        ),
    ),
    (
        ("autonomy", "주민자치국", "Residents' autonomy bureau"),
        (
            ("self-government", "자치행정과", "Self-government"),
            ("civil-service", "민원여권과", "Civil service and passports"),
            ("education-support", "교육지원과", "Education support"),
            ("culture-sports", "문화체육과", "Culture and sports"),
            ("information", "정보통신과", "Information and communication"),
            ("village", "마을자치과", "Neighbourhoods"),
            ("museum", "자연사박물관", "Museum of natural history"),
        ),
    ),
    (
        ("economy-finance", "재정경제국", "Finance and economy bureau"),
        (
            ("jobs-economy", "일자리경제과", "Employment and economy"),
            ("social-economy", "사회적경제과", "Social economy"),
            ("finance", "재무과", "Finance"),
            ("tax", "세무과", "Tax"),
        ),
    ),
    (
        ("welfare", "복지국", "Welfare bureau"),
        (
            ("welfare-policy", "복지정책과", "Welfare policy"),
            ("social-welfare", "사회복지과", "Social welfare"),
            ("elders", "어르신복지과", "Welfare of the elderly"),
            ("women-family", "여성가족과", "Women and families"),
        ),
    ),
    (
        ("city-environment", "도시환경국", "City and environment bureau"),
        (
            ("urban-renewal", "도시재정비과", "Urban renewal"),
            ("housing", "주택과", "Housing"),
            ("city-management", "도시관리과", "City management"),
            ("architecture", "건축과", "Architecture"),
            ("green-city", "푸른도시과", "Green city"),
            ("environment", "환경과", "Environment"),
        ),
    ),
    (
        ("safety-construction", "안전건설국", "Safety and construction bureau"),
        (
            ("flood-safety", "안전치수과", "Safety and flood control"),
            ("construction", "건설관리과", "Construction"),
            ("traffic", "교통행정과", "Traffic"),
            ("cleaning", "청소행정과", "Cleaning"),
        ),
    ),
    (
        ("health", "보건소", "Health centre"),
        (
            ("health-admin", "보건행정과", "Health administration"),
            ("health-promotion", "건강증진과", "Health promotion"),
            ("health-branch", "보건지소", "Health branch"),
        ),
    ),
)
FROM_SOURCE = frozenset(
    ["policy-planning", "audit-office", "urban-renewal", "housing", "city-management", "autonomy"]
)

# R27: 민선6기 5대 구정목표 분야.
FIELDS = (
    ("welfare", "복지", "Welfare"),
    ("economy", "경제", "Economy"),
    ("culture_education", "문화교육", "Culture and education"),
    ("environment", "환경", "Environment"),
    ("participation", "참여", "Participation"),
)
# R28: 2016년 5대 핵심 프로젝트.
CORE_PROJECTS = (
    ("together", "함께 살기 좋은 서대문", "Living well together"),
    ("education", "교육공동체도시 서대문", "A city that learns together"),
    ("women", "여성이 행복한 서대문", "A good place for women"),
    ("elders", "어르신과 함께 하는 서대문", "Together with the elderly"),
    ("walkable", "보행친화도시 서대문", "A city for walkers"),
)
# R22: 선정기준 (a)-(e), all out of 「2016년 주요업무계획」.
CRITERIA = (
    ("core", "5대 핵심 프로젝트", "The mayor's five core projects"),
    ("instruction", "구청장 지시사항 강조사업", "Stressed in the mayor's instructions"),
    ("new", "2016년 신규 역점사업", "New priority of 2016"),
    ("joint", "시·구 공동협력사업", "Joint project of city and district"),
    ("external", "정부합동평가 등 외부기관 평가 관련 사업", "Tied to an outside evaluation"),
)
# R13: the chain 전략목표 > 정책사업목표 > 단위사업. Illustrative: the source names the links only.
# One row a field: the strategy, its policy, and the 단위사업 under it.
GOALS: dict[str, tuple[tuple[str, str], tuple[str, str], tuple[str, str]]] = {
    "welfare": (
        ("함께 누리는 복지", "Welfare for all"),
        ("촘촘한 복지망", "A close-knit safety net"),
        ("맞춤형 복지 서비스", "Services that fit"),
    ),
    "economy": (
        ("활기찬 지역경제", "A lively economy"),
        ("일자리와 상생", "Work and fairness"),
        ("지역 일자리·판로 지원", "Jobs and markets"),
    ),
    "culture_education": (
        ("배우고 즐기는 도시", "A city to learn and enjoy"),
        ("마을과 학교의 협력", "Schools and neighbourhoods"),
        ("교육·문화 공동체 운영", "Learning and culture together"),
    ),
    "environment": (
        ("안전하고 쾌적한 도시", "A safe and pleasant city"),
        ("걷기 좋은 생활환경", "Surroundings to walk in"),
        ("생활환경·안전 정비", "Repairs and safety"),
    ),
    "participation": (
        ("주민이 주인인 구정", "Residents in charge"),
        ("소통과 참여", "Talking and taking part"),
        ("주민 참여 사업", "Projects with residents"),
    ),
}
# R39: 22개 사업 관리카드. The number is from the source, the names are illustrative.
CARDS = (
    ("마을 방과후 교실", "After-school classes"),
    ("마을 교사 양성", "Training of neighbourhood teachers"),
    ("청소년 자치 동아리", "Youth circles"),
    ("진로·직업 체험", "Trying out professions"),
    ("학교 연극 수업", "Drama lessons"),
    ("학교 협력 강사", "Co-teachers"),
    ("문예체 교육", "Arts and sports"),
    ("생태 체험 수업", "Nature lessons"),
    ("독서 토론 교실", "Reading and debate"),
    ("과학 탐구 교실", "Science club"),
    ("토론하는 교실", "Classes that debate"),
    ("학부모 동아리", "Parents' circles"),
    ("학부모 학교", "School for parents"),
    ("청소년 축제", "Youth festival"),
    ("교육 사랑방", "Education meeting rooms"),
    ("학교 밖 배움", "Learning out of school"),
    ("기초학력 도움", "Help with basic skills"),
    ("또래 상담", "Peer counselling"),
    ("다문화 학생 지원", "Support for multicultural pupils"),
    ("평화·인권 수업", "Peace and human rights"),
    ("마을 교육 포럼", "Education forum"),
    ("성과 나눔터", "Sharing results"),
)
REAL = "6"  # the one number and title in the source

FORMULAS = {
    "up": ("up", None),
    "down_linear": ("down", "down_linear"),
    "down_ratio": ("down", "down_ratio"),
    "at_least": ("maintain", "maintain_at_least"),
    "at_most": ("maintain", "maintain_at_most"),
    "baseline": ("up", "baseline"),
    "baseline_down": ("down", "baseline"),
    "milestone": ("up", "milestone"),
    "met_or_not": ("up", "met_or_not"),
}


def plan() -> str:
    """Return the whole plan file."""
    head = HEAD.replace("{ko}", text(ILLUSTRATIVE[0]), 1).replace("{en}", text(ILLUSTRATIVE[1]), 1)
    parts = (
        head,
        "".join(units()),
        "".join(directory()),
        named("R27: 민선6기 5대 구정목표 분야; exactly one for a project.", "fields", FIELDS),
        named("R28: 2016년 5대 핵심 프로젝트; at most one.", "core_projects", CORE_PROJECTS),
        named("R22 (a)-(e): 선정기준.", "criteria", CRITERIA),
        "".join(goals()),
        MILESTONES,
        EXCLUSIONS,
        "".join(projects()),
    )
    return "\n".join(parts)


def selection() -> str:
    """Return the whole file of candidates."""
    parts = (
        SELECTION.format(),
        "".join(units()),
        "".join(selectors()),
        named("R27: 민선6기 5대 구정목표 분야.", "fields", FIELDS),
        named("R28: 2016년 5대 핵심 프로젝트.", "core_projects", CORE_PROJECTS),
        named("R22 (a)-(e): 선정기준, recorded by `propose`.", "criteria", CRITERIA),
        "".join(candidates()),
    )
    return "\n".join(parts)


def selectors() -> Iterator[str]:
    """Yield who takes part in the selection: opaque ids, the same as in the plan."""
    yield "directory:\n"
    yield "  mayor-1: [{role: mayor, unit: seodaemun}]\n"
    yield "  policy-1: [{role: policy_office, unit: seodaemun}]\n"
    yield "  policy-2: [{role: policy_office, unit: seodaemun}]\n"
    yield "  vice-mayor-1:\n"
    yield "    - {role: vice_mayor, unit: seodaemun}\n"
    yield "    - {role: bureau_head, unit: direct}\n"
    for (bureau, _, _), departments in UNITS:
        yield f"  {bureau}-lead-1: [{{role: lead_section, unit: {bureau}}}]\n"
        if bureau != "direct":
            yield f"  {bureau}-head-1: [{{role: bureau_head, unit: {bureau}}}]\n"
        for unit, _, _ in departments:
            yield f"  {unit}-1: [{{role: department, unit: {unit}}}]\n"
            yield f"  {unit}-head-1: [{{role: department_head, unit: {unit}}}]\n"


def candidates() -> Iterator[str]:
    """Yield the candidates, a line or two each: what becomes of the 43, and what is left out."""
    yield "projects:\n"
    source = (HERE / "projects.txt").read_text(encoding="utf-8")
    for block in re.split(r"\n\s*\n", source.strip()):
        if block.startswith("#"):
            continue
        lines = block.splitlines()
        number, unit, field, core, kind, _ = cells(lines[0])
        at = "" if core == "-" else f", core_project: {core}"
        made_up = "false" if number == REAL else "true"
        yield f'  "{number}":\n    {{{label(*halves(lines[1]))}, illustrative: {made_up},\n'
        yield f"     unit: {unit}, field: {field}{at}, kind: {kind}}}\n"
    yield "  # R23: to be left out; see pledges.yaml and regeneration.yaml.\n"
    for number, unit, field, ko, en in LEFT_OUT:
        yield f'  "{number}":\n    {{{label(ko, en)}, illustrative: true,\n'
        yield f"     unit: {unit}, field: {field}, kind: continued}}\n"


# --------------------------------------------------------------------------- the head


def units() -> Iterator[str]:
    """Yield the organisation, from the office down to the departments."""
    yield "# R3: 31 departments = 3 담당관 + 26 과 + 1 지소 + 1 박물관. A 담당관 is under no\n"
    yield "# bureau; here the vice mayor is the head who signs for the three (R2, R5).\n"
    yield "# Illustrative but where it says otherwise.\n"
    yield "units:\n"
    yield "  seodaemun: {kind: office, ko: 서대문구, en: Seodaemun-gu}\n"
    for (bureau, ko, en), departments in UNITS:
        yield f"  {bureau}: {{kind: bureau, {label(ko, en)}, parent: seodaemun}}{mark(bureau)}\n"
        for unit, unit_ko, unit_en in departments:
            inside = f"{{kind: department, {label(unit_ko, unit_en)}, parent: {bureau}}}"
            yield f"  {unit}: {inside}{mark(unit)}\n"


def mark(unit: str) -> str:
    """Return the comment at a unit that the source names."""
    return "   # in the source" if unit in FROM_SOURCE else ""


def directory() -> Iterator[str]:
    """Yield who holds which role: opaque ids, never names (D10)."""
    yield "# D10: opaque ids, never names of people. R1, R2, R6-R8: the offices of the source.\n"
    yield "directory:\n"
    for actor, role in (
        ("mayor-1", "mayor"),
        ("policy-1", "policy_office"),
        ("policy-2", "policy_office"),
        ("budget-1", "budget_team"),
        ("audit-1", "audit_office"),
        ("clock", "clock"),
    ):
        yield f"  {actor}: [{{role: {role}, unit: seodaemun}}]\n"
    yield "  vice-mayor-1:\n"
    yield "    - {role: vice_mayor, unit: seodaemun}\n"
    yield "    - {role: bureau_head, unit: direct}\n"
    for (bureau, _, _), departments in UNITS:
        yield f"  {bureau}-lead-1: [{{role: lead_section, unit: {bureau}}}]\n"
        if bureau != "direct":
            yield f"  {bureau}-head-1: [{{role: bureau_head, unit: {bureau}}}]\n"
        for unit, _, _ in departments:
            yield f"  {unit}-1: [{{role: department, unit: {unit}}}]\n"
            yield f"  {unit}-head-1: [{{role: department_head, unit: {unit}}}]\n"
    yield "\n# R2, R11: 주민자치국장 signed for the vice mayor (代), on the days of the paper.\n"
    yield "appointments:\n"
    yield "  - actor: autonomy-head-1\n"
    yield "    for: vice-mayor-1\n"
    yield "    role: vice_mayor\n"
    yield "    unit: seodaemun\n"
    yield "    since: 2016-02-24\n"
    yield "    until: 2016-02-25\n"
    yield "    reason: 부구청장 부재 (결재란의 代 표시)\n"


def named(comment: str, key: str, rows: tuple[Names, ...]) -> str:
    """Return a mapping from ids to labels."""
    lines = [f"# {comment}", f"{key}:"]
    lines += [f"  {name}: {{{label(ko, en)}}}" for name, ko, en in rows]
    return "\n".join(lines) + "\n"


def goals() -> Iterator[str]:
    """Yield the goal chain."""
    yield "# R13: 전략목표 > 정책사업목표 > 단위사업; the texts are illustrative.\n"
    yield "goals:\n"
    for field, chain in GOALS.items():
        above = ""
        for kind, (ko, en) in zip(("strategy", "policy", "project"), chain, strict=True):
            parent = f", parent: {above}" if above else ""
            above = f"{field}-{kind}"
            yield f"  {above}: {{kind: {kind}, {label(ko, en)}{parent}}}\n"


# --------------------------------------------------------------------------- the projects


def projects() -> Iterator[str]:
    """Yield the 43 projects out of projects.txt."""
    yield "# R26: 43 projects, each with its 관리번호. Illustrative but for number 6 (R39);\n"
    yield "# fields and core projects add up to R27 (12, 5, 4, 17, 5) and R28 (26, 60.5 %).\n"
    yield "# Money is in won.\n"
    yield "projects:\n"
    source = (HERE / "projects.txt").read_text(encoding="utf-8")
    for block in re.split(r"\n\s*\n", source.strip()):
        if not block.startswith("#"):
            yield from project(block.splitlines())


def project(lines: list[str]) -> Iterator[str]:
    """Yield one project as YAML."""
    number, unit, field, core, kind, selection = cells(lines[0])
    title, contents = halves(lines[1]), halves(lines[2])
    won = [int(word) * 1_000_000 for word in lines[3].removeprefix("won:").split()]
    yield f'  "{number}":'
    yield "   # R39: title and number of cards from the source\n" if number == REAL else "\n"
    yield f"    ko: {text(title[0])}\n"
    yield f"    en: {text(title[1])}\n"
    yield f"    illustrative: {'false' if number == REAL else 'true'}\n"
    yield f"    unit: {unit}\n"
    yield f"    field: {field}\n"
    if core != "-":
        yield f"    core_project: {core}\n"
    yield f"    goals: [{field}-project]\n"
    yield f"    selection: [{', '.join(selection.split())}]\n"
    if unit in ("construction", "traffic", "green-city"):
        yield "    cooperating: [flood-safety]\n"
    yield f"    kind: {kind}\n"
    yield "    start: 2016-01-01\n"
    yield "    end: 2016-12-31\n"
    yield f"    content:\n      ko: {text(contents[0])}\n      en: {text(contents[1])}\n"
    sources = ", ".join(
        f"{s}: {w}" for s, w in zip(("국비", "시비", "구비"), won, strict=True) if w
    )
    needed = ", ".join(f"{q}: {w}" for q, w in zip(QUARTERS, by_quarter(sum(won)), strict=True))
    yield f"    budget:\n      sources: {{{sources}}}\n      periods: {{{needed}}}\n"
    yield "    schedule:\n"
    for month, what in months(lines[4].removeprefix("months:")):
        yield f"      2016-{month:02}: {text(what)}\n"
    if number == REAL:
        yield "    cards:   # R39: 22개 사업; their names are illustrative\n"
        for ko, en in CARDS:
            yield f"      - {{{label(ko, en)}}}\n"
    yield "    indicators:\n"
    for line in lines[5:]:
        yield from indicator(line.removeprefix("- "))


def indicator(line: str) -> Iterator[str]:
    """Yield one indicator as YAML."""
    name, title, unit, kind, accumulation, targets, *rest = cells(line)
    extras = dict(re.findall(r"(\w+): (\(.*\)|[^;]*)", rest[0])) if rest else {}
    ko, en = halves(title)
    direction, formula = FORMULAS[kind]
    yield f"      {name}:\n"
    yield f"        ko: {text(ko)}\n"
    yield f"        en: {text(en)}\n"
    yield f"        unit: {text(unit)}\n"
    yield f"        direction: {direction}\n"
    if formula is not None:
        yield f"        formula: {formula}\n"
    yield f"        accumulation: {accumulation}\n"
    for key in ("weight", "baseline"):
        if key in extras:
            yield f"        {key}: {extras[key].strip()}\n"
    if "steps" in extras:
        yield "        steps:\n"
        for step in extras["steps"].strip("()").split(";"):
            step_name, _, words = step.strip().partition(": ")
            step_title, _, weight = words.rpartition(", ")
            yield f"          {step_name}: {{{label(*halves(step_title))}, weight: {weight}}}\n"
    why = extras.get("why", "").strip()
    shown = (f"{{not_due: {text(why)}}}" if word == "-" else word for word in targets.split())
    pairs = ", ".join(f"{q}: {t}" for q, t in zip(QUARTERS, shown, strict=True))
    yield f"        targets: {{{pairs}}}\n"


def by_quarter(won: int) -> tuple[int, int, int, int]:
    """Return what a project needs in each quarter: 15, 35, 30 and 20 percent."""
    first, second, third = won * 15 // 100, won * 35 // 100, won * 30 // 100
    return first, second, third, won - first - second - third


def months(line: str) -> Iterator[tuple[int, str]]:
    """Yield every month with what is done in it (R32)."""
    for span in line.split(";"):
        bounds, _, what = span.strip().partition(" ")
        first, _, last = bounds.partition("-")
        for month in range(int(first), int(last or first) + 1):
            yield month, what


# --------------------------------------------------------------------------- small things


def cells(line: str) -> list[str]:
    """Return the cells between the bars of a line."""
    return [cell.strip() for cell in line.split("|") if cell.strip()]


def halves(line: str) -> tuple[str, str]:
    """Return the Korean and the English half of `한국어 = English`."""
    ko, _, en = line.partition(" = ")
    return ko.strip(), en.strip()


def label(ko: str, en: str) -> str:
    """Return a label for the inside of a `{…}`."""
    return f"ko: {text(ko)}, en: {text(en)}"


def text(words: str) -> str:
    """Return words as YAML, in quotes where they need them."""
    plain = re.fullmatch(r"\w[^:#,\[\]{}\"]*", words)
    return words if plain else json.dumps(words, ensure_ascii=False)


if __name__ == "__main__":
    for name, made in (("plan", plan()), ("selection", selection())):
        (HERE / f"{name}.yaml").write_text(made, encoding="utf-8", newline="\n")
