/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/extack.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/**
 * extack_errno - the errno of an acknowledgement
 * @reply: an NLMSG_ERROR or NLMSG_DONE message, whole; borrowed
 *
 * Returns 0 for success, a positive errno otherwise.
 */
int extack_errno(const struct nlmsghdr *reply)
{
	int number = 0;

	if (reply->nlmsg_len >= NLMSG_LENGTH(sizeof(number)))
		memcpy(&number, (const uint8_t *)reply + NLMSG_HDRLEN, sizeof(number));
	return -number;
}

/* What is still to be read of a message. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

/* One attribute of it. */
struct attribute {
	unsigned type;
	const uint8_t *value;
	size_t length;
};

/**
 * cursor_skip - go on by a number of bytes, rounded up as netlink does, or to the end
 * @cursor: changed
 * @size: bytes
 */
static void cursor_skip(struct cursor *cursor, size_t size)
{
	size = (size + NLA_ALIGNTO - 1) & ~(size_t)(NLA_ALIGNTO - 1);
	if (size > cursor->left)
		size = cursor->left;
	cursor->at += size;
	cursor->left -= size;
}

/**
 * cursor_attribute - the attribute at the cursor, which stays where it is
 * @cursor: borrowed
 * @ret: the attribute; its value is borrowed from the message
 *
 * Returns whether there is a whole one.
 */
static bool cursor_attribute(const struct cursor *cursor, struct attribute *ret)
{
	struct nlattr header;

	if (cursor->left < sizeof(header))
		return false;
	memcpy(&header, cursor->at, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > cursor->left)
		return false;
	*ret = (struct attribute){ .type = header.nla_type & (unsigned)NLA_TYPE_MASK,
				   .value = cursor->at + sizeof(header),
				   .length = header.nla_len - sizeof(header) };
	return true;
}

/**
 * attribute_path - name the attribute at an offset of the request: "IFLA_LINKINFO/2/1"
 * @request: the request and the names of its attributes
 * @offset: bytes from its start, as the kernel gives it
 * @path: where the path goes
 * @size: room there
 *
 * Walks down: at each level the attribute that covers the offset. Stays "" when nothing does.
 */
static void attribute_path(const struct extack_request *request, uint32_t offset, char *path,
			   size_t size)
{
	const uint8_t *start = (const uint8_t *)request->message;
	const uint8_t *target = start + offset;
	struct cursor cursor = { .at = start, .left = request->message->nlmsg_len };
	struct attribute attribute;
	size_t length = 0;

	cursor_skip(&cursor, sizeof(*request->message) + request->header);
	while (cursor.at <= target && cursor_attribute(&cursor, &attribute)) {
		size_t whole = sizeof(struct nlattr) + attribute.length;

		if (target >= cursor.at + whole) {
			cursor_skip(&cursor, whole);
			continue;
		}
		if (length == 0 && attribute.type < request->n_names &&
		    request->names[attribute.type])
			length +=
				(size_t)snprintf(path, size, "%s", request->names[attribute.type]);
		else
			length += (size_t)snprintf(path + length, size - length, "%s%u",
						   length ? "/" : "attribute ", attribute.type);
		if (target == cursor.at || length >= size)
			break;
		cursor = (struct cursor){ .at = attribute.value, .left = attribute.length };
	}
}

/**
 * reply_attributes - find the attributes of an acknowledgement
 * @reply: the NLMSG_ERROR or NLMSG_DONE message, whole; borrowed
 * @ret_cursor: at the first of them
 *
 * Returns whether there are any.
 */
static bool reply_attributes(const struct nlmsghdr *reply, struct cursor *ret_cursor)
{
	struct cursor cursor = { .at = (const uint8_t *)reply, .left = reply->nlmsg_len };
	struct nlmsgerr head;

	if (!(reply->nlmsg_flags & NLM_F_ACK_TLVS))
		return false;
	cursor_skip(&cursor, sizeof(*reply));
	if (reply->nlmsg_type == NLMSG_DONE) {
		cursor_skip(&cursor, sizeof(int));
	} else {
		if (cursor.left < sizeof(head))
			return false;
		memcpy(&head, cursor.at, sizeof(head));
		cursor_skip(&cursor, sizeof(head));
		if (!(reply->nlmsg_flags & NLM_F_CAPPED) && head.msg.nlmsg_len > sizeof(head.msg))
			cursor_skip(&cursor, head.msg.nlmsg_len - sizeof(head.msg));
	}
	*ret_cursor = cursor;
	return true;
}

/**
 * extack_offset - where in the request the error is
 * @reply: the NLMSG_ERROR or NLMSG_DONE message, whole; borrowed
 *
 * Returns bytes from the start of the request, not checked against its length, or 0 when the kernel does
 * not say.
 */
uint32_t extack_offset(const struct nlmsghdr *reply)
{
	struct attribute attribute;
	struct cursor cursor;
	uint32_t offset = 0;

	if (!reply_attributes(reply, &cursor))
		return 0;
	while (cursor_attribute(&cursor, &attribute)) {
		if (attribute.type == NLMSGERR_ATTR_OFFS && attribute.length == sizeof(offset))
			memcpy(&offset, attribute.value, sizeof(offset));
		cursor_skip(&cursor, sizeof(struct nlattr) + attribute.length);
	}
	return offset;
}

/**
 * extack_decode - take the kernel's words and the attribute it pointed at into an error
 * @reply: the NLMSG_ERROR or NLMSG_DONE message, whole; borrowed
 * @request: the request it answers, to name the attribute; NULL when it is not at hand
 * @e: an error that is set already; its kernel and attribute are filled when the kernel gave them
 *
 * Trusts no length in @reply: what does not fit is left out.
 */
void extack_decode(const struct nlmsghdr *reply, const struct extack_request *request,
		   struct error *e)
{
	struct attribute attribute;
	struct cursor cursor;

	if (!e || !reply_attributes(reply, &cursor))
		return;
	while (cursor_attribute(&cursor, &attribute)) {
		uint32_t offset;

		if (attribute.type == NLMSGERR_ATTR_MSG) {
			(void)snprintf(e->kernel, sizeof(e->kernel), "%.*s", (int)attribute.length,
				       (const char *)attribute.value);
		} else if (attribute.type == NLMSGERR_ATTR_OFFS &&
			   attribute.length == sizeof(offset) && request) {
			memcpy(&offset, attribute.value, sizeof(offset));
			attribute_path(request, offset, e->attribute, sizeof(e->attribute));
		}
		cursor_skip(&cursor, sizeof(struct nlattr) + attribute.length);
	}
}
