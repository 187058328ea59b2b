"""evalflow in a Django site: `INSTALLED_APPS += ["evalflow_django"]`.

`engine()` is the site's engine, `joined()` the same one in the request's open transaction, and
`actor_of(user)` as whom a user acts. What `settings.EVALFLOW` may say is in `evalflow_django.conf`.
"""

from __future__ import annotations

from evalflow_django.actors import actor_of
from evalflow_django.engines import close, engine, joined

__all__ = ["actor_of", "close", "engine", "joined"]
__version__ = "0.1.0"
