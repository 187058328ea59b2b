#!/bin/sh
# The daily run: reminders, mail, and the page for those without a shell. Run it as often as you
# like: reminders of a day are written once, and a page is replaced whole.
set -eu
: "${EVALFLOW_STORE:?the store: sqlite:////srv/evalflow/office.db}"
: "${EVALFLOW_PAGE:?where the page goes: /srv/www/evaluation/index.html}"

# Also of the days on which the machine was off.
evalflow remind --days "${EVALFLOW_DAYS:-3}"
# What cannot be sent now is tried again by the next run; what a server refuses is told and listed.
evalflow deliver
evalflow report -o "$EVALFLOW_PAGE"
dead=$(evalflow deliver --dead --json | grep -c '"notice"' || true)
if [ "$dead" -gt 0 ]; then
    echo "evalflow: $dead notices could not be delivered (evalflow deliver --dead)" >&2
    exit 1
fi
