"""`python -m m365sim`."""

from m365sim.cli import main

main()
