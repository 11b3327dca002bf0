# SPDX-License-Identifier: GPL-2.0-or-later
"""The goals that the project has set itself, and whether the results meet them.

Each is a ratio within one run, or a count, so that it means the same on every machine; the few in
milliseconds are meant for a machine of 2 cores or more.
"""

import dataclasses
import operator

import heal
import pins
from life import share
from results import drift, quotient, spread

WHOLE = "of the whole pool"

RELATIONS = {operator.le: "≤", operator.ge: "≥", operator.eq: "="}


@dataclasses.dataclass(frozen=True)
class Goal:
    """A bound on a value that is computed from the results, None when it was not measured."""

    text: str
    bound: float
    unit: str
    value: object  # Results -> number or None
    holds: object = operator.le

    def judge(self, results):
        """The verdict as a dictionary; "met" is None when it was not measured."""
        value = self.value(results)
        return {
            "goal": self.text,
            "relation": RELATIONS[self.holds],
            "bound": self.bound,
            "unit": self.unit,
            "value": value,
            "met": None if value is None else self.holds(value, self.bound),
        }


def times(text, bound, metric, peer, base, base_metric=None):
    """Not more than so many times what the base costs."""
    return Goal(text, bound, "×", lambda r: r.ratio(metric, peer, base, base_metric))


def faster(text, bound, metric, peer, than):
    """At least so many times faster than another."""
    return Goal(text, bound, "×", lambda r: r.ratio(metric, than, peer), operator.ge)


def count(text, bound, fact):
    """Not more than so many."""
    return Goal(text, bound, "", lambda r: r.fact(fact))


def median(text, bound, metric, peer):
    """Not more than so many milliseconds."""
    return Goal(text, bound, "ms", lambda r: r.median(metric, peer))


def resident_mib(results):
    """What a hook has in memory, in MiB."""
    return quotient(results.fact("resident KiB of attach, hook"), 1024)


def lease_us(results):
    """A lease in process, near the end of the pool, with a transaction of its own."""
    return (results.fact("lease in process") or {}).get("last_us")


def lease_of_many_us(results):
    """The same where many share a transaction."""
    return (results.fact("lease in process, of many in one transaction") or {}).get("last_us")


def lease_over_floor(results):
    """A lease over what sqlite charges for its rows in one durable transaction."""
    floor = results.fact("a lease's rows in one transaction of sqlite, us")
    return quotient(lease_us(results), floor)


def phases_ms(results, *phases):
    """What some phases of the floor's loop cost together."""
    floor = results.fact("floor in one process, us")
    return floor and sum(floor[phase] for phase in phases) / 1000


def over_phases(text, bound, metric, *phases):
    """Not more than so many times what the kernel's own part costs in one process."""
    return Goal(text, bound, "×",
                lambda r: quotient(r.median(metric, "hook"), phases_ms(r, *phases)))  # fmt: skip


def exhausted(results):
    """The exit code of a create when all are given out."""
    return results.fact("exit code of create, pool exhausted")


def create_over_floor(results):
    """A create over sqlite's price of one durable lease, each as a process."""
    floor = results.median("sqlite's floor of a lease", "as a process")
    return quotient(results.median("create", "at 0"), floor)


def first_to_last(sizes):
    """What the last of the first 1,000 attaches cost over the first ones."""

    def value(results):
        costs = results.values(f"each of {sizes.many} attaches", "hook")
        return drift(costs[: sizes.attached], sizes.window)

    return Goal(f"attach of the {sizes.attached}th over the first", 1.3, "×", value)


def flat(metric, sizes):
    """Not more than 10 % between the medians at any two marks."""

    def value(results):
        found = spread([results.median(metric, f"at {mark}") for mark in sizes.marks])
        return None if found is None else 100 * found

    return Goal(f"{metric} from {sizes.marks[0]} to {sizes.marks[-1]} differs by", 10, "%", value)


def over_host_local(verb, sizes):
    """A verb is faster than CNI's allocation alone, at the last mark."""
    mark = f"at {sizes.marks[-1]}"

    def value(results):
        return quotient(results.median("CNI host-local", mark), results.median(verb, mark))

    return Goal(f"{verb} faster than CNI's allocation, {mark}", 100, "×", value, operator.ge)


def floor_over_host_local(sizes):
    """The most that any create could be faster: a lease without a definition and a program around it."""

    def value(results):
        floor = results.median("sqlite's floor of a lease", "as a process")
        return quotient(results.median("CNI host-local", f"at {sizes.marks[-1]}"), floor)

    return Goal("the same, of sqlite's floor of a lease", 100, "×", value, operator.ge)


def attach_goals(sizes):
    """Those about one attach and one detach."""
    label = f", {sizes.attached} attached"
    return (
        times("pre-start over the floor", 1.6, "attach", "hook", "floor"),
        times("pre-start over the floor, linked statically", 1.2, "attach", "hook static", "floor"),
        count("system calls of pre-start", 200, "system calls of attach, hook"),
        count("programs run by pre-start", 1, "programs run by attach, hook"),
        count("processes of pre-start", 1, "processes of attach, hook"),
        Goal("memory of pre-start", 4, "MiB", resident_mib),
        faster("attach faster than CNI ptp", 8, "attach", "hook", "CNI ptp"),
        faster(f"the same{label}", 20, f"attach{label}", "hook", "CNI ptp"),
        faster("attach faster than ip -batch", 3, "attach", "hook", "ip -batch"),
        times("post-stop over the floor", 1.5, "detach", "hook", "floor"),
        faster("detach faster than CNI ptp", 20, "detach", "hook", "CNI ptp"),
        faster("detach faster than netavark", 7, "detach", "hook", "netavark"),
        count("failed restarts, same name", 0, f"failures of {sizes.restarts} restarts, hook"),
    )


