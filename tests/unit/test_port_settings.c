// SPDX-License-Identifier: BSD-3-Clause
#include "port_settings.h"

#include <criterion/criterion.h>

static struct jg_error err;

static struct jg_config *read_one(const char *text, const char *address)
{
	err.text[0] = '\0';
	return port_settings_read(&text, 1, address, &err);
}

Test(port_settings, a_name_and_an_address_are_a_port)
{
	struct jg_config *config = read_one("veth1", "10.0.0.2/24");
	cr_assert_not_null(config, "%s", err.text);
	cr_assert_eq(config->ports_n, 1);
	cr_assert_str_eq(config->ports[0].device.p, "veth1");
	cr_assert_eq(config->ports[0].addresses[0].prefix, 24);
	cr_assert_eq(config->ports[0].mtu, 1500);
	jg_config_free(config);
}

Test(port_settings, an_object_has_the_members_of_a_gates_port)
{
	struct jg_config *config = read_one(
		"{\"device\": \"veth1\", \"driver\": \"af_xdp\", \"args\": \"force_copy=1\", "
		"\"mtu\": 3000, \"addresses\": [\"10.0.0.9/8\", \"fd00::9/64\"]}",
		"10.0.0.2/24");
	cr_assert_not_null(config, "%s", err.text);
	cr_assert_eq(config->ports[0].driver, JG_PORT_AF_XDP);
	cr_assert_str_eq(config->ports[0].args.p, "force_copy=1");
	cr_assert_eq(config->ports[0].mtu, 3000);
	cr_assert_eq(config->ports[0].addresses_n, 2);
	cr_assert_eq(config->ports[0].addresses[0].bytes[3], 9, "its own address counts");
	jg_config_free(config);
}

Test(port_settings, several_stand_in_their_order)
{
	static const char *const texts[] = {"veth1", "{\"device\": \"veth2\"}"};
	struct jg_config *config = port_settings_read(texts, 2, "10.0.0.2/24", &err);
	cr_assert_not_null(config, "%s", err.text);
	cr_assert_eq(config->ports_n, 2);
	cr_assert_str_eq(config->ports[1].device.p, "veth2");
	jg_config_free(config);
}

Test(port_settings, a_port_without_an_address_is_refused)
{
	cr_assert_null(read_one("veth1", NULL));
	cr_assert_not_null(strstr(err.text, "--address"));
	cr_assert_null(read_one("{\"device\": \"veth1\"}", NULL));
}

Test(port_settings, what_is_no_port_is_refused)
{
	static const char *const bad[] = {"{", "{}", "{\"device\": 5}", "{\"device\": \"\"}",
		"{\"device\": \"a\", \"device\": \"b\"}", "{\"device\": \"a\", \"speed\": 5}",
		"{\"device\": \"a\", \"mtu\": 100}", "{\"device\": \"a\", \"driver\": \"magic\"}",
		"{\"device\": \"a\", \"addresses\": []}", "", "\xff"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		cr_assert_null(read_one(bad[i], "10.0.0.2/24"), "%s", bad[i]);
		cr_assert_not_null(strstr(err.text, "--port"), "%s: %s", bad[i], err.text);
	}
}

Test(port_settings, what_is_no_address_is_refused)
{
	static const char *const bad[] = {"10.0.0.2/33", "gate", "10.0.0/8", ""};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		cr_assert_null(read_one("veth1", bad[i]), "%s", bad[i]);
}
