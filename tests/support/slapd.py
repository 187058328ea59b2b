"""A real OpenLDAP server of a test's own: a process like any other, in a folder, on a free port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "directory_ldap"
SCHEMAS = Path("/etc/ldap/schema")
MODULES = Path("/usr/lib/ldap")
BASE, ADMIN, SECRET = "dc=example", "cn=admin,dc=example", "of the test"

CONF = """\
include {schemas}/core.schema
include {schemas}/cosine.schema
include {example}/evalflow.schema
pidfile {folder}/slapd.pid
modulepath {modules}
moduleload back_mdb
database mdb
suffix "{base}"
rootdn "{admin}"
rootpw "{secret}"
directory {folder}/data
access to * by anonymous auth by dn.exact="uid=evalflow,ou=people,{base}" read by * none
"""

READER = f"""
dn: uid=evalflow,ou=people,{BASE}
objectClass: account
objectClass: simpleSecurityObject
uid: evalflow
userPassword: reads alone
"""


class NoServer(Exception):
    """There is no OpenLDAP on this machine; says why."""


def program(name: str) -> str:
    """Return the path of a program of OpenLDAP, which Debian keeps where only root looks.

    Raises:
        NoServer: there is none.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None or not SCHEMAS.is_dir():
        raise NoServer(f"no {name}")
    return found


class Slapd:
    """A server with the example's office in it; `start` and `stop` it as often as you like."""

    def __init__(self, folder: Path) -> None:
        self._slapd = program("slapd")
        self._folder = folder
        (folder / "data").mkdir(parents=True)
        self._conf = folder / "slapd.conf"
        said = {"schemas": SCHEMAS, "example": EXAMPLE, "folder": folder, "modules": MODULES}
        self._conf.write_text(CONF.format(base=BASE, admin=ADMIN, secret=SECRET, **said))
        ldif = folder / "office.ldif"
        ldif.write_text((EXAMPLE / "office.ldif").read_text("utf-8") + READER, "utf-8")
        subprocess.run(
            [program("slapadd"), "-q", "-f", self._conf, "-l", ldif],
            check=True,
            capture_output=True,
            timeout=60,
        )
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = taken.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"ldap://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [self._slapd, "-f", str(self._conf), "-h", self.url, "-d", "0"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    said = (self._folder / "log").read_text("utf-8", "replace")
                    self.stop()
                    raise AssertionError(f"slapd did not start: {said[-500:]}") from None
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Kill it: what it was asked is not answered."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
