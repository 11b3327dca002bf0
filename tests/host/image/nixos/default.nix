# SPDX-License-Identifier: GPL-2.0-or-later
#
# Stands in for <nixpkgs/nixos> where there is no nixpkgs: makes a system out of a configuration,
# from a Debian in the store (debian-path.nix). It keeps NixOS's contract with its surroundings:
#
#	init                          PID 1 in a root directory that is nearly empty
#	bin/switch-to-configuration   makes a running container this system
#	/run/current-system           the system that a container runs
#
# Options known, as in NixOS: imports, boot.postBootCommands, environment.etc.NAME.text,
# networking.hostName, system.extraSystemBuilderCmds. All others are ignored. The "arguments" that
# modules get are for lib/eval-config.nix.
{ configuration ? <nixos-config>, debian ? import ./debian-path.nix, arguments ? { } }:

let
  # Just what configurations call.
  lib = rec {
    mkDefault = value: value;
    mkForce = value: value;
    mkIf = condition: value: if condition then value else { };
    optional = condition: value: if condition then [ value ] else [ ];
  };

  load = module:
    if builtins.isFunction module then module ({ inherit config lib; pkgs = { }; } // arguments)
    else if builtins.isAttrs module then module
    else load (import module);

  merge = a: b:
    a // builtins.mapAttrs (name: value:
      if !(a ? ${name}) then value
      else if builtins.isAttrs value then merge a.${name} value
      else if builtins.isString value then a.${name} + value
      else value) b;

  # A configuration with what it imports.
  flatten = module:
    let value = load module;
    in builtins.foldl' merge (removeAttrs value [ "imports" ]) (map flatten (value.imports or [ ]));

  config = flatten configuration;

  # The store is to know that what we make needs the Debian.
  debianPath = builtins.appendContext debian { ${debian} = { path = true; }; };

  hostName = config.networking.hostName or "nixos";
  etc = builtins.mapAttrs (name: file: file.text) (config.environment.etc or { });
  quote = text: "'" + builtins.replaceStrings [ "'" ] [ "'\\''" ] text + "'";
  writeEtc = name: ''
    mkdir -p "$(dirname "$out/etc/"${quote name})"
    printf %s ${quote etc.${name}} >"$out/etc/"${quote name}
  '';

  # In a root directory without anything, only a program that needs no loader can run.
  fill = file: "#!@debian@/bin/busybox sh\n" + builtins.readFile file;
  script = file: builtins.replaceStrings [ "@debian@" ] [ debianPath ] (fill file);

  system = derivation {
    name = "nixos-system-${hostName}-stand-in";
    system = builtins.currentSystem or "x86_64-linux";
    builder = "/bin/sh";
    init = script ./init;
    activate = script ./activate;
    switch = script ./switch-to-configuration;
    postBoot = config.boot.postBootCommands or "";
    passAsFile = [ "init" "activate" "switch" "postBoot" ];
    args = [
      "-euc"
      ''
        export PATH=/usr/bin:/bin
        mkdir -p "$out/bin" "$out/etc"
        sed "s|@out@|$out|g" "$initPath" >"$out/init"
        sed "s|@out@|$out|g" "$activatePath" >"$out/activate"
        sed "s|@out@|$out|g" "$switchPath" >"$out/bin/switch-to-configuration"
        cp "$postBootPath" "$out/post-boot"
        chmod +x "$out/init" "$out/activate" "$out/bin/switch-to-configuration"
        ln -s ${debianPath}/usr "$out/sw"
        echo ${quote hostName} >"$out/etc/hostname"
        ${builtins.concatStringsSep "\n" (map writeEtc (builtins.attrNames etc))}
        ${config.system.extraSystemBuilderCmds or ""}
      ''
    ];
  };
in {
  inherit system;
  config = config // { system = (config.system or { }) // { build.toplevel = system; }; };
}
