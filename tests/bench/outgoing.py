# SPDX-License-Identifier: GPL-2.0-or-later
"""What a new connection of a container to the outside costs, through NAT."""

# Both ends are sockets of one process, so that nobody has to be woken: connect() does all of it, there
# and back, and nobody accepts. Each has a port of its own, so that each is a flow.
CONNECTIONS = """
import ctypes, os, socket, sys, time
outside, inside, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def enter(path):
    with open(path) as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x40000000) < 0:
            raise OSError(ctypes.get_errno(), path)
enter(f"/proc/{outside}/ns/net")
listener = socket.create_server(("198.51.100.2", 9000), backlog=count + 1)
enter(f"/run/netns/{inside}")
callers = []
for number in range(first, first + count):
    callers.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    callers[-1].bind(("", number))
start = time.perf_counter()
for caller in callers:
    caller.connect(("198.51.100.2", 9000))
print((time.perf_counter() - start) / count * 1e6)
assert listener.accept()[1][0] == "198.51.100.1"
"""


def new_connection(where, name, number):
    """What connect() takes a container called @name, in us: the average of 900."""
    first = str(2000 + 900 * (number % 30))
    answer = where.run("python3", "-c", CONNECTIONS, str(where.outside), f"ve-{name}", first, "900")
    if answer.rc != 0:
        raise RuntimeError(str(answer))
    return float(answer.stdout)
