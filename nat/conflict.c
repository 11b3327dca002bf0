/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * A port that is bound to an address or a link and one that is not are under different keys, and yet
 * one packet may be for both. To find out who has a port in any other way, without reading all
 * forwards, the kernel keeps a list of what there is to be bound to, the set "bindings": with each of
 * them the port is asked for. Hosts have few addresses and links, whatever the number of forwards. An
 * element of that list stays when the last forward with it goes; it costs a question.
 */
#include "nat/conflict.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "nat/element.h"
#include "nat/nft.h"
#include "nat/ruleset.h"

/* Elements asked for at once: each answer takes room in the socket's buffer until it is read. */
#define ASK_CHUNK 40

/* What a forward can be bound to. */
struct binding {
	struct addr host;
	char link[IFNAMSIZ];
};

/* All that some forward is bound to, and first of all: nothing. */
struct bindings {
	struct binding *list;
	size_t count;
};

/* Elements that are asked for in one query. */
struct question {
	struct nft_request request;
	const struct nat_forward *forwards[ASK_CHUNK];
	struct binding bindings[ASK_CHUNK];
	size_t count;
};

/**
 * bindings_free - free a list of bindings, for _cleanup_()
 * @bindings: changed
 */
static void bindings_free(struct bindings *bindings)
{
	free(bindings->list);
}

/**
 * conflict_refuse - refuse a port that another container has
 * @forward: borrowed; bound as the other container has it
 * @holder: the container, borrowed; "": it is not known
 * @e: filled
 *
 * Returns -EADDRINUSE (ERROR_CONFLICT).
 */
int conflict_refuse(const struct nat_forward *forward, const char *holder, struct error *e)
{
	const char *link = forward->host_link;
	bool by = addr_is_set(&forward->host);
	char text[ADDR_TEXT] = "";
	int r;

	if (by)
		addr_format(&forward->host, text);
	r = error_set(e, ERROR_CONFLICT, EADDRINUSE,
		      "%s port %u of the host%s%s%s%s belongs to %s%s%s",
		      forward->protocol == IPPROTO_UDP ? "udp" : "tcp", forward->port,
		      by ? " by " : "", text, link[0] ? " through " : "", link,
		      holder[0] ? "container '" : "somebody else", holder, holder[0] ? "'" : "");
	return error_remedy(e, r, "publish another port, or detach its holder%s%s",
			    holder[0] ? ": nixctr-net net down " : "", holder);
}

/**
 * element_binding - what an element of the set of bindings says
 * @element: borrowed
 * @ret_host: an address of the host, or none
 * @ret_link: a link of the host, or ""
 *
 * Returns whether it is one.
 */
static bool element_binding(const struct element *element, struct addr *ret_host,
			    char ret_link[IFNAMSIZ])
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	static const uint8_t none[sizeof(struct in6_addr)];
	const uint8_t *address = element->key + IFNAMSIZ;

	if (element->key_size != IFNAMSIZ + sizeof(none))
		return false;
	memset(ret_link, 0, IFNAMSIZ);
	memcpy(ret_link, element->key, IFNAMSIZ - 1);
	if (memcmp(address, none, sizeof(none)) == 0)
		*ret_host = (struct addr){ .family = AF_UNSPEC };
	else if (memcmp(address, mapped, sizeof(mapped)) == 0)
		*ret_host = addr_from_bytes(AF_INET, address + sizeof(mapped));
	else
		*ret_host = addr_from_bytes(AF_INET6, address);
	return true;
}

/**
 * bindings_add - put one more behind the others
 * @data: the bindings, a block with room for a multiple of 16
 * @element: of the set of bindings, borrowed; NULL: what is not bound
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int bindings_add(void *data, const struct element *element, struct error *e)
{
	struct bindings *bindings = data;
	struct binding binding = { .link = "" };

	if (element && !element_binding(element, &binding.host, binding.link))
		return 0;
	if (bindings->count % 16 == 0) {
		void *grown = reallocarray(bindings->list, bindings->count + 16, sizeof(binding));

		if (!grown)
			return error_errno(e, ENOMEM, "cannot look at published ports");
		bindings->list = grown;
	}
	bindings->list[bindings->count++] = binding;
	return 0;
}

/**
 * take_bindings - take what the set of bindings has in it; for struct nft_taker
 * @data: the bindings
 * @index: not used
 * @answer: borrowed; NULL: nothing is bound
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int take_bindings(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	(void)index;
	return elements_take(answer, SET_BINDINGS, bindings_add, data, e);
}

/**
 * bindings_read - read what forwards are bound to
 * @nat: the session
 * @bindings: filled; the caller ends with bindings_free()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int bindings_read(struct nat *nat, struct bindings *bindings, struct error *e)
{
	const struct nft_taker taker = { take_bindings, bindings };
	struct nft_request request;
	struct nlmsghdr *message;
	int r = bindings_add(bindings, NULL, e);

	if (r < 0)
		return r;
	nft_request_init(&request);
	message = nft_request_add(&request, NFT_LIST, NFT_ELEMENT, SET_BINDINGS);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, NAT_TABLE);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, SET_BINDINGS);
	return nft_query(nat, &request, &taker, e);
}

/**
 * binding_clashes - whether a packet can be for a forward and for another one that is bound otherwise
 * @binding: what the other one is bound to, borrowed
 * @forward: borrowed
 */
