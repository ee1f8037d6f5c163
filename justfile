# The seven verbs; each is a thin name for ./run, which works without just.

setup:
    ./run setup

demo *args:
    ./run demo {{args}}

test *args:
    ./run test {{args}}

lint:
    ./run lint

fix:
    ./run fix

docs:
    ./run python docs/generate.py

check:
    ./run check
