# SPDX-License-Identifier: GPL-2.0-or-later
"""What bash, zsh and fish offer where a tab is typed: the scripts that are installed, in the shells
themselves, with the program as the only one that knows anything.

COMPLETIONS is where the scripts are.
"""

import os
import shlex

import pytest
from world import BINARY

SCRIPTS = os.environ.get("COMPLETIONS", "")

# The words before the cursor are the arguments; what is offered comes a line each.
BASH = """
compopt() { :; }
source "$SCRIPTS/nixctr-net.bash"
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
[[ $(complete -p nixctr-net) == *" -F _nixctr_net "* ]]
_nixctr_net
[[ ${#COMPREPLY[@]} = 0 ]] || printf '%s\\n' "${COMPREPLY[@]}"
"""
# zsh completes in its line editor only: one on a terminal of its own notes what it would add. It
# remembers what there is to complete, which takes it a second to find out.
ZSH_LINE_EDITOR = """
PS1= PS2=
fpath=($SCRIPTS $fpath)
autoload -Uz compinit && compinit -u -C -d "$SCRIPTS/zcompdump"
compadd() {
	local -a found
	builtin compadd -O found "$@"
	print -rl -- "${found[@]}" >>/run/offered
}
offer() { _main_complete; print done >/run/done }
zle -C offer complete-word offer
bindkey '^I' offer
print ready >/run/ready
"""
ZSH = """
zmodload zsh/zpty zsh/zselect
rm -f /run/ready /run/done
: >/run/offered
zpty shell zsh -f -i
zpty -w shell 'source /run/line-editor'
until [[ -s /run/ready ]]; do zselect -t 1; done
zpty -w -n shell "$1"$'\\t'
until [[ -s /run/done ]]; do zselect -t 1; done
zpty -d shell
cat /run/offered
"""


def offered_by_bash(world, line):
    """A line as bash has taken it apart."""
    words = []
    for word in line.split(" "):
        words += [part for part in word.replace("=", "\0=\0").split("\0") if part] or [word]
    result = world.run(*environment(), "bash", "--norc", "-euc", BASH, "bash", *words)
    assert result.rc == 0, result
    return result.stdout.split("\n")[:-1]


def offered_by_fish(world, line):
    """fish tells by itself what it would offer."""
    script = f"source {SCRIPTS}/nixctr-net.fish; complete -C {shlex.quote(line)}"
    result = world.run(*environment(), "HOME=/run/home", "fish", "--no-config", "-c", script)
    assert result.rc == 0, result
    return [line.split("\t")[0] for line in result.stdout.splitlines()]


def offered_by_zsh(world, line):
    """A line that is typed with a tab behind it."""
    world.path("/run/line-editor").write_text(ZSH_LINE_EDITOR, encoding="ascii")
    result = world.run(*environment(), "zsh", "-f", "-c", ZSH, "zsh", line)
    assert result.rc == 0, result
    return [line for line in result.stdout.splitlines() if line]


def environment():
    """Finds the program by its name, and scripts where they were made."""
    path = f"{os.path.dirname(BINARY)}:/usr/sbin:/usr/bin:/sbin:/bin"
    return "env", f"PATH={path}", f"SCRIPTS={SCRIPTS}", "TERM=dumb"


SHELLS = {"bash": offered_by_bash, "fish": offered_by_fish, "zsh": offered_by_zsh}


@pytest.fixture(name="offered", params=SHELLS)
def offered_fixture(request, world):
    """Calls the shell: what it offers, as a set, on a host with the containers web and worker."""
    world.ok("create", "web")
    world.ok("create", "worker")
    world.path("/run/home").mkdir()

    def offered(line):
        return set(SHELLS[request.param](world, line))

    return offered


def test_commands(offered):
    """Verbs and nouns, then the verbs of a noun, also of one that has two words."""
    assert {"create", "net", "nat", "start"} <= offered("nixctr-net ")
    assert offered("nixctr-net sho") == {"show-ip", "show-host-key"}
    assert offered("nixctr-net nat f") == {"forward"}
    assert offered("nixctr-net nat forward ") == {"add", "remove", "list"}
    assert "complete" not in offered("nixctr-net c")
    assert offered("nixctr-net --json nat forward r") == {"remove"}


def test_containers(offered):
    """... where a verb takes them, and as often."""
    assert offered("nixctr-net start ") == {"web", "worker"}
    assert offered("nixctr-net stop web wo") == {"worker"}
    assert offered("nixctr-net show-ip -4 web") == {"web"}
    assert offered("nixctr-net net link web ") == {"web", "worker"}
    assert offered("nixctr-net net unlink web worker ") == set()
    assert offered("nixctr-net ipam show w") == {"web", "worker"}
    assert offered("nixctr-net nat isolate ") == {"on", "off"}


def test_commands_that_are_asked_about(offered):
    """Behind help stands a command, and nothing behind that."""
    assert offered("nixctr-net he") == {"help"}
    assert {"create", "net", "nat", "start"} <= offered("nixctr-net help ")
    assert offered("nixctr-net help nat forward ") == {"add", "remove", "list"}
    assert offered("nixctr-net help start ") == offered("nixctr-net help net up ") == set()


def test_options(offered):
    """Those of the verb and those of every command."""
    assert offered("nixctr-net show-ip --a") == {"--all"}
    assert {"--json", "--root", "--all"} <= offered("nixctr-net start --")
    assert offered("nixctr-net create foo --host-address") == {"--host-address", "--host-address6"}


def test_values(offered):
    """Links of the host, columns, words of a list; also behind a comma."""
    assert offered("nixctr-net nat enable --external e") == {"eth0"}
    assert offered("nixctr-net nat enable -e ") >= {"eth0", "auto"}
    assert offered("nixctr-net nat enable --external eth0,au") == {"eth0,auto"}
    assert offered("nixctr-net list -o na") == {"name"}
    assert offered("nixctr-net nat coexist --with d") == {"docker"}
    assert {word.split("=")[-1] for word in offered("nixctr-net list --color=a")} == {"auto", "always"}


def test_settings(offered):
    """What can be set, behind the container; no blank comes between it and its value."""
    assert offered("nixctr-net set we") == {"web"}
    assert offered("nixctr-net set web hostA") == {"hostAddress=", "hostAddress6="}
    assert offered("nixctr-net set web hostAddress=10.0.0.1 hostB") == {"hostBridge="}


def test_files_and_commands(offered, world):
    """... where the program knows that they belong there."""
    world.path("/run/one.nix").write_text("", encoding="ascii")
    files = offered("nixctr-net create foo --config-file /run/on")
    assert "one.nix" in {os.path.basename(file) for file in files}
    assert "systemctl" in offered("nixctr-net run web systemct")


def test_nothing_to_offer(offered, world):
    """... behind a command that there is none of, and where there are no containers."""
    assert offered("nixctr-net nonsense ") == set()
    world.path("/etc/nixos-containers").rename(world.path("/etc/elsewhere"))
    assert offered("nixctr-net start ") == set()


def test_pools(offered):
    """Where a verb takes one; and the word that has a network drawn."""
    assert offered("nixctr-net ipam pool show ") == {"default"}
    assert offered("nixctr-net ipam pool resize d") == {"default"}
    assert offered("nixctr-net ipam pool add new u") == {"ula"}
    assert offered("nixctr-net ipam pool add new ula --kind s") == {"subnet"}
