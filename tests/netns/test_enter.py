# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands inside a container of a real systemd-nspawn: what they get, and what they do not."""

import contextlib
import os
import pathlib
import signal
import subprocess

import nspawned
import pytest
import world

pytestmark = pytest.mark.skipif(bool(nspawned.missing()), reason=nspawned.missing())

# Prints its arguments with a NUL behind each.
PRINT = ("sh", "-c", 'for a; do printf "%s\\0" "$a"; done', "print")


@pytest.fixture(scope="module", name="container")
def fixture_container(tmp_path_factory):
    """A container like most."""
    with nspawned.Container(tmp_path_factory.mktemp("container")) as container:
        yield container


@pytest.fixture(scope="module", name="foreign")
def fixture_foreign(tmp_path_factory):
    """One with users of its own, and less capabilities."""
    with nspawned.Container(
        tmp_path_factory.mktemp("foreign"), "--private-users=1048576:65536",
        "--private-users-ownership=chown", "--drop-capability=CAP_NET_RAW,CAP_SYS_CHROOT",
        "--no-new-privileges=yes",
    ) as container:  # fmt: skip
        yield container


@pytest.fixture(params=["container", "foreign"], name="either")
def fixture_either(request):
    """One after the other."""
    return request.getfixturevalue(request.param)


def passwd_of(container):
    """Its /etc/passwd, here."""
    return container.tree / "etc/passwd"


@pytest.fixture(name="own_passwd")
def fixture_own_passwd(container):
    """Afterwards, /etc/passwd is as it was."""
    path = passwd_of(container)
    text = path.read_text(encoding="ascii")
    yield path
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="ascii")