def many_goals(sizes):
    """Those about many containers, there or at once."""
    at_once = f"{sizes.at_once} at once"
    return (
        times(
            f"processor time of an attach at {sizes.many} over that at 0", 1.5,
            f"processor time of attach, {sizes.many} attached", "hook",
            "hook", "processor time of attach, before the many",
        ),
        first_to_last(sizes),
        count(f"failures of attaches, {at_once}", 0, f"failures of {at_once}, attach, hook"),
        count(f"failures of creates, {at_once}", 0, f"failures of {at_once}, create"),
        count("addresses given twice by them", 0, f"duplicates of {at_once}, create"),
        times(f"attaches, {at_once}, over the floor's", 2, f"attach, {at_once}", "hook", "floor"),
        median("one process attaching many, each", 0.8, f"net up --all of {sizes.attached}, each",
               "hook"),
        over_phases("the same over the floor's", 1.9, f"net up --all of {sizes.attached}, each",
                    "namespace", "pair", "inside"),
        median("one process detaching many, each", 0.5, f"net down --all of {sizes.attached}, each",
               "hook"),
        over_phases("the same over the floor's", 2.2, f"net down --all of {sizes.attached}, each",
                    "cut", "unpin"),
    )  # fmt: skip


def book_goals(sizes):
    """Those about allocating and looking up."""
    return (
        # One row in one durable transaction costs sqlite itself more than this where it was
        # written, and the rows of a lease, with all that the book forbids, yet more; two facts tell it
        # of any machine. So the first of these cannot be met there, and the third tells what our own
        # work in a transaction is.
        Goal("a lease in process", 15, "us", lease_us),
        Goal("a lease in process, of many in one transaction", 15, "us", lease_of_many_us),
        Goal("a lease in process over sqlite's floor", 2, "×", lease_over_floor),
        # So with a process: lease-floor.c costs more than this where that was written.
        median("create as a process", 1.5, "create", "at 0"),
        Goal("the same over sqlite's floor of a lease", 1.5, "×", create_over_floor),
        flat("create", sizes),
        median("allocation alone as a process", 1.5, "ipam reserve", "at 0"),
        flat("ipam reserve", sizes),
        over_host_local("ipam reserve", sizes),
        over_host_local("create", sizes),
        floor_over_host_local(sizes),
        flat("show-ip", sizes),
        flat("status", sizes),
        median(f"list of {sizes.marks[2]}", 100, "list", f"at {sizes.marks[2]}"),
        # Each definition is a file that has to be opened; nobody waits for it, so a second is enough.
        median(f"ipam check of {sizes.marks[-1]}", 1000, "ipam check", f"at {sizes.marks[-1]}"),
        times("create, the last of the pool over the first", 1.5, "create", WHOLE, "at 0"),
        times("destroy, the same", 1.5, "destroy", WHOLE, "at 0"),
        times("show-ip, the same", 1.1, "show-ip", WHOLE, "at 0"),
        median("list of the whole pool", 323, "list", WHOLE),
        median("ipam check of the whole pool", 1000, "ipam check", WHOLE),
        Goal("the pool exhausted, exit code", 5, "", exhausted, operator.eq),
    )


def forward_goals(sizes):
    """Those about published ports."""
    many, few = f"{sizes.forwards} present", "before the many"
    return (
        times(f"a port published, {many}", 1.3, "nat forward add", many, few),
        times(f"a port withdrawn, {many}", 1.3, "nat forward remove", many, few),
        # Where this was written, forward-floor.c takes 1.2 to 1.3 ms of that, 1.0 of it to be a process.
        median(f"a port published, {many}, as a process", 1.5, "nat forward add", many),
        times("the same over the kernel's part", 2, "nat forward add", many, "the kernel's part"),
        median(f"a port withdrawn, {many}, as a process", 1.5, "nat forward remove", many),
        times("the same over the kernel's part", 2, "nat forward remove", many,
              "the kernel's part"),
        times(f"a new flow, {many}", 1.05, "new flow, us", many, few),
        times(f"a connection out, {many}", 1.05, "connection out, us", many, few),
        median(f"the table made anew with {sizes.forwards} ports, as a process", 30,
               "table made anew with them", "hook"),
        times("the same over the kernel's part", 2.5, "table made anew with them", "hook",
              "the kernel's part"),
    )  # fmt: skip


def pin_goals(sizes):
    """Those about containers on bridges."""
    many, few = pins.many(sizes), pins.FEW
    return (
        times(f"an attach {many}", 1.3, "attach on a bridge", many, few),
        times(f"two linked {many}", 1.3, "link on a bridge", many, few),
        times(f"a detach {many}", 1.3, "detach on a bridge", many, few),
        times(f"a new flow {many}", 1.05, "new flow on a bridge, us", many, few),
        times(f"a connection out {many}", 1.05, "connection out of a bridge, us", many, few),
    )


def goals(sizes):
    """All that can be judged."""
    start = Goal("our share of a container's start", 5, "%", share)
    back = median("the table is back after a flush", 5, heal.METRIC, "watch")
    return (*attach_goals(sizes), *many_goals(sizes), *book_goals(sizes), *forward_goals(sizes),
            *pin_goals(sizes), start, back)


# Goals that this bench cannot judge, and why.
ELSEWHERE = (
    "attach over the NixOS unit hooks, show-ip and status over nixos-container: not in Debian",
    "traffic during restarts: needs parts that are not there yet",
)
