# SPDX-License-Identifier: GPL-2.0-or-later
# A parser of CSV, which nixpkgs does not have.
{
  lib,
  stdenv,
  fetchurl,
}:
stdenv.mkDerivation (finalAttrs: {
  pname = "libcsv";
  version = "3.0.3";

  # The hash is the one that Homebrew and OpenEmbedded have for this release. Debian's archive of it,
  # 3.0.3+dfsg, is another file.
  src = fetchurl {
    url = "https://downloads.sourceforge.net/project/libcsv/libcsv/libcsv-${finalAttrs.version}/libcsv-${finalAttrs.version}.tar.gz";
    hash = "sha256-2cBDHLgDzrmJbOdPaD5uWglU6Wrh2eQCjW4Plnvr1+Q=";
  };

  meta = {
    description = "Reads and writes CSV";
    homepage = "https://sourceforge.net/projects/libcsv/";
    license = lib.licenses.lgpl21Plus;
    platforms = lib.platforms.unix;
  };
})
