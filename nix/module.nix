# SPDX-License-Identifier: GPL-2.0-or-later
# For NixOS: the containers of its configuration, and those made by command, with networks of ours.
#
#	imports = [ ./nix/module.nix ];
#	services.nixctr-net.enable = true;
#	services.nixctr-net.nat.enable = true;
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.nixctr-net;

  definition = name: "nixos-containers/${name}.conf";

  # A further cable, in the words of nixctr-net-container(5).
  cable =
    name: veth:
    lib.concatStringsSep "," (
      [ name ]
      ++ lib.optional (veth.hostAddress != null) "host=${veth.hostAddress}"
      ++ lib.optional (veth.localAddress != null) "local=${veth.localAddress}"
      ++ lib.optional (veth.hostAddress6 != null) "host6=${veth.hostAddress6}"
      ++ lib.optional (veth.localAddress6 != null) "local6=${veth.localAddress6}"
      ++ lib.optional (veth.hostBridge != null) "bridge=${veth.hostBridge}"
      ++ lib.optional (veth.localMacAddress or null != null) "mac=${veth.localMacAddress}"
    );

  line =
    key: words: lib.optionalString (words != [ ]) "${key}=\"${lib.concatStringsSep " " words}\"\n";

  # Those that nothing connects, and that are to get a pair of addresses.
  unaddressed = builtins.filter (
    name:
    let
      container = config.containers.${name};
      none = key: container.${key} == null;
    in
    container.automaticAddresses
    && container.privateNetwork
    && builtins.all none [
      "hostAddress"
      "localAddress"
      "hostAddress6"
      "localAddress6"
      "hostBridge"
    ]
    && container.interfaces == [ ]
    && container.macvlans == [ ]
    && container.extraVeths == { }
  ) (builtins.attrNames config.containers);

  # What cables of this configuration are given is not given out; there may be a length behind it.
  given = builtins.listToAttrs (
    map
      (address: {
        name = builtins.head (builtins.split "/" address);
        value = true;
      })
      (
        builtins.filter (address: address != null) (
          builtins.concatMap
            (cable: [
              cable.hostAddress
              cable.localAddress
            ])
            (
              builtins.concatMap (container: [ container ] ++ builtins.attrValues container.extraVeths) (
                builtins.attrValues config.containers
              )
            )
        )
      )
  );

  # The pairs of 10.233.N that nobody was given, from the end, for the pool of automatic addresses gives out
  # those of all N from the beginning.
  freePairs =
    n:
    builtins.filter (pair: !(given ? ${pair.host} || given ? ${pair.local})) (
      builtins.genList (i: {
        host = "10.233.${n}.${toString (253 - 2 * i)}";
        local = "10.233.${n}.${toString (254 - 2 * i)}";
      }) 127
    );

  # N follows from the name, and so a container keeps its addresses when others come and go: those whose names
  # lead to the same N have its pairs in the order of their names, and disturb nobody else. Only when these
  # 127 do not suffice, the last ones get what is left elsewhere.
  automatic =
    let
      home =
        name:
        let
          number = (builtins.fromTOML "x = 0x${builtins.substring 0 6 (builtins.hashString "sha256" name)}").x;
        in
        toString (number - number / 254 * 254 + 1);
      join = lib.zipListsWith lib.nameValuePair;
      guests = lib.groupBy home unaddressed;
      housed =
        n: names:
        let
          free = freePairs n;
        in
        {
          pairs = join names free;
          left = lib.drop (builtins.length free) names;
        };
      houses = lib.mapAttrsToList housed guests;
      left = builtins.concatMap (house: house.left) houses;
      spare = builtins.concatMap (
        n: lib.drop (builtins.length (guests.${n} or [ ])) (freePairs n)
      ) (builtins.genList (i: toString (i + 1)) 254);
    in
    builtins.listToAttrs (
      builtins.concatMap (house: house.pairs) houses ++ lib.optionals (left != [ ]) (join left spare)
    );

  addresses =
    name:
    lib.optionalString (automatic ? ${name}) (
      "HOST_ADDRESS=${automatic.${name}.host}\n"
      + "LOCAL_ADDRESS=${automatic.${name}.local}\n"
      + "AUTO_ADDRESS=1\n"
    );

  # What NixOS hands to its own script and does not write into a definition.
  more =
    container:
    lib.optionalString container.ephemeral "EPHEMERAL=1\n"
    + lib.optionalString (!container.pinned) "PINNED=0\n"
    + lib.optionalString container.routed "ROUTED=1\n"
    + line "TMPFS" container.tmpfs
    + line "ADDITIONAL_CAPABILITIES" (
      container.additionalCapabilities ++ lib.optional container.enableTun "CAP_NET_ADMIN"
    )
    + line "EXTRA_VETHS" (lib.mapAttrsToList cable container.extraVeths)
    + line "LINKED_TO" container.linkedTo;

  # All of them but container@.service, for that of NixOS stays and takes our steps.
  units = pkgs.runCommand "nixctr-net-units" { } ''
    mkdir -p "$out/lib/systemd/system/container@.service.d"
    ln -s ${cfg.package}/lib/systemd/system/nixctr-net-* "$out/lib/systemd/system"
    ln -s ${cfg.package}/share/nixctr-net/container-stock-unit.conf \
      "$out/lib/systemd/system/container@.service.d/10-nixctr-net.conf"
  '';

  settings = {
    nat =
      {
        enable = cfg.nat.enable;
        isolate = cfg.isolate;
        own_table = cfg.nat.ownTable;
      }
      // lib.optionalAttrs cfg.nat.enable {
        external = lib.concatStringsSep ", " cfg.nat.external;
        internal = lib.concatStringsSep ", " cfg.nat.internal;
      }
      // lib.optionalAttrs (cfg.nat.source != null) { source = cfg.nat.source; }
      // lib.optionalAttrs (cfg.nat.source6 != null) { source6 = cfg.nat.source6; };
  };

  # Gives out addresses of it as well; one that is there just so is left alone.
  addPool =
    pool:
    lib.escapeShellArgs (
      [
        (lib.getExe' cfg.package "nixctr-net")
        "ipam"
        "pool"
        "add"
        pool.name
        pool.prefix
      ]
      ++ lib.optionals (pool.bridge != null) [
        "--bridge"
        pool.bridge
      ]
      ++ lib.optionals (pool.gateway != null) [
        "--gateway"
        pool.gateway
      ]
      ++ lib.optionals (pool.ranges != [ ]) [
        "--range"
        (lib.concatStringsSep "," pool.ranges)
      ]
      ++ lib.optionals (pool.exclude != [ ]) [
        "--exclude"
        (lib.concatStringsSep "," pool.exclude)
      ]
      ++ lib.optional pool.force "--force"
    );

  pool = types.submodule {
    options = {
      name = mkOption {
        type = types.str;
        example = "lab";
        description = "Its name.";
      };

      prefix = mkOption {
        type = types.str;
        example = "10.50.0.0/16";
        description = "The network with its length, or `ula` for one that is drawn at random.";
      };

      bridge = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "br0";
        description = "The bridge whose ports get its addresses; without one, cables get pairs.";
      };

      gateway = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "On a bridge, the default route of its ports.";
      };

      ranges = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "10.50.1.0-10.50.1.255" ];
        description = "What of it is given out, in this order; without any, all.";
      };

      exclude = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "What of it is not given out.";
      };

      force = mkOption {
        type = types.bool;
        default = false;
        description = "Whether it is added even if something else on the host has the network.";
      };
    };
  };

  yesNo = value: if lib.isBool value then (if value then "yes" else "no") else toString value;
