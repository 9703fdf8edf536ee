// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A gate for clients under test: one key, one verdict, on the loopback. */

#include "internal/wire_mac.h"
#include "wire_sample.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <sys/socket.h>

/** A bound socket and its port. */
static inline int fake_gate_listen(uint16_t *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static inline size_t fake_gate_write(const struct jg_wire_request *wire,
	const struct jg_verdict *verdict, uint8_t *datagram, size_t size)
{
	const struct jg_wire_load load = {.verdicts = 5, .epoch = 7, .now = 1800000000, .busy = 1};
	const struct jg_str refreshed = JG_STR("refreshed.token.text");
	return wire->type == JG_WIRE_PING
		? jg_wire_ping_build(wire, &load, datagram, size)
		: jg_wire_reply_build(wire, verdict, refreshed, datagram, size);
}

/** The reply in the request's place; 0: its MAC does not hold under SAMPLE_KEY. */
static inline size_t fake_gate_answer(
	uint8_t *datagram, size_t len, const struct jg_verdict *verdict)
{
	uint8_t scratch[JG_WIRE_MAC_SCRATCH];
	struct jg_wire_request wire;
	struct jg_request request;
	struct jg_mac_key key;
	struct jg_mac_job job;
	cr_assert_eq(jg_wire_request_parse(datagram, len, &wire, &request), JG_WIRE_FATE_OK);
	if (wire.front_end == 0)
		return fake_gate_write(&wire, verdict, datagram, JG_WIRE_DATAGRAM_MAX);
	struct jg_mac *mac = jg_mac_new("ref", NULL);
	size_t n = 0;
	jg_mac_key_init(&key, JG_MAC_SHA256, SAMPLE_KEY, strlen(SAMPLE_KEY));
	(void)jg_wire_request_mac_job(&wire, &key, scratch, &job);
	jg_mac_burst(mac, JG_MAC_SHA256, &job, 1);
	if (jg_wire_request_mac_holds(&wire, &job)) {
		n = fake_gate_write(&wire, verdict, datagram, JG_WIRE_DATAGRAM_MAX);
		jg_wire_reply_mac_job(datagram, n, &key, &job);
		jg_mac_burst(mac, JG_MAC_SHA256, &job, 1);
		jg_wire_mac_store(datagram, n, &job);
	}
	jg_mac_free(mac);
	return n;
}
