"""A beat for evalflow on PostgreSQL: procrastinate's workers deliver, remind and verify.

Jobs and evaluation are in one database; of several workers one takes each job. A job that a host
defers on the connection of its own transaction comes true with what it fired there. Run a worker:
`EVALFLOW_STORE=postgresql://… python examples/beat_procrastinate.py`; the jobs' tables are made at
the first start.
"""

from __future__ import annotations

import logging
import os

import evalflow
import procrastinate

LOG = logging.getLogger("office.beat")


def beat(office: evalflow.Engine, jobs: str) -> procrastinate.App:
    """Return the application with evalflow's jobs; `jobs` is the database that keeps them."""
    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=jobs))

    @app.periodic(cron="* * * * *")
    @app.task(name="evalflow.deliver", queueing_lock="deliver")
    def deliver(timestamp: int) -> int:
        """Deliver what waits: every minute; of those that wait for a worker one is enough."""
        report = office.deliver()
        LOG.info("delivered %d, to be tried again %d", report.delivered, report.retried)
        return report.delivered

    @app.periodic(cron="0 0 * * 1-5")  # 09:00 in Seoul, on working days
    @app.task(name="evalflow.remind", queueing_lock="remind")
    def remind(timestamp: int) -> int:
        """Remind whoever owes something; the day's reminders are written once."""
        return len(office.outbox.remind())

    @app.periodic(cron="0 17 * * *")  # 02:00 in Seoul
    @app.task(name="evalflow.verify", queueing_lock="verify")
    def verify(timestamp: int) -> None:
        """Play all histories again; what does not bear them out fails the job."""
        found = [each.text("en") for each in office.audit.verify()]
        if found:
            raise RuntimeError("\n".join(found))

    return app


def prepare(app: procrastinate.App) -> None:
    """Make the tables of the jobs where there are none."""
    with app.open():
        if not app.check_connection():
            app.schema_manager.apply_schema()


if __name__ == "__main__":
    store = os.environ["EVALFLOW_STORE"]
    application = beat(evalflow.open(store), store.partition("?")[0])
    prepare(application)
    with application.replace_connector(
        procrastinate.PsycopgConnector(conninfo=store.partition("?")[0])
    ) as worker:
        worker.run_worker()
