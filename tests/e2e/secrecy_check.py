#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""secrecy_check.py WORDS TOKENS FILE...: no line of WORDS and no sixteen characters of a token's payload or
signature stand in any FILE. Says what was found, and where."""
import sys

WINDOW = 16


def windows(data):
    return {data[i:i + WINDOW] for i in range(len(data) - WINDOW + 1)}


def parts(token):
    """What of a token is its own: a JWT's header is everybody's."""
    return token.split(b".")[1:] if token.count(b".") == 2 else [token]


def main():
    with open(sys.argv[1], "rb") as file:
        words = file.read().splitlines()
    with open(sys.argv[2], "rb") as file:
        tokens = file.read().split()
    telling = set().union(*(windows(part) for token in tokens for part in parts(token)))
    assert len(words) > 5 and len(tokens) > 5, "nothing to look for"
    found = []
    for path in sys.argv[3:]:
        with open(path, "rb") as file:
            data = file.read()
        assert data, f"{path} is empty"
        found += [f"{path}: {word.decode()}" for word in words if word in data]
        found += [f"{path}: {window!r} of a token" for window in sorted(telling & windows(data))[:3]]
    if found:
        raise SystemExit("\n".join(found))
    print(f"{len(words)} words and {len(telling)} pieces of {len(tokens)} tokens are in none of {len(sys.argv) - 3} files")


main()
