# SPDX-License-Identifier: GPL-2.0-or-later
# The program, built as nixpkgs builds packages: pkgs.callPackage ./package.nix { }
{
  lib,
  callPackage,
  stdenv,
  expat,
  inih,
  jansson,
  libcsv ? callPackage ./libcsv.nix { }, # nixpkgs has none
  libmnl,
  libnftnl,
  libnl,
  meson,
  ninja,
  pkg-config,
  scdoc,
  sqlite,
  systemdLibs,
  util-linux,
}:
let
  # The version stands in one place.
  version = builtins.head (
    builtins.match ".*\n *version: '([^']+)'.*" (builtins.readFile ../meson.build)
  );
in
stdenv.mkDerivation {
  pname = "nixctr-net";
  inherit version;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../audit
      ../base
      ../cli
      ../container
      ../data
      ../declare
      ../graph
      ../ipam
      ../library
      ../machine
      ../man
      ../managers
      ../meson.build
      ../meson_options.txt
      ../nat
      ../nss
      ../transfer
      ../veth
    ];
  };

  nativeBuildInputs = [
    meson
    ninja
    pkg-config
    scdoc
  ];
  buildInputs = [
    expat
    inih
    jansson
    libcsv
    libmnl
    libnftnl
    libnl
    sqlite
    systemdLibs
    util-linux # libsmartcols
  ]
  # nixctr-net-init is linked statically, and nixpkgs keeps the archive of glibc apart.
  ++ lib.optional (stdenv.cc.libc ? static) stdenv.cc.libc.static;

  # The tests need root and namespaces of their own, which a build has not.
  mesonFlags = [
    "-Dtests=false"
    "-Dhook_link=shared"
    "--sysconfdir=/etc"
    "--localstatedir=/var"
  ];

  # What is loaded when it is needed is not among what the program is linked with.
  postFixup = ''
    patchelf --add-rpath ${
      lib.makeLibraryPath [
        systemdLibs
        util-linux
      ]
    } $out/bin/nixctr-net
  '';

  meta = {
    description = "Networks and the life cycle of NixOS containers";
    license = lib.licenses.gpl2Plus;
    platforms = lib.platforms.linux;
    mainProgram = "nixctr-net";
  };
}
