/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/extack.h"

/* A request with one nested attribute, to ask the kernel about and to point into. */
struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	struct nlattr info;
	struct nlattr kind;
	char kind_text[8];
	struct nlattr mtu;
	uint32_t mtu_value;
};

static const char *const names[] = { [IFLA_LINKINFO] = "IFLA_LINKINFO", [IFLA_MTU] = "IFLA_MTU" };

/* A request to make a link. */
static struct request request_make(void)
{
	struct request request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_NEWLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL },
		.info = { .nla_len = 4 + 4 + 8, .nla_type = IFLA_LINKINFO | NLA_F_NESTED },
		.kind = { .nla_len = 4 + 8, .nla_type = IFLA_INFO_KIND },
		.kind_text = "nothing",
		.mtu = { .nla_len = 4 + 4, .nla_type = IFLA_MTU },
		.mtu_value = 1400,
	};

	return request;
}

/* An answer as the kernel builds it: errno, the request's header, two attributes. */
struct reply {
	struct nlmsghdr header;
	struct nlmsgerr error;
	struct nlattr text;
	char text_value[12];
	struct nlattr offset;
	uint32_t offset_value;
};

/* Its text and the attribute at an offset of the request. */
static struct reply reply_make(uint32_t offset)
{
	struct reply reply = {
		.header = { .nlmsg_len = sizeof(reply),
			    .nlmsg_type = NLMSG_ERROR,
			    .nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS },
		.error = { .error = -EINVAL, .msg = { .nlmsg_len = sizeof(struct request) } },
		.text = { .nla_len = 4 + 12, .nla_type = NLMSGERR_ATTR_MSG },
		.text_value = "no such way",
		.offset = { .nla_len = 8, .nla_type = NLMSGERR_ATTR_OFFS },
		.offset_value = offset,
	};

	return reply;
}

/* Decodes an answer into a fresh error. */
static void decode(const struct reply *reply, const struct request *request, struct error *e)
{
	struct extack_request how = { .message = &request->header,
				      .header = sizeof(struct ifinfomsg),
				      .names = names,
				      .n_names = ARRAY_SIZE(names) };

	error_set(e, ERROR_FAILED, EINVAL, "x");
	extack_decode(&reply->header, &how, e);
}

static void text_and_nested_attribute_are_named(void **state)
{
	struct request request = request_make();
	struct reply reply = reply_make(offsetof(struct request, kind));
	struct error e;

	(void)state;
	decode(&reply, &request, &e);
	assert_string_equal(e.kernel, "no such way");
	assert_string_equal(e.attribute, "IFLA_LINKINFO/1");
	assert_int_equal(extack_errno(&reply.header), EINVAL);
}

static void a_later_top_level_attribute_is_found(void **state)
{
	struct request request = request_make();
	struct reply reply = reply_make(offsetof(struct request, mtu));
	struct error e;

	(void)state;
	decode(&reply, &request, &e);
	assert_string_equal(e.attribute, "IFLA_MTU");
}

static void an_unnamed_attribute_has_its_number(void **state)
{
	struct request request = request_make();
	struct reply reply = reply_make(offsetof(struct request, mtu));
	struct error e;

	(void)state;
	request.mtu.nla_type = 99;
	decode(&reply, &request, &e);
	assert_string_equal(e.attribute, "attribute 99");
}

static void an_offset_outside_the_request_names_nothing(void **state)
{
	static const uint32_t offsets[] = { 0, 3, 16, sizeof(struct request), 100000, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct request request = request_make();
		struct reply reply = reply_make(offsets[i]);
		struct error e;

		decode(&reply, &request, &e);
		assert_string_equal(e.attribute, "");
		assert_string_equal(e.kernel, "no such way");
	}
}

static void no_length_in_the_reply_is_trusted(void **state)
{
	struct request request = request_make();
	struct error e;

	(void)state;
	for (uint32_t length = NLMSG_HDRLEN; length < sizeof(struct reply); length++) {
		struct reply reply = reply_make(offsetof(struct request, kind));
		_cleanup_(freep) struct reply *copy = malloc(length);

		reply.header.nlmsg_len = length;
		memcpy(copy, &reply, length);
		decode(copy, &request, &e);
		assert_string_equal(e.attribute, "");
	}
}

static void the_kernel_says_it_the_same_way(void **state)
{
	_cleanup_(fd_closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	union {
		struct nlmsghdr header;
		char bytes[4096];
	} buffer;
	struct request request = request_make();
	struct extack_request how = { .message = &request.header,
				      .header = sizeof(struct ifinfomsg),
				      .names = names,
				      .n_names = ARRAY_SIZE(names) };
	struct error e;
	int on = 1;

	(void)state;
	/* An unknown attribute under strict checking: refused before any privilege matters. */
	request.header.nlmsg_type = RTM_GETLINK;
	request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	request.mtu.nla_type = IFLA_MTU;
	assert_true(fd >= 0);
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	assert_int_equal(send(fd, &request, sizeof(request), 0), sizeof(request));
	assert_true(recv(fd, &buffer, sizeof(buffer), 0) > 0);
	assert_int_equal(buffer.header.nlmsg_type, NLMSG_ERROR);
	error_set(&e, ERROR_FAILED, extack_errno(&buffer.header), "x");
	extack_decode(&buffer.header, &how, &e);
	assert_int_equal(e.number, EINVAL);
	assert_true(e.kernel[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_nested_attribute_are_named),
		cmocka_unit_test(a_later_top_level_attribute_is_found),
		cmocka_unit_test(an_unnamed_attribute_has_its_number),
		cmocka_unit_test(an_offset_outside_the_request_names_nothing),
		cmocka_unit_test(no_length_in_the_reply_is_trusted),
		cmocka_unit_test(the_kernel_says_it_the_same_way),
	};

	return cmocka_run_group_tests_name("extack", tests, NULL, NULL);
}
