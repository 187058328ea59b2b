"""Many projects at once: a batch is planned, looked at, and applied, each decision made again."""

from __future__ import annotations

import datetime as dt
import secrets
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import msgspec
from starlette.responses import Response, StreamingResponse

from evalflow import BatchPlan, EvalflowError, Label, NotFound, load_batch
from evalflow.plugins import conditions
from evalflow_web.api import values
from evalflow_web.api.acting import check_token
from evalflow_web.api.table import Call, Operation, Reply
from evalflow_web.problems import input_problem, reasons, told
from evalflow_web.state import moment_of
from evalflow_web.wire import encode, tree

LASTS = dt.timedelta(days=1)
"""For how long a planned batch waits to be applied."""

NDJSON = "application/x-ndjson"

_SHOWN = 1000  # lines of a batch that an answer holds


class BatchBody(msgspec.Struct, forbid_unknown_fields=True):
    """What would be fired on which projects: `where` as in a batch's selection, `data` for all,
    `each` more of it by project id; `mode` how it will be applied."""

    event: str
    where: dict[str, Any] = {}
    data: dict[str, Any] = {}
    each: dict[str, dict[str, Any]] = {}
    mode: Literal["each", "all", "unit"] = "each"


def plan_batch(call: Call) -> Reply:
    """Plan a batch: what would happen to each project, with all refusals; nothing is written."""
    body = call.body(BatchBody)
    check_token(call, body.event)
    batch = call.engine.batch(
        body.event,
        by=call.visit.actor,
        where=_where(call, body.where),
        data=body.data,
        each=body.each,
        mode=body.mode,
    )
    batch_id, state = secrets.token_hex(16), call.visit.site.state
    ends = state.stamp(LASTS)
    with tempfile.TemporaryDirectory(prefix="evalflow-web-") as folder:
        path = Path(folder) / "batch.jsonl"
        batch.save(path)
        content = path.read_bytes()
    with state.writing() as db:
        db.execute("DELETE FROM batch WHERE ends_at <= ?", (state.stamp(),))
        db.execute(
            "INSERT INTO batch (id, actor, content, made_at, ends_at) VALUES (?, ?, ?, ?, ?)",
            (batch_id, call.visit.who.id, content, state.stamp(), ends),
        )
    where = call.visit.url("batch", plan=call.plan, batch=batch_id)
    return Reply(value=_reply(call, batch_id, batch, ends), headers={"location": where})


def _where(call: Call, where: dict[str, Any]) -> dict[str, Any]:
    """Return the selection with a band taken as whoever asks may read it: one that is a draft would
    be told by the lines that come."""
    if where.get("plan", call.plan) not in (call.plan, [call.plan]):
        said = str(where["plan"])[:60]
        raise input_problem(
            "wrong_value",
            "where.plan",
            f"주소의 계획 '{call.plan}'와(과) 다른 계획입니다: '{said}'",
            f"the address says '{call.plan}', this says '{said}'",
        )
    asked = {**where, "plan": call.plan}
    if asked.get("band") is None:
        return asked
    found = call.view.projects(**conditions(asked))
    return {"plan": call.plan, "number": [each.number for each in found]}


def _reply(call: Call, batch_id: str, batch: BatchPlan, ends: str) -> values.BatchReply:
    """Return the batch; hashes that cover closed data only for who may read them."""
    whole = call.view.reads_plan(call.plan)
    hidden = set() if whole else {"head", "seal"}
    return values.BatchReply(
        id=batch_id,
        event=batch.header.event,
        by=batch.header.by,
        at=batch.header.at,
        mode=batch.header.mode,
        fingerprint=batch.fingerprint if whole else None,
        counts=dict(batch.counts),
        reasons=dict(batch.reasons),
        lines=[
            {name: value for name, value in tree(line.tree()).items() if name not in hidden}
            for line in islice(batch, _SHOWN)
        ],
        expires=moment_of(ends),
    )


def _kept(call: Call) -> tuple[str, BatchPlan, str]:
    """Return the batch that the path names: one of whoever asks, and of the plan."""
    batch_id, state = call.part("batch"), call.visit.site.state
    row = state.row(
        "SELECT content, ends_at FROM batch WHERE id = ? AND actor = ? AND ends_at > ?",
        (batch_id, call.visit.who.id, state.stamp()),
    )
    if row is None:
        raise NotFound("batch", batch_id)
    with tempfile.TemporaryDirectory(prefix="evalflow-web-") as folder:
        path = Path(folder) / "batch.jsonl"
        path.write_bytes(row[0])
        batch = load_batch(path)
    where = batch.header.where
    if not isinstance(where, dict) or where.get("plan") not in (call.plan, [call.plan]):
        raise NotFound("batch", batch_id)
    return batch_id, batch, str(row[1])


def batch(call: Call) -> Reply:
    """Answer a batch that was planned by whoever asks."""
    return Reply(value=_reply(call, *_kept(call)))


def apply_batch(call: Call) -> Response:
    """Apply a batch as it was planned; a receipt for each project comes once it is durable, as a
    line of JSON. Applying it again goes on where it stopped."""
    _, planned, _ = _kept(call)
    check_token(call, planned.header.event)
    receipts = call.engine.batches.apply(planned, by=call.visit.actor)

    def lines() -> Iterator[bytes]:
        try:
            for each in receipts:
                reply = values.ReceiptReply(
                    project=each.project,
                    unit=each.unit,
                    outcome=each.outcome,
                    number=each.number,
                    reasons=msgspec.convert(
                        reasons(each.reasons, call.visit.lang), list[values.ReasonReply]
                    ),
                )
                yield encode(reply) + b"\n"
        except EvalflowError as error:  # what was written is written; the rest can be applied again
            said = told(error, call.visit)
            yield encode({"error": said.code, "detail": said.detail}) + b"\n"

    return StreamingResponse(lines(), media_type=NDJSON)


OPERATIONS = (
    Operation(
        name="plan_batch",
        method="POST",
        path="/plans/{plan}/batches",
        label=Label("일괄 처리 계획", "Plan a batch"),
        tag="batches",
        handler=plan_batch,
        body=BatchBody,
        answer=values.BatchReply,
        status=201,
    ),
    Operation(
        name="batch",
        method="GET",
        path="/plans/{plan}/batches/{batch}",
        label=Label("계획한 일괄 처리", "A batch that was planned"),
        tag="batches",
        handler=batch,
        answer=values.BatchReply,
    ),
    Operation(
        name="apply_batch",
        method="POST",
        path="/plans/{plan}/batches/{batch}/apply",
        label=Label("일괄 처리 적용", "Apply a batch"),
        tag="batches",
        handler=apply_batch,
        media=NDJSON,
    ),
)
