# SPDX-License-Identifier: GPL-2.0-or-later
# nix/module.nix as part of a host, evaluated by the library of a real nixpkgs: what else is on a host
# is here by its types alone. The containers are those of NixOS itself where nixpkgs is more than a library.
{
  nixpkgs,
  ours,
  containers,
  nat,
}:
let
  lib = import "${toString nixpkgs}/lib";
  inherit (lib) mkOption types;

  stock = "${toString nixpkgs}/nixos/modules/virtualisation/nixos-containers.nix";
  isWhole = builtins.pathExists stock;

  option = type: default: mkOption { inherit type default; };
  any = option types.anything { };
  made =
    name:
    derivation {
      inherit name;
      system = "x86_64-linux";
      builder = "/bin/sh";
    };

  # What the module has to find or to set, as NixOS types it.
  host = {
    options = {
      assertions = option (types.listOf types.unspecified) [ ];
      warnings = option (types.listOf types.str) [ ];
      boot.kernelModules = option (types.listOf types.str) [ ];
      environment.systemPackages = option (types.listOf types.package) [ ];
      environment.etc = option (types.attrsOf (
        types.submodule {
          freeformType = types.attrsOf types.anything;
          options.text = option types.lines "";
        }
      )) { };
      networking = any;
      systemd = any;
      system.stateVersion = option types.str "26.05";
      system.nssModules = option (types.listOf types.path) [ ];
      system.nssDatabases.hosts = option (types.listOf types.str) [ ];
    };
  };

  # A cable, of a container or one more of it.
  cable = lib.genAttrs [
    "hostAddress"
    "localAddress"
    "hostAddress6"
    "localAddress6"
    "hostBridge"
    "localMacAddress"
  ] (_: option (types.nullOr types.str) null);

  # Of the containers of NixOS, what the module looks at.
  few = {
    options.boot.enableContainers = option types.bool false;
    options.containers = option (types.attrsOf (
      types.submodule {
        options = cable // {
          privateNetwork = option types.bool false;
          interfaces = option (types.listOf types.str) [ ];
          macvlans = option (types.listOf types.str) [ ];
          ephemeral = option types.bool false;
          enableTun = option types.bool false;
          tmpfs = option (types.listOf types.str) [ ];
          additionalCapabilities = option (types.listOf types.str) [ ];
          extraVeths = option (types.attrsOf (
            types.submodule {
              options = cable;
            }
          )) { };
        };
      }
    )) { };
  };

  # What NixOS's own module has to find besides.
  whole = {
    imports = [ stock ];
    options = {
      boot.kernelPackages = any;
      nix.package = option types.package (made "nix");
      services = {
        udev.extraRules = option types.lines "";
      };
      virtualisation.containers.enable = option types.bool false;
    };
    config = {
      _module.args.utils.escapeSystemdPath = builtins.replaceStrings [ "/" ] [ "-" ];
      boot.kernelPackages.kernel.version = "6.12";
      networking.networkmanager.enable = false;
      systemd.package = made "systemd";
      containers = builtins.mapAttrs (_: _: { path = made "system"; }) containers;
    };
  };

  pkgs = {
    callPackage = _: _: made "package";
    runCommand = name: _: _: made name;
    nixos-container.override = _: made "nixos-container";
    writeScript = name: _: made name;
    runtimeShell = "/bin/sh";
    iproute2 = made "iproute2";
    path = nixpkgs;
    stdenv.hostPlatform.system = "x86_64-linux";
  };

  inherit
    (lib.evalModules {
      modules = [
        host
        (if isWhole then whole else few)
        ../../nix/module.nix
        {
          _module.args.pkgs = pkgs;
          services.nixctr-net = ours;
          inherit containers;
          networking.nat = {
            enable = false;
            internalInterfaces = [ ];
          }
          // nat;
        }
      ];
    })
    config
    ;
in
{
  inherit (config) assertions networking warnings;
  environment.etc = builtins.mapAttrs (_: file: { inherit (file) text; }) config.environment.etc;
  system.nssDatabases.hosts = config.system.nssDatabases.hosts;
  systemd.services = lib.filterAttrs (name: _: lib.hasPrefix "nixctr-net" name) (
    config.systemd.services or { }
  );
}
