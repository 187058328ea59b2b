"""Tests of a site that uses evalflow: `TEST_RUNNER = "evalflow_django.testing.Runner"`."""

from __future__ import annotations

from typing import Any

from django.test.runner import DiscoverRunner

from evalflow_django.engines import close


class Runner(DiscoverRunner):
    """Django's own, which lets go of the store before its database is dropped: PostgreSQL drops
    none that is in use. Other runners call `evalflow_django.close()` themselves."""

    def teardown_databases(self, old_config: Any, **kwargs: Any) -> None:
        """Close the engine, then drop the databases."""
        close()
        super().teardown_databases(old_config, **kwargs)
