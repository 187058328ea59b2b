"""What tests of batches look at."""

from __future__ import annotations

from typing import Any

import evalflow
from evalflow.storage import Selection


def outcomes(receipts: Any) -> dict[str, str]:
    return {receipt.project: receipt.outcome for receipt in receipts}


def everything(engine: evalflow.Engine) -> Any:
    return (
        [
            (snapshot, list(engine.history(snapshot.project.id)))
            for snapshot in engine.storage.snapshots(Selection())
        ],
        sorted(engine.outbox.notices(), key=lambda sent: (sent.notice.id, sent.notice.notifier)),
        engine.storage.revisions("office-2016"),
    )
