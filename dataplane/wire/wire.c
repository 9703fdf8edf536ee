// SPDX-License-Identifier: BSD-3-Clause
#include <joingate/wire.h>
