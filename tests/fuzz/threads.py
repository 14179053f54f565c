"""Target `threads`: sequences of `api` in several threads at once, on the same objects.

What each thread does is determined by the seed, how they interleave is not.
"""

from __future__ import annotations

import random
import sys
import threading

from tests.fuzz.api import Session

THREADS = 3
STEPS = 40
SECONDS = 60.0
SWITCH_SECONDS = 1e-5


class Part(Session):
    """One thread's view of a session: the same objects, decisions of its own."""

    def __init__(self, session: Session, source: random.Random) -> None:
        vars(self).update(vars(session))
        self.random = source
        self.pool = list(session.pool)
        self.trace = []
        self.errors: list[Exception] = []

    def run(self) -> None:
        for _ in range(STEPS):
            try:
                self.step()
            except Exception as error:
                error.add_note("\n".join(self.trace[-12:]))
                self.errors.append(error)


class ThreadsTarget:
    def __init__(self, seed: str) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)

    def case(self, source: random.Random) -> str:
        session = Session(source)
        parts = [Part(session, random.Random(source.random())) for _ in range(THREADS)]
        threads = [threading.Thread(target=part.run, daemon=True) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
            if thread.is_alive():
                return "a thread does not end"
        for part in parts:
            for error in part.errors:
                raise error
        return ""
