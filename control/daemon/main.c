// SPDX-License-Identifier: BSD-3-Clause
// joingated: starts the layers in order, waits for signals, stops them in reverse.
#include "control.h"
#include "internal/config.h"
#include "internal/gate.h"
#include "locked.h"
#include "log.h"
#include "metrics.h"
#include "notify.h"
#include "store.h"
#include "tell.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define VERSION "joingated " JG_VERSION
#define DEFAULT_CONFIG "joingate.json"
#define READY_STEPS 1000 // of 10 ms

static const char usage[] =
	"joingated - the gate\n"
	"\n"
	"  joingated [--config FILE]\n"
	"\n"
	"  -c, --config FILE  settings, " DEFAULT_CONFIG " when not given; `joingate check FILE` "
	"tells mistakes\n"
	"  -V, --version      print the version\n"
	"  -h, --help         print this text\n"
	"\n"
	"SIGHUP reads the settings again; a bad file changes nothing. SIGTERM and SIGINT end it: "
	"what\n"
	"has arrived is still answered, for a second at most. Needs CAP_NET_RAW for ports on "
	"network interfaces.\n"
	"\n"
	"Exit status: 0 stopped by a signal, 1 could not start, 2 bad usage.\n";

struct daemon {
	const char *config_path;
	struct jg_gate *gate;
	struct jg_control *control;
	struct jg_control_ports ports;
	struct jg_metrics *metrics;
	sigset_t signals;
	uint64_t beats[JG_WORKERS_MAX + 1]; // of each member's loop, when it was last looked at
};

static int fail(const char *text)
{
	jg_log(JG_LOG_ERROR, "start", "%s", text);
	return 1;
}

// 0: go on; else the exit status plus one.
static int read_options(struct daemon *d, int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"version", no_argument, NULL, 'V'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};

	for (int c; (c = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			d->config_path = optarg;
			break;
		case 'V':
			puts(VERSION);
			return 1;
		case 'h':
			fputs(usage, stdout);
			return 1;
		default:
			fputs("joingated: see joingated --help\n", stderr);
			return 3;
		}
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "joingated: unexpected argument %s; see joingated --help\n", argv[optind]);
	return 3;
}

