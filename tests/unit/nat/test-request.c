/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/cleanup.h"
#include "nat/nft.h"

/* A refusal as the kernel sends it: errno, capped request, then attributes. */
struct refusal {
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[512];
	struct nlmsghdr *header;
};

/** refusal_make - the kernel refuses @request with @number, pointing at @offset */
static void refusal_make(struct refusal *refusal, const struct nlmsghdr *request, int number,
			 const char *text, uint32_t offset)
{
	struct nlmsgerr *head;

	memset(refusal->bytes, 0, sizeof(refusal->bytes));
	refusal->header = mnl_nlmsg_put_header(refusal->bytes);
	refusal->header->nlmsg_type = NLMSG_ERROR;
	refusal->header->nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	head = mnl_nlmsg_put_extra_header(refusal->header, sizeof(*head));
	head->error = -number;
	head->msg = *request;
	if (text)
		mnl_attr_put_strz(refusal->header, NLMSGERR_ATTR_MSG, text);
	mnl_attr_put_u32(refusal->header, NLMSGERR_ATTR_OFFS, offset);
}

/* What may be refused, and how that is told. */
static const struct refusal_case {
	enum nft_action action;
	enum nft_kind kind;
	const char *name;
	int number;
	const char *text, *attribute, *remedy;
} refusal_cases[] = {
	{ NFT_ADD, NFT_CHAIN, "forward", ENOENT,
	  "cannot add chain forward to table inet nixctr-net: No such file or directory",
	  "NFTA_CHAIN_TABLE", "modprobe" },
	{ NFT_ADD, NFT_RULE, "answers", EOPNOTSUPP,
	  "cannot add rule answers to table inet nixctr-net: Operation not supported",
	  "NFTA_RULE_TABLE", "modprobe" },
	{ NFT_DELETE, NFT_TABLE, "nixctr-net", EPERM,
	  "cannot delete table inet nixctr-net: Operation not permitted", "NFTA_TABLE_NAME",
	  "owns the table" },
	{ NFT_DELETE, NFT_ELEMENT, "external", ENOENT,
	  "cannot delete elements of set external from table inet nixctr-net: No such file "
	  "or directory",
	  "NFTA_SET_ELEM_LIST_TABLE", "" },
	{ NFT_READ, NFT_GENERATION, "", EINVAL,
	  "cannot read the generation of the nf_tables ruleset: Invalid argument", "attribute 1",
	  "modprobe nf_tables" },
	{ NFT_READ, NFT_COUNTER, "dropped", ENOMEM,
	  "cannot read counter dropped of table inet nixctr-net: Cannot allocate memory",
	  "NFTA_OBJ_TABLE", "" },
};

/** refusals_are_named - what was asked, errno, the kernel's words, the attribute, the remedy */
static void refusals_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusal_cases); i++) {
		const struct refusal_case *test = &refusal_cases[i];
		struct error e = ERROR_INIT;
		struct nft_request request;
		struct nlmsghdr *message;
		struct refusal refusal;

		nft_request_init(&request);
		nft_request_add(&request, NFT_ADD, NFT_SET, "external");
		message = nft_request_add(&request, test->action, test->kind, test->name);
		mnl_attr_put_strz(message, 1, "nixctr-net");
		refusal_make(&refusal, message, test->number, "words of the kernel",
			     NLMSG_HDRLEN + sizeof(struct nfgenmsg));
		assert_int_equal(nft_request_fail(&request, 1, refusal.header, &e), -test->number);
		assert_string_equal(e.text, test->text);
		assert_string_equal(e.kernel, "words of the kernel");
		assert_string_equal(e.attribute, test->attribute);
		assert_non_null(strstr(e.remedy, test->remedy));
		assert_true(test->remedy[0] || !e.remedy[0]);
	}
}

/** rights_are_missing_at_once - the first message is refused then, and not one behind it */
static void rights_are_missing_at_once(void **state)
{
	struct error e = ERROR_INIT;
	struct nft_request batch;
	struct refusal refusal;

	(void)state;
	nft_batch_init(&batch, 0);
	refusal_make(&refusal, nft_request_message(&batch, 0), EPERM, NULL, 0);
	assert_int_equal(nft_request_fail(&batch, 0, refusal.header, &e), -EPERM);
	assert_non_null(strstr(e.remedy, "CAP_NET_ADMIN"));
}

/** batches_carry_their_generation - and none when any will do */
static void batches_carry_their_generation(void **state)
{
	struct nft_request request;
	const struct nlmsghdr *begin;
	const struct nlattr *attribute;
	const struct nfgenmsg *header;

	(void)state;
	nft_batch_init(&request, 0x12345);
	begin = nft_request_message(&request, 0);
	header = mnl_nlmsg_get_payload(begin);
	assert_int_equal(begin->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
	assert_int_equal(header->res_id, htons(NFNL_SUBSYS_NFTABLES));
	attribute = mnl_nlmsg_get_payload_offset(begin, sizeof(*header));
	assert_int_equal(mnl_attr_get_type(attribute), NFNL_BATCH_GENID);
	assert_int_equal(mnl_attr_get_u32(attribute), htonl(0x12345));
	nft_batch_init(&request, 0);
	begin = nft_request_message(&request, 0);
	assert_int_equal(mnl_nlmsg_get_payload_len(begin), sizeof(*header));
}

/** long_requests_grow - beyond what the struct has, and every message stays what it was */
static void long_requests_grow(void **state)
{
	enum { COUNT = 5 * NFT_MESSAGES_MAX };
	static const char filling[1000];
	struct nft_request request;

	(void)state;
	nft_request_init(&request);
	for (unsigned i = 0; i < COUNT; i++) {
		struct nlmsghdr *message = nft_request_add(&request, NFT_ADD, NFT_CHAIN, "x");

		mnl_attr_put_u32(message, 1, i);
		mnl_attr_put(message, 2, sizeof(filling), filling);
	}
	assert_false(request.full);
	assert_int_equal(request.count, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		const struct nlmsghdr *message = nft_request_message(&request, i);
		const struct nlattr *number =
			mnl_nlmsg_get_payload_offset(message, sizeof(struct nfgenmsg));

		assert_int_equal(mnl_attr_get_u32(number), i);
		assert_true(message->nlmsg_len > sizeof(filling));
	}
	nft_request_deinit(&request);
}

/** what_has_no_room_is_never_sent - a request that could not grow says so */
static void what_has_no_room_is_never_sent(void **state)
{
	struct nft_request request;
	struct nat nat = { .sequence = 1 };
	struct error e = ERROR_INIT;

	(void)state;
	nft_batch_init(&request, 0);
	nft_request_add(&request, NFT_ADD, NFT_CHAIN, "x");
	request.full = true;
	assert_int_equal(nft_commit(&nat, &request, &e), -ENOMEM);
}

/** main - run the tests of request.c */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_are_named),
		cmocka_unit_test(rights_are_missing_at_once),
		cmocka_unit_test(batches_carry_their_generation),
		cmocka_unit_test(long_requests_grow),
		cmocka_unit_test(what_has_no_room_is_never_sent),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