def status(text):
    """/proc/PID/status as a dict."""
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def test_arguments_are_exact(either):
    """Whatever a shell would make of them."""
    words = [b"", b" ", b"a b", b"'", b'"', b"\\", b"$HOME", b"`id`", b"*", b"-n", b"--", b"-",
             b"new\nline", b"\n", b"\t", b"\xff\xfe\x80", "ü".encode(), b"", b"!", b"~",
             b"x" * 100000]  # fmt: skip
    done = either.run(*PRINT, *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"".join(word + b"\0" for word in words)


def test_command_may_begin_with_a_dash(container):
    """Its name is no option of whatever starts it."""
    program = container.tree / "usr/bin/-l"
    program.write_text('#!/bin/sh\necho "$0 $1"\n', encoding="ascii")
    program.chmod(0o755)
    assert container.ok("-l", "-c") == "/usr/bin/-l -c\n"


@pytest.mark.parametrize("code", [0, 1, 3, 125, 126, 127, 128, 255])
def test_exit_status_is_exact(container, code):
    """All of them."""
    assert container.run("sh", "-c", f"exit {code}").returncode == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_death_by_signal(container, number):
    """128 + N."""
    assert container.run("sh", "-c", f"kill -{int(number)} $$").returncode == 128 + number


def test_commands_that_cannot_be_run(container):
    """As a shell has it; and without a shell, too."""
    assert container.run("nonexistent").returncode == 127
    assert container.run("/etc/passwd").returncode == 126
    shell, away = container.tree / "usr/bin/sh", container.tree / "usr/bin/away"
    shell.rename(away)
    try:
        assert container.run("nonexistent").returncode == 127
        assert container.run("/etc/passwd").returncode == 126
        assert container.ok("echo", "a b") == "a b\n"
    finally:
        away.rename(shell)


def test_profile_is_read(container):
    """The PATH of NixOS comes from there."""
    profile = container.tree / "etc/profile"
    profile.write_text("export FLAVOUR=salty\n", encoding="ascii")
    try:
        assert container.ok("sh", "-c", "echo $FLAVOUR") == "salty\n"
    finally:
        profile.unlink()


def test_pipes(container):
    """A megabyte through cat; and one that nobody reads is the command's own affair."""
    data = os.urandom(1 << 20)
    assert container.run("cat", input=data).stdout == data
    with subprocess.Popen(container.command("yes"), stdout=subprocess.PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(world.DEADLINE) in (1, 128 + signal.SIGPIPE)


def test_namespaces_are_those_of_the_container(either):
    """All of them."""
    kinds = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]
    inside = either.ok("sh", "-c", 'for a; do readlink "/proc/self/ns/$a"; done', "sh", *kinds)
    theirs = [os.readlink(f"/proc/{either.leader}/ns/{kind}") for kind in kinds]
    assert inside.split() == theirs
    assert os.readlink("/proc/self/ns/net") not in theirs
    assert (os.readlink("/proc/self/ns/user") in theirs) == ("1048576" not in either.ok(
        "cat", "/proc/self/uid_map"))  # fmt: skip


def groups_of(pid):
    """/proc/PID/cgroup as a dict, as it is seen here."""
    text = pathlib.Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8")
    return dict(line.split(":", 2)[1:] for line in text.splitlines())


@contextlib.contextmanager
def sleeper(container, **options):
    """A command that runs inside; gives the number it has here."""
    with subprocess.Popen(
        container.command("sh", "-c", "echo ready; exec sleep 1000"), stdout=subprocess.PIPE,
        **options,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == b"ready\n"
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        try:
            # The helper that went in with it has gone by then.
            world.eventually(lambda: len(children.read_text(encoding="ascii").split()) == 1,
                             "only the command is there", 20)  # fmt: skip
            yield int(children.read_text(encoding="ascii")), process
        finally:
            process.kill()


def test_control_groups_are_those_of_the_container(either):
    """Of version 1 those of its first process, of version 2 one below, and nothing is left."""
    unified = [path for path in nspawned.hierarchies() if (path / "cgroup.controllers").exists()]
    with sleeper(either) as (pid, process):
        inside, first = groups_of(pid), groups_of(either.leader)
        assert inside.keys() == first.keys()
        for controllers, group in first.items():
            if controllers:
                assert inside[controllers] == group
            elif unified:
                assert os.path.dirname(inside[""]) == group
                leaf = pathlib.Path(str(unified[0]) + inside[""])
                assert leaf.stat().st_uid == leaf.parent.stat().st_uid
        os.kill(pid, signal.SIGTERM)
        assert process.wait(world.DEADLINE) == 128 + signal.SIGTERM
        assert not unified or not leaf.exists()


def test_capabilities_are_those_of_the_container(either):
    """And none that could come back."""
    inside = status(either.ok("cat", "/proc/self/status"))
    first = status(pathlib.Path(f"/proc/{either.leader}/status").read_text(encoding="utf-8"))
    for key in "CapBnd", "CapPrm", "CapEff":
        assert inside[key] == first["CapBnd"], key
    assert int(inside["CapInh"], 16) == int(inside["CapAmb"], 16) == 0
    assert inside["NoNewPrivs"] == first["NoNewPrivs"]
    ours = status(pathlib.Path("/proc/self/status").read_text(encoding="utf-8"))
    assert inside["CapBnd"] != ours["CapBnd"]
    assert inside["Uid"].split() == inside["Gid"].split() == ["0"] * 4
    assert inside["Groups"].strip() == ""


FILTERED = "--system-call-filter=~sethostname"


def filters_of(text):
    """Mode and number of the filters of system calls."""
    found = status(text)
    return found["Seccomp"].strip(), found["Seccomp_filters"].strip()


def test_system_calls_are_filtered_as_in_the_container(either):
    """By the filters of its first process, which runs on unstopped."""
    path = pathlib.Path(f"/proc/{either.leader}/status")
    first = filters_of(path.read_text(encoding="utf-8"))
    assert first[0] == "2"
    assert filters_of(either.ok("cat", "/proc/self/status")) == first

    def state():
        found = status(path.read_text(encoding="utf-8"))
        return found["State"].split()[0] + found["TracerPid"].strip()

    world.eventually(lambda: state() == "S0", "it sleeps as before")
    os.kill(either.leader, signal.SIGSTOP)
    world.eventually(lambda: state() == "T0", "it is stopped")
    assert filters_of(either.ok("cat", "/proc/self/status")) == first
    world.eventually(lambda: state() == "T0", "it is stopped as before")
    os.kill(either.leader, signal.SIGCONT)
    world.eventually(lambda: state() == "S0", "it sleeps again")


@pytest.mark.parametrize("options, works", [((), True), ((FILTERED,), False),
                                            ((FILTERED, "--drop-capability=CAP_SYS_ADMIN"), False)],
                         ids=["usual", "less", "no-admin"])  # fmt: skip
def test_a_filter_of_the_administrator_counts(tmp_path, options, works):
    """What a container may not call, a command in it may not either, whatever its capabilities."""
    with nspawned.Container(tmp_path, *options) as container:
        assert (container.run("hostname", "other").returncode == 0) == works


def test_a_first_process_that_cannot_be_stopped(container):
    """It is being traced by somebody: the command runs all the same, and nobody waits."""
    with subprocess.Popen(["strace", "-p", str(container.leader), "-o", "/dev/null"],
                          stderr=subprocess.DEVNULL) as tracer:  # fmt: skip
        path = pathlib.Path(f"/proc/{container.leader}/status")
        world.eventually(lambda: status(path.read_text(encoding="utf-8"))["TracerPid"].strip() != "0",
                         "it is traced")  # fmt: skip
        assert container.ok("echo", "here") == "here\n"
        tracer.terminate()


def test_resources_are_those_of_the_container(container):
    """What makes a caller unkillable or poor does not go in."""
    score = pathlib.Path(f"/proc/{container.leader}/oom_score_adj").read_text(encoding="ascii")
    script = "cat /proc/self/oom_score_adj; umask; ulimit -n; pwd"
    lines = container.ok("sh", "-c", f"{script}", umask=0o077, preexec_fn=lambda: (
        pathlib.Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii"))).split()  # fmt: skip
    assert lines == [score.strip(), "0022", "1024", "/root"]


def test_signals_are_as_they_were_made(container):
    """Neither ignored nor blocked."""
    def stubborn():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])

    inside = status(container.ok("cat", "/proc/self/status", preexec_fn=stubborn))
    assert int(inside["SigIgn"], 16) == int(inside["SigBlk"], 16) == 0


def test_descriptors_of_the_caller_stay_outside(container):
    """All but the three."""
    with open(os.devnull, "rb") as file, sleeper(container, pass_fds=[file.fileno()]) as (pid, _):
        assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"]


def test_environment_is_that_of_a_login(container):
    """What the caller has stays outside, but for the kind of terminal."""
    caller = {"TERM": "vt220", "SECRET": "x", "LD_PRELOAD": "x", "HOME": "/home/caller",
              "BASH_ENV": "/x", "ENV": "/x", "SUDO_USER": "caller", "PATH": "/bin"}  # fmt: skip
    text = container.ok("cat", "/proc/self/environ", env=caller)
    inside = dict(pair.split("=", 1) for pair in text.strip("\0").split("\0"))
    assert "/run/current-system/sw/bin" in inside["PATH"].split(":")
    assert {"/usr/bin", "/bin"} <= set(inside["PATH"].split(":"))
    for key in "PATH", "PWD", "OLDPWD", "SHLVL":  # the last three are the shell's own
        inside.pop(key, None)
    assert inside == {"TERM": "vt220", "HOME": "/root", "USER": "root", "LOGNAME": "root",
                      "SHELL": "/bin/sh"}  # fmt: skip
    text = container.ok("cat", "/proc/self/environ", env={"TERM": "x\n\x1b[2J"})
    assert "TERM" not in text


def test_passwd_says_where_root_is_at_home(container, own_passwd):
    """Home and shell, for a command as for a login."""
    (container.tree / "home").mkdir()
    (container.tree / "usr/bin/ash").exists() or pytest.fail("no ash")
    own_passwd.write_text("x:y\nroot:*:0:0:r:/home:/bin/ash\nroot:*:0:0:r:/tmp:/bin/no\n",
                          encoding="ascii")  # fmt: skip
    assert container.ok("sh", "-c", "echo $HOME $SHELL; pwd").split() == ["/home", "/bin/ash", "/home"]
    done = container.run(input=b"echo $0; pwd; exit 5\n")
    assert (done.returncode, done.stdout) == (5, b"-ash\n/home\n")


@pytest.mark.parametrize("shape", ["fifo", "huge", "link", "directory", "none", "escape", "nologin"])
def test_hostile_passwd(container, own_passwd, shape):
    """It is not believed, nobody hangs, and a command runs all the same."""
    own_passwd.unlink()
    if shape == "fifo":
        os.mkfifo(own_passwd)
    elif shape == "huge":
        own_passwd.touch()
        os.truncate(own_passwd, 1 << 30)
    elif shape == "link":
        own_passwd.symlink_to("/proc/1/root/../../../../etc/passwd")
    elif shape == "directory":
        own_passwd.mkdir()
    elif shape == "escape":
        own_passwd.write_text("root:x:0:0::/ro\x1b[2Jot:relative/sh\n", encoding="ascii")
    elif shape == "nologin":
        own_passwd.write_text("root:x:0:0::/root:/bin/nologin\n", encoding="ascii")
    try:
        home, shell = container.ok("sh", "-c", 'echo "$HOME $SHELL"').split()
    finally:
        if shape == "directory":
            own_passwd.rmdir()
    assert home == "/root"
    assert shell == ("/bin/nologin" if shape == "nologin" else "/bin/sh")


def test_signals_are_passed_on(container):
    """Whoever ends the caller ends the command."""
    for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
        with subprocess.Popen(
            container.command("sh", "-c", "trap 'exit 9' TERM INT HUP; echo ready;"
                              " while :; do sleep 0.1; done"),
            stdout=subprocess.PIPE,
        ) as process:  # fmt: skip
            try:
                assert process.stdout.readline() == b"ready\n"
                process.send_signal(number)
                assert process.wait(world.DEADLINE) == 9
            finally:
                process.kill()


def test_command_ends_with_a_killed_caller(container):
    """As if a terminal had hung up."""
    with sleeper(container) as (pid, process):
        process.kill()
        process.wait(world.DEADLINE)
        world.eventually(lambda: not os.path.exists(f"/proc/{pid}"), "the command has ended")


def test_container_that_stops_meanwhile(tmp_path):
    """The call ends, and says so; the next one finds nothing to enter."""
    with nspawned.Container(tmp_path) as container:
        with sleeper(container) as (_, process), nspawned.Terminal(
            container.command("sh", "-c", "echo ready; exec sleep 1000")
        ) as terminal:
            terminal.says(b"ready")
            assert terminal.is_raw()
            container.kill()
            assert process.wait(world.DEADLINE) == 128 + signal.SIGKILL
            assert terminal.wait() == 128 + signal.SIGKILL
            assert terminal.is_restored()
        done = container.run("true")
        assert (done.returncode, done.stderr) == (1, b"no container\n")


def test_caller_without_rights(container):
    """One line that says so, and nothing else."""
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
         *container.command("true")],
        capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=world.DEADLINE,
    )  # fmt: skip
    assert done.returncode == 6 and done.stderr.count(b"\n") == 1, done
