# SPDX-License-Identifier: GPL-2.0-or-later
#
# As that of nixpkgs: what takes arguments for modules, which nixos/default.nix does not.
{ modules, specialArgs ? { } }:
import ../. {
  configuration.imports = modules;
  arguments = specialArgs;
}
