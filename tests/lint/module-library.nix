# SPDX-License-Identifier: GPL-2.0-or-later
# So much of the library of nixpkgs as nix/module.nix needs to be evaluated where there is no nixpkgs:
# options have their types and defaults, one that does not exist or has no value is an error.
rec {
  type = check: { take = value: if check value then value else throw "a value of the wrong type"; };

  types = rec {
    bool = type builtins.isBool;
    int = type builtins.isInt;
    str = type builtins.isString;
    package = type (_: true);
    nullOr = inner: {
      take = value: if value == null then null else inner.take value;
    };
    listOf = inner: { take = map inner.take; };
    nonEmptyListOf = inner: {
      take = list: if list == [ ] then throw "an empty list" else map inner.take list;
    };
    attrsOf = inner: { take = builtins.mapAttrs (_: inner.take); };
    oneOf = inners: type (value: builtins.any (inner: (builtins.tryEval (inner.take value)).success) inners);
    submodule = module: { take = fill "" module.options; };
  };

  # The values of options: those that are given, and defaults.
  fill =
    path: options: given:
    let
      unknown = removeAttrs given (builtins.attrNames options);
      one =
        name: option:
        if option._type or "" != "option" then
          fill "${path}.${name}" option (given.${name} or { })
        else if given ? ${name} then
          option.type.take given.${name}
        else
          option.default or (throw "${path}.${name} has no value");
    in
    if unknown != { } then
      throw "${path}: no option ${toString (builtins.attrNames unknown)}"
    else
      builtins.mapAttrs one options;

  mkOption = option: option // { _type = "option"; };
  mkEnableOption = description: mkOption {
    inherit description;
    type = types.bool;
    default = false;
  };
  literalExpression = text: text;

  mkIf = condition: value: if condition then value else { };
  mkDefault = value: value;
  mkAfter = value: value;
  mkOrder = _: value: value;
  hiPrio = value: value;

  isBool = builtins.isBool;
  concatStringsSep = builtins.concatStringsSep;
  concatLists = builtins.concatLists;
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: list: if condition then list else [ ];
  optionalString = condition: text: if condition then text else "";
  optionalAttrs = condition: set: if condition then set else { };
  mapAttrsToList = function: set: map (name: function name set.${name}) (builtins.attrNames set);
  nameValuePair = name: value: { inherit name value; };
  groupBy = builtins.groupBy;
  drop =
    count: list:
    let
      rest = builtins.length list - count;
    in
    builtins.genList (i: builtins.elemAt list (count + i)) (if rest > 0 then rest else 0);
  zipListsWith =
    function: one: other:
    builtins.genList (i: function (builtins.elemAt one i) (builtins.elemAt other i)) (
      if builtins.length one < builtins.length other then builtins.length one else builtins.length other
    );
  mapAttrs' = function: set: builtins.listToAttrs (mapAttrsToList function set);
  recursiveUpdate =
    one: other:
    one
    // builtins.mapAttrs (
      name: value:
      if builtins.isAttrs value && builtins.isAttrs (one.${name} or null) then
        recursiveUpdate one.${name} value
      else
        value
    ) other;
  versionAtLeast = one: other: builtins.compareVersions one other >= 0;
  getExe' = package: name: "${package}/bin/${name}";
  escapeShellArgs = builtins.concatStringsSep " ";

  generators = {
    mkKeyValueDefault = { mkValueString }: sign: key: value: "${key}${sign}${mkValueString value}";
    toINI =
      { mkKeyValue }:
      sections:
      concatStringsSep "\n" (
        mapAttrsToList (
          name: keys: "[${name}]\n" + concatStringsSep "\n" (mapAttrsToList mkKeyValue keys) + "\n"
        ) sections
      );
  };
}
