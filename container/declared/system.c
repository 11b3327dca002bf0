/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/boot/configuration.h"
#include "container/boot/nix.h"
#include "container/boot/profile.h"
#include "container/declared/declared.h"

/*
 * Theory of operation
 *
 * The file is read by Nix and by nobody else. Once for what it declares: all options but those that
 * only Nix can make use of (a configuration is a function as a rule), and beside them a tree with the
 * place of each. Then once for each container that has a configuration, so that a mistake in one is
 * that container's alone. Paths become texts, for Nix would copy them into its store.
 *
 * What options other than those mention in the store, whether Nix put it there or somebody wrote the
 * path, has to be there when the container starts. So it goes into a file that Nix builds, and that
 * the container has a root of (roots.c): who keeps the file keeps what it mentions.
 */

#define ANSWER_MAX ((size_t)64 * 1024 * 1024)

/*
 * What this gives has three attributes: "declared", and of the container @name "system" and
 * "mentioned". What builds the latter has no program but /bin/sh, and that need not know printf.
 */
static const char expression[] =
	"{ file, name ? \"\" }:\n"
	"let\n"
	"  isJson = builtins.match \".*\\\\.json\" file != null;\n"
	"  value = if isJson then builtins.fromJSON (builtins.readFile file) else import file;\n"
	"  given = { pkgs = import <nixpkgs> { }; lib = import <nixpkgs/lib>; };\n"
	"  named = builtins.functionArgs value;\n"
	"  document =\n"
	"    if !builtins.isFunction value then value\n"
	"    else value (if named == { } then given else builtins.intersectAttrs named given);\n"
	"  isPackage = v: builtins.isAttrs v && v.type or null == \"derivation\";\n"
	"  isSet = v: builtins.isAttrs v && !isPackage v;\n"
	"  forNix = name: name == \"config\" || name == \"specialArgs\";\n"
	"  plain = v:\n"
	"    if builtins.isPath v then toString v\n"
	"    else if isPackage v then { __package = true; }\n"
	"    else if builtins.isFunction v then { __function = true; }\n"
	"    else if isSet v then builtins.mapAttrs (_: plain) v\n"
	"    else if builtins.isList v then map plain v\n"
	"    else v;\n"
	"  ofEach = f: v: if isSet v then builtins.mapAttrs f v else plain v;\n"
	"  values = ofEach (n: v: if n != \"containers\" then plain v\n"
	"    else ofEach (_: ofEach (n: v: if forNix n then true else plain v)) v) document;\n"
	"  at = n: v:\n"
	"    let place = builtins.unsafeGetAttrPos n v;\n"
	"    in if place == null then null\n"
	"      else \"${place.file}:${toString place.line}:${toString place.column}\";\n"
	"  inEach = f: v: if !isSet v then { }\n"
	"    else builtins.mapAttrs (n: inner: { at = at n v; within = f n inner; }) v;\n"
	"  inside = v: if builtins.isList v then map (w: { within = inside w; }) v\n"
	"    else inEach (_: inside) v;\n"
	"  places = inEach (n: v: if n != \"containers\" then { }\n"
	"    else inEach (_: inEach (n: v: if forNix n then { } else inside v)) v) document;\n"
	"  container = document.containers.${name};\n"
	"  configuration = { lib, options ? { }, ... }: {\n"
	"    imports = [ container.config ];\n"
	"    boot.isContainer = true;\n"
	"    " BOOT_NSPAWN "\n"
	"    networking.hostName =\n"
	"      lib.mkDefault (builtins.replaceStrings [ \".\" ] [ \"-\" ] name);\n"
	"    networking.useDHCP = false;\n"
	"  };\n"
	"  nixos = if container.nixpkgs or null == null then <nixpkgs/nixos>\n"
	"    else \"${toString container.nixpkgs}/nixos\";\n"
	"  extra = container.specialArgs or null;\n"
	"  special = if extra == null then { } else extra;\n"
	"  evaluated = import \"${toString nixos}/lib/eval-config.nix\" {\n"
	"    modules = [ configuration ];\n"
	"    specialArgs = special;\n"
	"  };\n"
	"  written = name: builtins.toJSON (builtins.mapAttrs (_: plain) (removeAttrs\n"
	"    document.containers.${name} [ \"config\" \"specialArgs\" \"nixpkgs\" \"path\" ]));\n"
	"  inStore = \"(${builtins.storeDir}/[0-9a-z]{32}-[0-9a-zA-Z+._?=-]+)\";\n"
	"  byPath = name: map (found: builtins.storePath (builtins.head found))\n"
	"    (builtins.filter (part: builtins.isList part && builtins.pathExists (builtins.head "
	"part))\n"
	"      (builtins.split inStore (written name)));\n"
	"  mentions = name: v: isSet v\n"
	"    && (builtins.hasContext (written name) || byPath name != [ ]);\n"
	"in {\n"
	"  declared = {\n"
	"    inherit values places;\n"
	"    stored = if isSet document && isSet (document.containers or null)\n"
	"      then builtins.mapAttrs mentions document.containers else { };\n"
	"  };\n"
	"  mentioned = derivation {\n"
	"    name = \"nixctr-net-options\";\n"
	"    system = builtins.currentSystem;\n"
	"    builder = \"/bin/sh\";\n"
	"    args = [ \"-c\" \"IFS= read -r text <\\$textPath; echo \\\"\\$text\\\" >\\$out\" ];\n"
	"    passAsFile = [ \"text\" ];\n"
	"    text = builtins.concatStringsSep \" \" ([ (written name) ] ++ byPath name);\n"
	"    preferLocalBuild = true;\n"
	"    allowSubstitutes = false;\n"
	"  };\n"
	"  system = if container.path or null != null then container.path\n"
	"    else if special == { } then (import nixos { inherit configuration; }).system\n"
	"    else evaluated.config.system.build.toplevel;\n"
	"}\n";

