# SPDX-License-Identifier: GPL-2.0-or-later
#
# Stands in for <nixpkgs/nixos> where there is no nixpkgs: a system that says which configuration it
# was built from. It has an init, which nobody runs here.
#
# Options known: imports, networking.hostName, boot: a file "boot" names those of it that are set, among
# which there is boot.isNspawnContainer if NEWER_NIXPKGS is set; message: a text, put in the file "message". A message
# that begins with "broken" does not build; one that is "wait" builds when the FIFO /run/go has a
# writer.
{ configuration ? <nixos-config> }:

let
  lib.mkDefault = value: value;

  options.boot =
    if builtins.getEnv "NEWER_NIXPKGS" != "" then { isNspawnContainer = { }; } else { };

  load = module:
    if builtins.isFunction module then module { inherit lib options; config = { }; pkgs = { }; }
    else if builtins.isAttrs module then module
    else load (import module);

  # A configuration with what it imports.
  flatten = module:
    let value = load module;
    in builtins.foldl' (a: b: a // b) value (map flatten (value.imports or [ ]));

  config = flatten configuration;
in {
  system = derivation {
    name = "nixos-system-${config.networking.hostName}";
    system = builtins.currentSystem;
    builder = "/bin/sh";
    message = config.message or "";
    boot = builtins.attrNames (config.boot or { });
    args = [
      "-euc"
      ''
        PATH=/usr/bin:/bin
        echo "building $message"
        case $message in
        broken*) echo "this is why it is broken" >&2; exit 1 ;;
        wait) read -r _ </run/go || : ;;
        esac
        mkdir "$out"
        printf %s "$message" >"$out/message"
        echo "$boot" >"$out/boot"
        echo "#!/bin/sh" >"$out/init"
        chmod +x "$out/init"
      ''
    ];
  };
}
