# SPDX-License-Identifier: GPL-2.0-or-later
"""How many of everything; --scale makes it all smaller, to see whether it works."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Counts of containers."""

    attached: int = 1000
    many: int = 3000
    marks: tuple = (0, 1000, 10000, 30000)
    pool: int = 32258  # all pairs there are
    at_once: int = 64
    forwards: int = 10000
    pins: int = 5000
    restarts: int = 100
    window: int = 50  # how many of the first and of the last are compared
    book_window: int = 200  # how many creates are timed at each mark

    def scaled(self, factor):
        """The same for a fraction of it, 1 at least."""

        def scale(count):
            return max(1, round(count * factor))

        return dataclasses.replace(
            self,
            attached=scale(self.attached),
            many=scale(self.many),
            marks=(0, *map(scale, self.marks[1:])),
            # Room for what is leased before, however small.
            pool=scale(self.marks[-1]) + 4 * scale(self.book_window) if factor < 1 else self.pool,
            at_once=scale(self.at_once),
            forwards=100 * scale(self.forwards // 100),
            pins=scale(self.pins),
            restarts=scale(self.restarts),
            window=scale(self.window),
            book_window=scale(self.book_window),
        )
