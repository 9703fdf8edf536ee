// SPDX-License-Identifier: BSD-3-Clause
// A gate's control plane with workers that apply and acknowledge at once, and no packets: what the
// kill test and the fleet tests run. Usage: control_host FILE; SIGHUP reloads, SIGTERM ends.
#include "../unit/fake_channel.h"
#include "control.h"
#include "locked.h"
#include "store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static int serve(struct jg_control *control)
{
	struct jg_channel channels[2] = {{.automatic = true}, {.automatic = true}};
	static const char *const names[] = {"worker 0", "worker 1"};
	struct jg_error err;
	for (unsigned i = 0; i < 2; i++) {
		const struct jg_control_member member = {.name = names[i], .channel = &channels[i]};
		if (jg_control_add(control, &member, &err) != 0)
			return EXIT_FAILURE;
	}
	if (jg_control_start(control, &err) != 0) {
		fprintf(stderr, "control_host: %s\n", err.text);
		return EXIT_FAILURE;
	}
	sigset_t wanted;
	(void)sigemptyset(&wanted);
	(void)sigaddset(&wanted, SIGHUP);
	(void)sigaddset(&wanted, SIGTERM);
	int got;
	while (sigwait(&wanted, &got) == 0 && got == SIGHUP)
		jg_control_reload(control);
	jg_control_stop(control);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct jg_error err;
	sigset_t blocked;
	if (argc != 2)
		return 2;
	(void)sigfillset(&blocked);
	(void)pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	jg_process_harden();
	jg_locked_adopt_json();
	if (jg_store_sqlite_lock_memory(&err) != 0)
		return EXIT_FAILURE;
	struct jg_problems problems = {0};
	struct jg_config *config = jg_config_load(argv[1], JG_CONFIG_ALL, &problems);
	jg_problems_print(&problems, argv[1], stderr);
	jg_problems_free(&problems);
	if (config == NULL)
		return EXIT_FAILURE;
	const struct jg_control_options options = {
		.config_path = argv[1], .config = config, .version = "control_host"};
	struct jg_control *control = jg_control_new(&options, &err);
	if (control == NULL) {
		fprintf(stderr, "control_host: %s\n", err.text);
		return EXIT_FAILURE;
	}
	int status = serve(control);
	jg_control_free(control);
	return status;
}
