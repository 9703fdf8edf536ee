// SPDX-License-Identifier: BSD-3-Clause
// Judge one LiveKit token in process:
//   cc verify.c $(pkg-config --cflags --libs joingate) -o verify
//   ./verify API_KEY SECRET TOKEN [NOW]
#include <joingate/joingate.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct jg_str str(const char *text)
{
	return (struct jg_str){text, (uint32_t)strlen(text)};
}

// One app with one secret. A server builds a new snapshot whenever its apps change, and frees the old
// one when no verifier reads it any more.
static struct jg_snapshot *snapshot_of(const char *key, const char *secret, struct jg_error *err)
{
	struct jg_secret one = {.id = str("a"),
		.secret = str(secret),
		.not_before = JG_TIME_NONE,
		.not_after = JG_TIME_NONE};
	struct jg_app app = {.key = str(key),
		.secrets = &one,
		.secrets_n = 1,
		.vendor = JG_VENDOR_LIVEKIT,
		.policy = jg_policy_default()};
	struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
	if (builder == NULL || jg_snapshot_builder_add(builder, &app, err) != 0) {
		jg_snapshot_builder_free(builder);
		return NULL;
	}
	return jg_snapshot_build(builder, 1, err);
}

static int print(const struct jg_verdict *verdict)
{
	char detail[256];
	if (verdict->reason != JG_REASON_OK) {
		(void)jg_verdict_detail(verdict, detail, sizeof(detail));
		printf("reject: %s: %s\n", jg_reason_name(verdict->reason), detail);
		return 1;
	}
	printf("admit %.*s to %.*s:", (int)verdict->identity.len, verdict->identity.p,
		(int)verdict->room.len, verdict->room.p);
	for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT; bit++)
		if ((verdict->capabilities >> bit & 1) != 0)
			printf(" %s", jg_capability_name(bit));
	puts("");
	return 0;
}

int main(int argc, char **argv)
{
	struct jg_error err = {.text = "out of memory"};
	if (argc < 4) {
		fprintf(stderr, "usage: %s API_KEY SECRET TOKEN [NOW]\n", argv[0]);
		return 2;
	}
	struct jg_verifier *verifier = jg_verifier_new(NULL, &err); // one per thread
	struct jg_snapshot *snapshot = snapshot_of(argv[1], argv[2], &err); // shared by all
	if (verifier == NULL || snapshot == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	struct jg_request request = {
		.token = str(argv[3]), .vendor = JG_VENDOR_LIVEKIT, .type = JG_REQUEST_JOIN};
	struct jg_verdict verdict; // strings point into the verifier until its next burst
	int64_t now = argc > 4 ? strtoll(argv[4], NULL, 10) : (int64_t)time(NULL);
	jg_verify_burst(verifier, snapshot, now, &request, &verdict, 1);
	int status = print(&verdict);
	jg_snapshot_free(snapshot);
	jg_verifier_free(verifier);
	return status;
}
