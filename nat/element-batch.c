/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements in batches: as many as fit share a message. */
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nat/element.h"

#define ELEMENT_SIZE_MAX  256   /* bytes of an element in a message, and more */
#define ELEMENTS_SIZE_MAX 65000 /* of all of them: the length of a list has 16 bits */

/**
 * batch_last - the message behind which a batch grows, if one more element fits in it
 * @batch: borrowed
 * @action: what is to be done with the element
 * @set: its set
 *
 * Returns it, or NULL when another message has to begin.
 */
static struct nlmsghdr *batch_last(struct nft_request *batch, enum nft_action action,
				   const char *set)
{
	const struct nft_message *last = batch->messages + batch->count - 1;
	struct nlmsghdr *message;
	size_t size;

	if (!batch->count || !last->list || last->action != action ||
	    last->family != batch->family || (last->name != set && strcmp(last->name, set) != 0))
		return NULL;
	message = nft_request_message(batch, batch->count - 1);
	size = message->nlmsg_len + (size_t)ELEMENT_SIZE_MAX;
	return size <= ELEMENTS_SIZE_MAX && batch->length + size <= batch->size ? message : NULL;
}

/**
 * batch_add_element - add to a batch that there is an element, or no longer is
 * @batch: changed
 * @action: NFT_ADD or NFT_DELETE; NFT_READ in a query
 * @element: borrowed until the batch is sent
 *
 * Elements of one set, one behind the other, share a message, as long as they are not asked for: of
 * those the first that is missing would end the answers.
 */
void batch_add_element(struct nft_request *batch, enum nft_action action,
		       const struct element *element)
{
	struct nlmsghdr *message =
		action == NFT_READ ? NULL : batch_last(batch, action, element->set);
	struct nft_message *last;

	if (!message) {
		message = nft_request_add(batch, action, NFT_ELEMENT, element->set);
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, NAT_TABLE);
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, element->set);
		batch->messages[batch->count - 1].list = message->nlmsg_len;
		mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	}
	last = &batch->messages[batch->count - 1];
	entry_put(message, element, action == NFT_ADD);
	mnl_attr_nest_end(message, (void *)((char *)message + last->list));
}

/**
 * batch_add_forwards - add to a batch that there are forwards
 * @batch: changed
 * @forwards: borrowed
 */
void batch_add_forwards(struct nft_request *batch, const struct nat_forwards *forwards)
{
	struct element element;

	for (enum forward_element kind = ELEMENT_TARGET; kind < ELEMENT_TRAFFIC; kind++)
		for (size_t i = 0; i < forwards->count; i++)
			if (!element_repeats(forwards, i, kind) &&
			    element_make(&forwards->list[i], kind, &element))
				batch_add_element(batch, NFT_ADD, &element);
}
