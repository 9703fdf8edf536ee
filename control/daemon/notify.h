// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the service manager is told (sd_notify(3)), without its library. Without $NOTIFY_SOCKET: nothing. */

#include <stdint.h>

/** "READY=1", "STOPPING=1", ...; a manager that does not take it is not waited for. */
void jg_notify(const char *state);

/** How often it wants to hear "WATCHDOG=1", in nanoseconds; 0 = it does not. */
uint64_t jg_notify_watchdog_ns(void);