// Threads inherit the mask: signals reach sigwait() alone.
static void hold_signals(struct daemon *d)
{
	sigemptyset(&d->signals);
	sigaddset(&d->signals, SIGHUP);
	sigaddset(&d->signals, SIGINT);
	sigaddset(&d->signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &d->signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static struct jg_config *load(const char *path)
{
	struct jg_problems problems = {0};
	struct jg_config *config = jg_config_load(path, JG_CONFIG_ALL, &problems);

	jg_problems_print(&problems, path, stderr);
	jg_problems_free(&problems);
	return config;
}

static struct jg_gate *start_gate(const struct jg_config *config, struct jg_error *err)
{
	struct jg_gate_options options = {.ports = config->ports,
		.ports_n = config->ports_n,
		.workers = (unsigned)config->workers,
		.burst = (unsigned)config->burst,
		.udp_port = (uint16_t)config->listen_udp,
		.idle = config->idle,
		.eal_extra = config->eal_extra,
		.eal_extra_n = config->eal_extra_n};

	return jg_gate_start(&options, err);
}

static int add_members(struct daemon *d, struct jg_error *err)
{
	int result = 0;

	for (unsigned i = 0; result == 0 && i < jg_gate_members(d->gate); i++) {
		struct jg_control_member member = {.name = jg_gate_member_name(d->gate, i),
			.channel = jg_gate_channel(d->gate, i),
			.counters = jg_gate_counters(d->gate, i),
			.describe = jg_gate_member_describe(d->gate, i),
			.witness = jg_gate_witness(d->gate, i)};

		result = jg_control_add(d->control, &member, err);
	}
	return result;
}

static int read_port(const void *gate, unsigned port, struct jg_port_stats *stats)
{
	return jg_gate_port_stats(gate, port, stats);
}

// Before control starts: from then on the configuration is control's to replace.
static int start_watching(struct daemon *d, const struct jg_config *config, struct jg_error *err)
{
	const struct jg_metrics_options options = {.control = d->control,
		.listen = config->metrics_listen,
		.hosts = config->metrics_hosts,
		.hosts_n = config->metrics_hosts_n};

	d->ports = (struct jg_control_ports){.gate = d->gate,
		.n = jg_gate_ports(d->gate),
		.cycles_per_second = jg_gate_cycles_per_second(d->gate),
		.read = read_port};
	jg_control_watch_ports(d->control, &d->ports);
	if (options.listen.family == 0)
		return 0;
	d->metrics = jg_metrics_start(&options, err);
	return d->metrics == NULL ? -EADDRINUSE : 0;
}

// What is locked in memory is root's to lock; without this the user's limit would count from now on.
static void keep_locking(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	(void)setrlimit(RLIMIT_MEMLOCK, &all);
}

// The ports are open by now; what is left to do needs no rights but those on our own files.
static int become_user(const struct daemon *d, const char *name, struct jg_error *err)
{
	const struct passwd *user = name == NULL ? NULL : getpwnam(name);

	if (name == NULL)
		return 0;
	if (user == NULL) {
		jg_error_set(err, "user: there is no user %s on this machine", name);
		return -ENOENT;
	}
	int result = jg_control_give(d->control, user->pw_uid, user->pw_gid, err);
	if (result != 0)
		return result;
	keep_locking();
	if (initgroups(name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
		setuid(user->pw_uid) != 0) {
		jg_error_set(err, "user: cannot become %s: %s", name, strerror(errno));
		return -EPERM;
	}
	return 0;
}

// Before any secret is read: no core files, and what JSON and SQLite hold is locked in memory.
static int guard_secrets(struct jg_error *err)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	jg_locked_adopt_json();
	return jg_store_sqlite_lock_memory(err);
}

static void announce(const struct daemon *d)
{
	for (unsigned i = 0; i < jg_gate_members(d->gate); i++)
		jg_log(JG_LOG_INFO, "start", "%s: %s", jg_gate_member_name(d->gate, i),
			jg_gate_member_describe(d->gate, i));
	for (unsigned i = 0; i < jg_gate_ports(d->gate); i++) {
		struct jg_port_stats port;

		if (jg_gate_port_stats(d->gate, i, &port) != 0)
			continue;
		jg_log(JG_LOG_INFO, "port", "port %s: %s, mtu %u, %u queue%s, %u packet buffers",
			port.device, port.driver, port.mtu, port.queues,
			port.queues == 1 ? "" : "s", port.mbufs);
	}
}

static int start(struct daemon *d, struct jg_error *err)
{
	struct jg_config *config = load(d->config_path);

	if (config == NULL) {
		jg_error_set(err, "%s cannot be used", d->config_path);
		return -EINVAL;
	}
	jg_log_set((enum jg_log_format)config->log_format, (enum jg_log_level)config->log_level);
	char *user = config->user.p == NULL ? NULL : strdup(config->user.p);
	d->gate = start_gate(config, err);
	if (d->gate == NULL) {
		jg_config_free(config);
		free(user);
		return -EINVAL;
	}
	struct jg_control_options options = {
		.config_path = d->config_path, .config = config, .version = VERSION};
	d->control = jg_control_new(&options, err); // owns the configuration from here on
	int result = d->control == NULL ? -EINVAL : add_members(d, err);
	if (result == 0)
		result = start_watching(d, config, err);
	if (result == 0)
		result = jg_control_start(d->control, err);
	const struct jg_gate_teller teller = {.arg = d->control, .tell = jg_control_tell};
	if (result == 0)
		jg_gate_tell_by(d->gate, &teller);
	if (result == 0)
		result = become_user(d, user, err);
	free(user);
	return result;
}

static void stop(struct daemon *d)
{
	jg_metrics_stop(d->metrics);
	if (d->control != NULL)
		jg_control_stop(d->control);
	jg_gate_stop(d->gate);
	jg_control_free(d->control);
}

static void wait_until_ready(const struct daemon *d)
{
	for (unsigned i = 0; i < READY_STEPS && !jg_control_ready(d->control); i++)
		poll(NULL, 0, 10);
	jg_notify("READY=1");
	if (jg_control_ready(d->control))
		jg_log(JG_LOG_INFO, "ready", "ready");
	else
		jg_log(JG_LOG_WARNING, "start", "not every worker has the settings yet");
}

// Every loop has turned since the last look.
static bool loops_turn(struct daemon *d)
{
	struct jg_heartbeat beats[JG_WORKERS_MAX + 1];
	unsigned n = jg_control_heartbeats(d->control, beats, JG_WORKERS_MAX + 1);
	bool turn = true;

	for (unsigned i = 0; i < n; i++) {
		turn = turn && beats[i].turns != d->beats[i];
		d->beats[i] = beats[i].turns;
	}
	return turn;
}

// The next signal that is not a reload; the service manager's watchdog is fed meanwhile.
static int wait_for_end(struct daemon *d)
{
	uint64_t ns = jg_notify_watchdog_ns();
	const struct timespec turn = {
		.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};

	for (;;) {
		int number = sigtimedwait(&d->signals, NULL, ns > 0 ? &turn : NULL);

		if (number == SIGHUP)
			jg_control_reload(d->control);
		else if (number > 0)
			return number;
		if (ns > 0 && loops_turn(d))
			jg_notify("WATCHDOG=1");
	}
}

static void serve(struct daemon *d)
{
	int number = wait_for_end(d);

	jg_notify("STOPPING=1");
	jg_log(JG_LOG_INFO, "stop", "stopping on %s", strsignal(number));
	jg_control_drain(d->control, true);
}

int main(int argc, char **argv)
{
	struct daemon d = {.config_path = DEFAULT_CONFIG};
	struct jg_error err = {.text = ""};
	int status = read_options(&d, argc, argv);

	if (status != 0)
		return status - 1;
	hold_signals(&d);
	if (guard_secrets(&err) != 0 || start(&d, &err) != 0) {
		stop(&d);
		return fail(err.text);
	}
	jg_process_harden(); // last, as becoming another user undoes it
	announce(&d);
	wait_until_ready(&d);
	serve(&d);
	stop(&d);
	return 0;
}
