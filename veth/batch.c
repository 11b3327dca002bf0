/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "veth/batch.h"

#include <errno.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#define MESSAGE_SIZE 1024 /* the largest, RTM_NEWLINK of a pair, takes about 300 bytes */

/**
 * batch_fail - remember that the batch could not be built
 * @batch: changed
 * @number: positive errno; the first one stays
 */
static void batch_fail(struct batch *batch, int number)
{
	if (batch->number == 0)
		batch->number = number;
}

/**
 * batch_deinit - free the messages of a batch
 * @batch: empty afterwards; a zeroed one is fine
 */
void batch_deinit(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		nlmsg_free(batch->requests[i].message);
	*batch = (struct batch){ 0 };
}

/**
 * batch_message - the message that is being built
 * @batch: borrowed
 *
 * Returns it, or NULL when the batch has failed already.
 */
static struct nl_msg *batch_message(const struct batch *batch)
{
	return batch->number == 0 && batch->count > 0 ? batch->requests[batch->count - 1].message
						      : NULL;
}

/**
 * batch_begin - start the next request
 * @batch: changed
 * @what: what the request does, for "cannot ...", a literal
 * @type: RTM_...
 * @flags: NLM_F_..., without NLM_F_REQUEST and NLM_F_ACK
 * @header, @size: the family's header, copied
 */
void batch_begin(struct batch *batch, const char *what, uint16_t type, uint16_t flags,
		 const void *header, size_t size)
{
	struct nl_msg *message = NULL;
	struct nlmsghdr *start;

	if (batch->count < BATCH_MAX)
		message = nlmsg_alloc_size(MESSAGE_SIZE);
	start = message ? nlmsg_put(message, 0, 0, type, (int)size, NLM_F_REQUEST | flags) : NULL;
	if (!start) {
		nlmsg_free(message);
		batch_fail(batch, batch->count < BATCH_MAX ? ENOMEM : EMSGSIZE);
		return;
	}
	memcpy(nlmsg_data(start), header, size);
	batch->requests[batch->count++] = (struct request){ .message = message, .what = what };
}

/**
 * batch_expect - say what may come back for the request that was begun last
 * @batch: changed
 * @accepted: which refusals do not make the batch fail
 * @answer: where data goes, copied; NULL when none is wanted
 */
void batch_expect(struct batch *batch, enum refusal accepted, const struct answer *answer)
{
	struct request *request = &batch->requests[batch->count - 1];

	if (!batch_message(batch))
		return;
	request->accepted = accepted;
	if (answer)
		request->answer = *answer;
}

/**
 * batch_put - add an attribute to the request that was begun last
 * @batch: changed
 * @type: IFLA_..., IFA_... or RTA_...
 * @value, @size: copied
 */
void batch_put(struct batch *batch, int type, const void *value, size_t size)
{
	struct nl_msg *message = batch_message(batch);

	if (message && nla_put(message, type, (int)size, value) < 0)
		batch_fail(batch, EMSGSIZE);
}

/**
 * batch_put_u32 - add an attribute that is a number
 * @batch, @type, @value: as for batch_put()
 */
void batch_put_u32(struct batch *batch, int type, uint32_t value)
{
	batch_put(batch, type, &value, sizeof(value));
}

/**
 * batch_put_text - add an attribute that is text, with its NUL
 * @batch, @type, @value: as for batch_put()
 */
void batch_put_text(struct batch *batch, int type, const char *value)
{
	batch_put(batch, type, value, strlen(value) + 1);
}

/**
 * batch_put_addr - add an attribute that is an address
 * @batch, @type: as for batch_put()
 * @addr: set, borrowed
 */
void batch_put_addr(struct batch *batch, int type, const struct addr *addr)
{
	batch_put(batch, type, addr->bytes, addr_size(addr));
}

/**
 * batch_nest - begin an attribute that contains others
 * @batch: changed
 * @type: its type
 *
 * Returns it, for batch_nest_end(); NULL when the batch has failed.
 */
struct nlattr *batch_nest(struct batch *batch, int type)
{
	struct nl_msg *message = batch_message(batch);
	struct nlattr *nest = message ? nla_nest_start(message, type) : NULL;

	if (!nest)
		batch_fail(batch, EMSGSIZE);
	return nest;
}

/**
 * batch_nest_header - begin an attribute that contains a header and then others
 * @batch, @type: as for batch_nest()
 * @header, @size: copied
 *
 * Returns as batch_nest().
 */
struct nlattr *batch_nest_header(struct batch *batch, int type, const void *header, size_t size)
{
	struct nlattr *nest = batch_nest(batch, type);

	if (nest &&
	    nlmsg_append(batch_message(batch), (void *)(uintptr_t)header, size, NLMSG_ALIGNTO) < 0)
		batch_fail(batch, EMSGSIZE);
	return nest;
}

/**
 * batch_nest_end - end an attribute that contains others
 * @batch: changed
 * @nest: from batch_nest()
 */
void batch_nest_end(struct batch *batch, struct nlattr *nest)
{
	struct nl_msg *message = batch_message(batch);

	if (message)
		nla_nest_end(message, nest);
}