static bool binding_clashes(const struct binding *binding, const struct nat_forward *forward)
{
	bool same_address = addr_equal(&binding->host, &forward->host);
	bool same_link = strcmp(binding->link, forward->host_link) == 0;

	if (addr_is_set(&binding->host) && binding->host.family != forward->to.family)
		return false;
	if ((binding->link[0] && addr_is_loopback(&forward->host)) ||
	    (forward->host_link[0] && addr_is_loopback(&binding->host)))
		return false; /* those are called through no link */
	if (!same_address && addr_is_set(&binding->host) && addr_is_set(&forward->host))
		return false;
	if (!same_link && binding->link[0] && forward->host_link[0])
		return false;
	return !same_address || !same_link;
}

/**
 * take_element - refuse what another container has; for struct nft_taker
 * @data: the question
 * @index: which part of it is answered
 * @answer: borrowed; NULL: nobody has it
 * @e: names the port and its holder
 *
 * Returns 0 or -EADDRINUSE (ERROR_CONFLICT).
 */
static int take_element(void *data, size_t index, const struct nlmsghdr *answer, struct error *e)
{
	const struct question *question = data;
	struct nat_forward other = *question->forwards[index];
	const struct nlattr *list = answer ? message_elements(answer) : NULL;
	struct element element;

	if (!list || !element_take(mnl_attr_get_payload(list), "", &element) ||
	    strcmp(element.container, other.container) == 0)
		return 0;
	other.host = question->bindings[index].host;
	memcpy(other.host_link, question->bindings[index].link, IFNAMSIZ);
	return conflict_refuse(&other, element.container, e);
}

/**
 * question_ask - ask for the elements that were gathered, and begin anew
 * @question: changed
 * @nat: the session
 * @e: names the port and its holder
 *
 * Returns 0, -EADDRINUSE (ERROR_CONFLICT), or another -errno.
 */
static int question_ask(struct question *question, struct nat *nat, struct error *e)
{
	const struct nft_taker taker = { take_element, question };
	int r = question->count ? nft_query(nat, &question->request, &taker, e) : 0;

	nft_request_deinit(&question->request);
	nft_request_init(&question->request);
	question->count = 0;
	return r;
}

/**
 * question_add - ask whether somebody has a port in another way
 * @question: changed
 * @forward: borrowed until it is answered
 * @binding: the other way, borrowed
 */
static void question_add(struct question *question, const struct nat_forward *forward,
			 const struct binding *binding)
{
	struct nat_forward other = *forward;
	struct element element;

	other.host = binding->host;
	memcpy(other.host_link, binding->link, IFNAMSIZ);
	if (!element_make(&other, ELEMENT_TARGET, &element))
		return;
	batch_add_element(&question->request, NFT_READ, &element);
	question->forwards[question->count] = forward;
	question->bindings[question->count++] = *binding;
}

/**
 * conflicts_check - whether other containers have ports that overlap with these
 * @nat: the session
 * @forwards: borrowed
 * @e: names the port and its holder
 *
 * Returns 0, -EADDRINUSE (ERROR_CONFLICT), or another -errno.
 */
int conflicts_check(struct nat *nat, const struct nat_forwards *forwards, struct error *e)
{
	_cleanup_(bindings_free) struct bindings bindings = { .count = 0 };
	struct question question = { .count = 0 };
	int r = bindings_read(nat, &bindings, e);

	nft_request_init(&question.request);
	for (size_t i = 0; r == 0 && i < forwards->count; i++) {
		for (size_t j = 0; r == 0 && j < bindings.count; j++) {
			if (!binding_clashes(&bindings.list[j], &forwards->list[i]))
				continue;
			question_add(&question, &forwards->list[i], &bindings.list[j]);
			if (question.count == ASK_CHUNK)
				r = question_ask(&question, nat, e);
		}
	}
	if (r == 0)
		r = question_ask(&question, nat, e);
	nft_request_deinit(&question.request);
	return r;
}
