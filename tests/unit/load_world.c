// SPDX-License-Identifier: BSD-3-Clause
#include "load_world.h"

#include "rsa_pems.h"

#include <criterion/criterion.h>
#include <jansson.h>

#include <stdlib.h>

static const char apps[] =
	"{\"apps\": ["
	"{\"vendor\": \"livekit\", \"key\": \"APIone\", \"secrets\": [{\"id\": \"a\", \"secret\": "
	"\"secret one\"}]},"
	"{\"vendor\": \"livekit\", \"key\": \"APItwo\", \"secrets\": [{\"id\": \"a\", \"secret\": "
	"\"secret two\"}], \"policy\": {\"rooms\": [{\"pattern\": \"room-*\"}]}},"
	"{\"vendor\": \"stream\", \"key\": \"k8mzq2w7rt5x\", \"secrets\": [{\"id\": \"a\", "
	"\"secret\": \"secret\"}]},"
	"{\"vendor\": \"opentok\", \"key\": \"47301122\", \"secrets\": [{\"id\": \"a\", "
	"\"secret\": \"secret\"}]},"
	"{\"vendor\": \"agora\", \"key\": \"3f1c9a7e5b2d4860a1b2c3d4e5f60718\", \"secrets\": "
	"[{\"id\": \"a\", "
	"\"secret\": \"9e8d7c6b5a493827160f1e2d3c4b5a69\"}], \"policy\": {\"rooms\": "
	"[{\"pattern\": \"room-?*\"}]}},"
	"{\"vendor\": \"vonage\", \"key\": \"5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3\", \"secrets\": "
	"[{\"id\": \"a\", "
	"\"public_key\": %s, \"private_key\": %s}]}], "
	"\"cut_offs\": ["
	"{\"vendor\": \"livekit\", \"app\": \"APIone\", \"scope\": \"user\", \"user\": "
	"\"banned\", \"before\": 1799999000}, "
	"{\"vendor\": \"stream\", \"app\": \"k8mzq2w7rt5x\", \"scope\": \"user\", \"user\": "
	"\"banned\", \"before\": 1799999000}]%s}";

static char *as_json(const char *text)
{
	json_t *json = json_string(text);
	char *quoted = json_dumps(json, JSON_ENCODE_ANY);
	json_decref(json);
	return quoted;
}

struct jg_config *load_world(const char *extra)
{
	char *text;
	struct jg_problems problems = {0};
	char *private_key = as_json(RSA_PRIVATE_PEM);
	char *public_key = as_json(RSA_PUBLIC_PEM);
	cr_assert_gt(asprintf(&text, apps, public_key, private_key, extra), 0);
	struct jg_config *config = jg_config_parse(
		(struct jg_str){text, (uint32_t)strlen(text)}, "/", JG_CONFIG_APPS, &problems);
	cr_assert_not_null(config, "%s", problems.n > 0 ? problems.list[0].text : "");
	jg_problems_free(&problems);
	free(public_key);
	free(private_key);
	free(text);
	return config;
}
