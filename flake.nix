# SPDX-License-Identifier: GPL-2.0-or-later
{
  description = "Networks and the life cycle of NixOS containers";

  # There is no flake.lock: a module is built with the nixpkgs of the host that it is a part of, which
  # has it follow its own. By itself it takes the nixpkgs of the day.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      each = nixpkgs.lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ];
    in
    {
      nixosModules.default = ./nix/module.nix;

      packages = each (system: {
        default = nixpkgs.legacyPackages.${system}.callPackage ./nix/package.nix { };
      });

      checks = each (system: {
        vm = nixpkgs.legacyPackages.${system}.testers.runNixOSTest ./nix/vm-test.nix;
      });
    };
}
