/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program of somebody else: leases an address, and names the link that it would be for. */
#include <ipam/ipam.h>
#include <nat/nat.h>
#include <stdio.h>
#include <veth/veth.h>

int main(int argc, char **argv)
{
	struct ipam_lease request = { .container = "foo" }, lease;
	char local[PREFIX_TEXT], link[IFNAMSIZ], altname[VETH_ALTNAME_MAX];
	struct error e = ERROR_INIT;
	struct nat *nat = NULL;
	struct ipam *ipam;
	int r;

	if (argc != 2)
		return ERROR_USAGE;
	r = ipam_open(argv[1], IPAM_WRITE, &ipam, &e);
	if (r == 0)
		r = ipam_lease(ipam, &request, IPAM_AUTOMATIC_V4, &lease, &e);
	if (r < 0) {
		fprintf(stderr, "%s\n", e.text);
		return (int)e.class;
	}
	veth_link_name(lease.container, false, link, altname);
	printf("%s %s\n", link, prefix_format(&lease.v4.local, local));
	ipam_close(ipam);
	nat_close(nat);
	return 0;
}
