# SPDX-License-Identifier: GPL-2.0-or-later
# A NixOS host with declared containers, and a server outside that writes down who has asked it:
#
#	nix build .#checks.x86_64-linux.vm
{ lib, ... }:
let
  # Fetches from outside before it is ready: the network has to be there while it boots.
  needsNetwork =
    { pkgs, ... }:
    {
      systemd.services.fetch = {
        requiredBy = [ "multi-user.target" ];
        before = [ "multi-user.target" ];
        serviceConfig.Type = "oneshot";
        script = "${pkgs.curl}/bin/curl --silent --fail --retry 5 --retry-connrefused --max-time 20 http://192.168.1.1/fetched";
      };
      system.stateVersion = lib.trivial.release;
    };
in
{
  name = "nixctr-net";

  # The test driver gives them 192.168.1.N in the order of their names.
  nodes = {
    elsewhere =
      { ... }:
      {
        networking.firewall.allowedTCPPorts = [ 80 ];
        services.nginx.enable = true;
        services.nginx.virtualHosts.default.locations."/".return = "200 outside";
      };

    host =
      { ... }:
      {
        imports = [ ./module.nix ];
        virtualisation.memorySize = 2048;
        services.nixctr-net.enable = true;
        services.nixctr-net.nat.enable = true;
        services.nixctr-net.nat.external = [ "eth1" ];
        containers.web = {
          autoStart = true;
          privateNetwork = true;
          hostAddress = "10.231.136.1";
          localAddress = "10.231.136.2";
          forwardPorts = [ { hostPort = 8080; containerPort = 80; } ];
          linkedTo = [ "database" ];
          config = {
            imports = [ needsNetwork ];
            networking.firewall.allowedTCPPorts = [ 80 ];
            services.nginx.enable = true;
            services.nginx.virtualHosts.default.locations."/".return = "200 inside";
          };
        };
        containers.database = {
          autoStart = true;
          privateNetwork = true;
          hostAddress = "10.231.137.1";
          localAddress = "10.231.137.2";
          config = needsNetwork;
        };
        containers.apart = {
          autoStart = true;
          privateNetwork = true;
          hostAddress = "10.231.138.1";
          localAddress = "10.231.138.2";
          config = needsNetwork;
        };
      };
  };

  testScript = ''
    # What containers ask for while they boot has to be there already.
    elsewhere.start()
    elsewhere.wait_for_unit("nginx.service")
    elsewhere.wait_for_open_port(80)
    host.start()

    with subtest("containers have their network while they boot"):
        for name in ["web", "database", "apart"]:
            host.wait_for_unit(f"container@{name}.service")

    with subtest("what they send is masqueraded"):
        log = elsewhere.succeed("cat /var/log/nginx/access.log")
        assert "/fetched" in log and "10.231." not in log, log

    with subtest("a port is published, to others and to the host itself"):
        assert "inside" in elsewhere.succeed("curl --fail http://host:8080/")
        assert "inside" in host.succeed("curl --fail http://127.0.0.1:8080/")

    with subtest("only linked containers reach each other"):
        host.succeed("nixctr-net run database -- ping -c 1 -W 5 10.231.136.2")
        host.fail("nixctr-net run apart -- ping -c 1 -W 2 10.231.136.2")

    with subtest("the host finds them by their names"):
        for name in ["web", "web.containers"]:
            assert "10.231.136.2" in host.succeed(f"getent ahostsv4 {name}")
        assert "web.containers" in host.succeed("getent hosts 10.231.136.2")

    with subtest("what is flushed comes back"):
        host.succeed("nft flush ruleset")
        host.wait_until_succeeds("nixctr-net nat check", timeout=10)

    with subtest("who types nixos-container gets this program"):
        host.succeed("nixos-container --version | grep nixctr-net")
        assert "web" in host.succeed("nixos-container list")
        host.fail("nixos-container destroy web")
  '';
}
