"""`python -m evalflow.cli`, where the command `evalflow` is not on the path."""

from evalflow.cli import main

main()