/**
 * words_begin - begin the command line that has Nix look at a file
 * @argv: filled
 * @program: words, the last of which is NULL
 * @source: the file, borrowed
 * @attribute: what is asked of it
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int words_begin(struct words *argv, const char *const *program, const char *source,
		       const char *attribute, struct error *e)
{
	const char *const rest[] = { "--expr", expression, "--argstr", "file",
				     source,   "--attr",   attribute };
	int r = 0;

	for (size_t i = 0; r == 0 && program[i]; i++)
		r = words_add(argv, e, "%s", program[i]);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rest); i++)
		r = words_add(argv, e, "%s", rest[i]);
	return r;
}

/**
 * answer_read - what a program has written into a file in memory
 * @fd: the file, borrowed
 * @ret_text: the caller frees it
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int answer_read(int fd, char **ret_text, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	struct stat st;
	ssize_t length;

	if (fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(e, errno, "cannot read the answer of Nix");
	if ((size_t)st.st_size > ANSWER_MAX)
		return error_set(e, ERROR_FAILED, EFBIG, "the answer of Nix is too large");
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return error_errno(e, ENOMEM, "cannot read the answer of Nix");
	length = file_read_all(fd, text, (size_t)st.st_size);
	if (length < 0)
		return error_errno(e, (int)-length, "cannot read the answer of Nix");
	text[length] = '\0';
	*ret_text = TAKE_PTR(text);
	return 0;
}

/**
 * declared_evaluate - have Nix say what a file declares
 * @source: its absolute path, borrowed
 * @ret_json: an object with "values" and "places"; the caller frees it
 * @e: names the file; what is wrong in it Nix has said on standard error
 *
 * Returns 0 or -errno.
 */
int declared_evaluate(const char *source, char **ret_json, struct error *e)
{
	static const char *const program[] = { "nix-instantiate", "--eval", "--strict", "--json",
					       NULL };
	_cleanup_(words_deinit) struct words argv = { 0 };
	_cleanup_(fd_closep) int fd = memfd_create("nix", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return error_errno(e, errno, "cannot have an answer of Nix");
	r = words_begin(&argv, program, source, "declared", e);
	if (r == 0)
		r = nix_run_into(&argv, NULL, fd, e);
	if (r == 0)
		r = answer_read(fd, ret_json, e);
	return r < 0 ? error_wrap(e, r, "cannot evaluate %s", source) : 0;
}

/**
 * build_attribute - have Nix build something of a container
 * @source: the file that declares it, borrowed
 * @name: of the container
 * @attribute: what
 * @link: where the link to the result goes, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int build_attribute(const char *source, const char *name, const char *attribute,
			   const char *link, struct error *e)
{
	const char *const program[] = { "nix-build", "--out-link", link, "--argstr",
					"name",      name,         NULL };
	_cleanup_(words_deinit) struct words argv = { 0 };
	int r = words_begin(&argv, program, source, attribute, e);

	return r < 0 ? r : nix_run(&argv, NULL, e);
}

/**
 * build - build the configuration of a container, or that of a flake
 * @source, @declared, @link, @e: as for declared_build()
 *
 * Returns 0 or -errno.
 */
static int build(const char *source, const struct declared *declared, const char *link,
		 struct error *e)
{
	const struct system_request request = { 0 };
	_cleanup_(words_deinit) struct words argv = { 0 };
	int r;

	if (declared->kind == DECLARED_CONFIG)
		return build_attribute(source, declared->name, "system", link, e);
	r = profile_flake_words(link, declared->flake,
				declared->flake_attr ? declared->flake_attr : "container", &request,
				&argv, e);
	return r < 0 ? r : nix_run(&argv, NULL, e);
}

/**
 * declared_build - have Nix build what a container is to boot
 * @source: the file that declares it, borrowed
 * @declared: borrowed
 * @link: where a link to the result is made, which keeps it; the caller removes it
 * @ret_toplevel: its path; "" when nothing is built
 * @e: names the container; what is wrong Nix has said on standard error
 *
 * Returns 0 or -errno.
 */
int declared_build(const char *source, const struct declared *declared, const char *link,
		   char ret_toplevel[PATH_MAX], struct error *e)
{
	ssize_t length;
	int r = 0;

	ret_toplevel[0] = '\0';
	if (declared->kind == DECLARED_TREE)
		return 0;
	if (declared->kind == DECLARED_PATH)
		return profile_target(declared->path, ret_toplevel, e);
	r = build(source, declared, link, e);
	if (r < 0)
		return error_wrap(e, r, "cannot build the system of container '%s'",
				  declared->name);
	length = readlink(link, ret_toplevel, PATH_MAX - 1);
	if (length < 0)
		return error_errno(e, errno, "cannot read what was built, %s", link);
	ret_toplevel[length] = '\0';
	return profile_check_target(ret_toplevel, e);
}

/**
 * declared_build_mentioned - have Nix put into its store what options mention of it
 * @source: the file that declares the container, borrowed
 * @declared: borrowed
 * @link: where a link is made that keeps it; the caller removes it
 * @e: names the container; what is wrong Nix has said on standard error
 *
 * Returns 1, 0 when they mention nothing, or -errno.
 */
int declared_build_mentioned(const char *source, const struct declared *declared, const char *link,
			     struct error *e)
{
	int r;

	if (!declared->stored)
		return 0;
	r = build_attribute(source, declared->name, "mentioned", link, e);
	return r < 0 ? error_wrap(e, r, "cannot build what the options of container '%s' mention",
				  declared->name)
		     : 1;
}