in
{
  options.services.nixctr-net = {
    enable = lib.mkEnableOption "networks of containers by nixctr-net, complete before a container boots";

    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
      description = "The program.";
    };

    nat = {
      enable = lib.mkEnableOption "masquerading what containers send to the outside";

      external = mkOption {
        type = types.nonEmptyListOf types.str;
        default = [ "auto" ];
        example = [
          "eth0"
          "wl*"
        ];
        description = ''
          The links that lead outside; `auto` is whatever link carries the default route.
        '';
      };

      internal = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "192.168.7.0/24" ];
        description = "Networks beside those of containers that reach the outside as they do.";
      };

      source = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "198.51.100.7";
        description = ''
          The IPv4 address all of them leave with; without it, that of the link they leave through.
        '';
      };

      source6 = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The same for IPv6.";
      };

      ownTable = mkOption {
        type = types.bool;
        default = false;
        description = ''
          Whether, while the watcher runs, the kernel lets nobody else change or delete the rules;
          that takes Linux 6.9.
        '';
      };
    };

    pools = mkOption {
      type = types.listOf pool;
      default = [ ];
      example = [
        {
          name = "lab";
          prefix = "10.50.0.0/16";
        }
      ];
      description = ''
        Networks whose addresses are given out as well, in this order. One that is taken out of the list
        stays until `nixctr-net ipam pool remove`, for containers may have addresses of it.
      '';
    };

    automaticAddresses = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether containers with a private network that nothing connects get a pair of addresses, as
        those do that are created by command. Without it, as with NixOS, they have a loopback and nothing else.
      '';
    };

    isolate = mkOption {
      type = types.bool;
      default = true;
      description = "Whether containers reach only those that they are linked to.";
    };

    watch = mkOption {
      type = types.bool;
      default = true;
      description = ''
        Whether a resident service puts back what others change. Without it, that is done when
        the nftables and firewalld services have started or were reloaded.
      '';
    };

    settings = mkOption {
      type = types.attrsOf (types.attrsOf (types.oneOf [ types.bool types.int types.str ]));
      default = { };
      example = {
        nat.external = "auto";
      };
      description = "Further settings, see {manpage}`nixctr-net.conf(5)`.";
    };
  };

  options.containers = mkOption {
    type = types.attrsOf (
      types.submodule {
        options = {
          linkedTo = mkOption {
            type = types.listOf types.str;
            default = [ ];
            example = [ "database" ];
            description = "Containers that this one reaches, and that reach it.";
          };

          automaticAddresses = mkOption {
            type = types.bool;
            default = cfg.automaticAddresses;
            defaultText = lib.literalExpression "config.services.nixctr-net.automaticAddresses";
            description = ''
              Whether it gets a pair of addresses when its network is private and nothing connects it:
              no address, no bridge and no link is given. The pair follows from its name.
            '';
          };

          pinned = mkOption {
            type = types.bool;
            default = true;
            description = ''
              Whether, on a bridge, it may send from no MAC and no address but its own, and be no
              router and no DHCP server.
            '';
          };

          routed = mkOption {
            type = types.bool;
            default = false;
            description = ''
              Whether, on a bridge, it is reached by its own address from everywhere that the host routes
              from, and not only from that bridge.
            '';
          };
        };
      }
    );
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = lib.versionAtLeast config.system.stateVersion "22.05";
        message = ''
          services.nixctr-net needs the directories /etc/nixos-containers and /var/lib/nixos-containers,
          which NixOS uses from system.stateVersion 22.05 on.
        '';
      }
    ]
    ++ lib.optional cfg.nat.ownTable {
      assertion = cfg.watch;
      message = "services.nixctr-net.nat.ownTable needs services.nixctr-net.watch.";
    }
    ++ map (name: {
      assertion = automatic ? ${name};
      message = "containers.${name}.automaticAddresses: all 32,258 pairs of 10.233.0.0/16 are taken; give it hostAddress and localAddress.";
    }) unaddressed
    ++ lib.concatLists (
      lib.mapAttrsToList (
        name: container:
        map (other: {
          assertion = other != name && config.containers ? ${other};
          message = "containers.${name}.linkedTo: there is no other container '${other}'.";
        }) container.linkedTo
      ) config.containers
    );

    warnings =
      lib.optional
        (
          cfg.nat.enable
          && config.networking.nat.enable
          && builtins.any (link: builtins.substring 0 3 link == "ve-") config.networking.nat.internalInterfaces
        )
        ''
          networking.nat.internalInterfaces has links of containers, for which services.nixctr-net.nat does
          the same: they would be masqueraded twice, and may reach what services.nixctr-net.isolate denies
          them. Take "ve-+" out of it.
        '';

    boot.enableContainers = lib.mkDefault true;

    # It is also what is called nixos-container: whoever types that gets the same networks.
    environment.systemPackages = [ (lib.hiPrio cfg.package) ];

    environment.etc = lib.mapAttrs' (name: container: {
      name = definition name;
      value.text = lib.mkAfter (addresses name + more container);
    }) config.containers // {
      "nixctr-net/nixctr-net.conf".text = lib.generators.toINI {
        mkKeyValue = lib.generators.mkKeyValueDefault { mkValueString = yesNo; } " = ";
      } (lib.recursiveUpdate settings cfg.settings);
    };

    systemd.packages = [ units ];
    systemd.tmpfiles.packages = [ cfg.package ];
    systemd.generators.nixctr-net-generator = "${cfg.package}/lib/systemd/system-generators/nixctr-net-generator";
    systemd.services.nixctr-net-watch.wantedBy = lib.optional cfg.watch "multi-user.target";
    systemd.services.nixctr-net-apply.wantedBy = lib.optional (!cfg.watch) "nftables.service";
    systemd.services.nixctr-net-apply-firewalld.wantedBy = lib.optional (!cfg.watch) "firewalld.service";

    systemd.services.nixctr-net-pools = lib.mkIf (cfg.pools != [ ]) {
      description = "Pools of addresses of containers";
      wantedBy = [ "multi-user.target" ];
      before = [
        "machines.target"
      ]
      ++ map (name: "container@${name}.service") (builtins.attrNames config.containers);
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
      };
      # One that cannot be added does not stop the others.
      script = ''
        failed=0
        ${lib.concatStringsSep "\n" (map (pool: "${addPool pool} || failed=1") cfg.pools)}
        exit $failed
      '';
    };

    # The host finds containers by their names, also those that are made by command. Before systemd-resolved,
    # which answers for all others and leaves nothing to whoever comes behind it, and behind /etc/hosts, so that
    # no container takes the place of what stands there. NixOS has "files" behind resolved: named twice, it is
    # asked again only for what nobody knows.
    system.nssModules = [ cfg.package ];
    system.nssDatabases.hosts = lib.mkOrder 399 [
      "files"
      "nixctr"
    ];
    systemd.paths.nixctr-net-names.wantedBy = [ "multi-user.target" ];
    systemd.services.nixctr-net-names.wantedBy = [ "multi-user.target" ];
    systemd.timers.nixctr-net-backup.wantedBy = [ "timers.target" ];

    # Other managers keep off the host ends of containers' cables.
    networking.networkmanager.unmanaged = [
      "interface-name:ve-*"
      "interface-name:vb-*"
    ];
    networking.dhcpcd.denyInterfaces = [
      "ve-*"
      "vb-*"
    ];
    systemd.network.networks."10-nixctr-net" = {
      matchConfig = {
        Name = "ve-* vb-*";
        Driver = "veth";
      };
      linkConfig.Unmanaged = true;
    };

    boot.kernelModules = [
      "nf_tables"
      "veth"
    ];
  };
}
