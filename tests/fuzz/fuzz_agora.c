// SPDX-License-Identifier: BSD-3-Clause
// Agora tokens as they come, and their content behind a good zlib stream and base64.
#include "agora.h"
#include "deflate.h"
#include "simd/decoders.h"

#include <stdlib.h>

static struct jg_agora_tools tools = {.decode = jg_base64_decode};
static struct jg_deflater *deflater;

static void check_at(struct jg_str token, const struct jg_decoders *level)
{
	uint8_t *scratch = malloc(JG_AGORA_SCRATCH(token.len));
	struct jg_agora agora;
	struct jg_agora_service service;
	if (scratch == NULL)
		abort();
	tools.decode = level->base64_decode;
	(void)!jg_agora_parse_006(token, &tools, scratch, &agora);
	if (jg_agora_parse_007(token, &tools, scratch, &agora) == JG_REASON_OK) {
		uint16_t left = agora.services_n;
		while (jg_agora_service_next(&agora.services, &left, &service))
			(void)jg_agora_match(service.channel, agora.app_id);
		if (agora.services.failed)
			abort(); // a token that was found whole
	}
	free(scratch);
}

static void check(struct jg_str token)
{
	for (const struct jg_decoders *v = NULL; (v = jg_decoders_next(v)) != NULL;)
		check_at(token, v);
}

static void check_packed(const char *head, const uint8_t *bytes, size_t n)
{
	size_t at = strlen(head);
	char *token = malloc(at + JG_BASE64_ENCODED(n));
	if (token == NULL)
		abort();
	memcpy(token, head, at);
	check((struct jg_str){token, (uint32_t)(at + jg_base64_encode(bytes, n, token + at))});
	free(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (tools.inflater == NULL)
		tools.inflater = jg_inflater_new();
	if (deflater == NULL)
		deflater = jg_deflater_new();
	if (tools.inflater == NULL || deflater == NULL)
		abort();
	check((struct jg_str){(const char *)data, (uint32_t)size});
	check_packed("0060123456789abcdef0123456789abcdef", data, size);
	uint8_t *packed = malloc(JG_DEFLATED(size));
	uint8_t *again = malloc(size + 1);
	if (packed == NULL || again == NULL)
		abort();
	size_t n = jg_deflate(deflater, data, size, packed, JG_DEFLATED(size));
	if ((n > 0) != (size <= JG_DEFLATE_MAX))
		abort();
	if (n > 0) {
		if (jg_inflate(tools.inflater, packed, n, again, size) != (int)size ||
			memcmp(again, data, size) != 0)
			abort();
		check_packed("007", packed, n);
	}
	free(again);
	free(packed);
	return 0;
}
