#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""House rules on the C sources: borders | banned | hot | sizes (see CONTRIBUTING.md)."""
import fnmatch
import json
import re
import statistics
import subprocess
import sys

# What each layer may include, first match by path. A border is an allow-list: what is not named is
# forbidden. Quoted includes without a folder are the layer's own headers.
C11 = r"<(assert|ctype|errno|float|inttypes|limits|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdlib|string)\.h>"
PUBLIC = r"<joingate/\w+\.h>"
OWN = r'"[\w.]+\.h"'
INTERNAL = r'"internal/\w+\.h"'
NO_DPDK = r"<(?!rte_|intel-ipsec|linux/if_xdp)[\w./-]+\.h>"
BORDERS = [
    ("include/joingate/*", [PUBLIC, r"<(stdbool|stddef|stdint)\.h>"]),
    ("include/internal/config.h", [PUBLIC, INTERNAL, C11, r"<stdio\.h>"]),
    ("include/internal/*", [PUBLIC, INTERNAL, C11]),
    ("dataplane/token/simd/*", [PUBLIC, r'"internal/(base|mac)\.h"', r'"(\.\./|simd/)?\w+\.h"', C11,
                                r"<(immintrin|x86intrin|cpuid)\.h>"]),
    ("dataplane/token/mac_imb*.c", [PUBLIC, r'"internal/(base|mac)\.h"', OWN, r'"simd/cpu\.h"', C11, r"<intel-ipsec-mb\.h>"]),
    ("dataplane/token/rs256*.c", [PUBLIC, r'"internal/(base|mac)\.h"', OWN, C11, r"<openssl/\w+\.h>"]),
    ("dataplane/token/deflate*.c", [PUBLIC, r'"internal/(base|mac)\.h"', OWN, C11, r"<(zlib|libdeflate)\.h>"]),
    ("dataplane/token/base.c", [PUBLIC, r'"internal/(base|mac)\.h"', OWN, C11, r"<stdio\.h>"]),
    ("dataplane/token/detail.c", [PUBLIC, r'"internal/(base|mac)\.h"', OWN, C11, r"<stdio\.h>"]),
    ("dataplane/token/pages.c", [OWN, r'"internal/base\.h"', C11, r"<sys/mman\.h>"]),
    ("dataplane/token/fingerprint.c", [r'"internal/(fingerprint|mac)\.h"']),
    ("dataplane/token/*", [PUBLIC, r'"internal/(base|mac)\.h"', OWN, r'"simd/\w+\.h"', C11, r"<sys/random\.h>"]),
    ("dataplane/wire/*", [PUBLIC, r'"internal/(base|mac|front_end|order|wire_mac|wire_reply)\.h"', OWN, C11]),
    ("dataplane/rings/*", [PUBLIC, r'"internal/(base|channel|spool)\.h"', OWN, C11, r"<rte_(ring|ring_elem|errno|common|malloc|memory)\.h>"]),
    ("dataplane/net/checksum_avx512.c", [OWN, r"<immintrin\.h>"]),
    ("dataplane/net/*", [PUBLIC, INTERNAL, OWN, C11, r"<rte_\w+\.h>", r"<(stdio|unistd|time|ifaddrs|dirent|mntent|sched)\.h>",
                         r"<(net|netinet|arpa|sys|linux)/[\w.]+\.h>"]),
    ("control/cli/*", [PUBLIC, r'"internal/\w+\.h"', r'"(\.\./)?(config/)?\w+\.h"', NO_DPDK]),
    ("control/daemon/*", [r".*"]),
    ("control/*", [PUBLIC, r'"internal/\w+\.h"', r'"(\.\./)?(\w+/)?\w+\.h"', NO_DPDK]),
]
BANNED = r"\b(strcpy|strcat|sprintf|vsprintf|strtok|strncpy|strncat|atoi|atol|atof|alloca|gets|system|tmpnam|mktemp)\s*\("
RAW_COMPARE = r"\bmemcmp\s*\("
# Calls that a loop over tokens or packets must not make, and the functions around it that may:
# those that create, describe and take down.
HOT = ["dataplane/token/*.c", "dataplane/token/simd/*.c", "dataplane/wire/*.c", "dataplane/rings/*.c",
       "dataplane/net/worker*.c", "dataplane/net/frame*.c", "dataplane/net/plain.c", "dataplane/net/reply*.c",
       "dataplane/net/reassembly*.c", "dataplane/net/witness.c"]
HOT_CALLS = (r"\b(malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|strdup|strndup|free"
             r"|rte_malloc\w*|rte_zmalloc\w*|rte_free|printf|fprintf|snprintf|vsnprintf|puts|perror|syslog"
             r"|rte_log|RTE_LOG|time|clock_gettime|gettimeofday|clock|rdtsc|__rdtsc|nanosleep|usleep"
             r"|pthread_\w+|mtx_\w+|getenv|open|fopen|read|write|socket)\s*\(")
CYCLES = "dataplane/token/simd/cpu.c"  # calibration alone reads the cycle counter
COLD_NAME = (r"(_new|_free|_init|_fini|_build\w*|_builder\w*|_add\w*|_allow|_override|_set\w*|_reclaim|_grow\w*"
             r"|_describe|_detail|_create\w*|_destroy\w*|_open|_close|_measure\w*|_calibrate\w*|_select\w*"
             r"|_alloc\w*|_copy\w*|_load\w*|_wipe\w*|_parse_pem|_start|_stop)$|^(alloc|select|take|measure)_")
PUBLISHED = {"jg_refresh_burst"}  # the public interface as declared
FUNCTION_MAX, FILE_MAX, PARAMETERS_MAX, HEADERS_MAX = 100, 600, 6, 850


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", *patterns], check=True, capture_output=True, text=True)
    return out.stdout.split()


def code(path):
    """The lines of a file with comments and string contents blanked out, line numbers kept."""
    with open(path, encoding="utf-8") as file:
        text = file.read()

    def blank(match):
        found = match.group(0)
        if found.startswith('"'):
            return '""'
        return re.sub(r"[^\n]", " ", found)
    return re.sub(r'"(\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', blank, text, flags=re.S).split("\n")


def functions(paths):
    """Functions as (path, name, first line, last line, parameters), from universal-ctags."""
    if not paths:
        return []
    command = ["ctags", "--output-format=json", "--fields=+neSt", "--kinds-C=f", "--language-force=C",
               "-D", "JG_COLD=", "-D", "JG_MUST_CHECK=", "-D", "JG_API=", "-f", "-", *paths]
    out = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = [json.loads(line) for line in out.stdout.splitlines()]
    return [(r["path"], r["name"], r["line"], r.get("end", r["line"]),
             0 if r.get("signature", "()") in ("()", "(void)") or "MHD_" in r.get("typeref", "")
             else split_parameters(r["signature"]))  # libmicrohttpd fixes its callbacks' parameters
            for r in rows if r["_type"] == "tag"]


def split_parameters(signature):
    if "struct MHD_Connection *" in signature:
        return 0  # libmicrohttpd decides what its callbacks take
    depth, n = 0, 1
    for c in signature[1:-1]:
        depth += (c == "(") - (c == ")")
        n += c == "," and depth == 0
    return n


def borders():
    problems = []
    for path in tracked("include/*", "dataplane/*", "control/*"):
        if not path.endswith((".c", ".h")):
            continue
        allowed = next(rules for pattern, rules in BORDERS if fnmatch.fnmatch(path, pattern))
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                found = re.match(r'\s*#\s*include\s+(<[^>]+>|"[^"]+")', line)
                if found and not any(re.fullmatch(rule, found.group(1)) for rule in allowed):
                    problems.append(f"{path}:{number}: {found.group(1)} is across a layer border")
        if path.startswith("dataplane/net/"):
            for number, line in enumerate(code(path), 1):
                if re.search(r"JG_VENDOR_(LIVEKIT|STREAM|OPENTOK|VONAGE|AGORA)\b", line):
                    problems.append(f"{path}:{number}: net knows no vendor")
    return problems


def banned():
    problems = []
    for path in tracked("*.c", "*.h"):
        for number, line in enumerate(code(path), 1):
            if re.search(BANNED, line) and not path.startswith("tests/"):
                problems.append(f"{path}:{number}: banned call: {line.strip()}")
            if path.startswith("dataplane/token/") and re.search(RAW_COMPARE, line) and \
                    re.search(r"\b(mac|digest|sig|signature|secret|tag)\w*\b", line):
                problems.append(f"{path}:{number}: compare MACs with jg_memeq_ct(): {line.strip()}")
    return problems


def hot():
    problems = []
    paths = [p for p in tracked("dataplane/*.c") if any(fnmatch.fnmatch(p, h) for h in HOT)]
    spans = functions(paths)
    for path in paths:
        raw = open(path, encoding="utf-8").read().split("\n")
        for number, line in enumerate(code(path), 1):
            found = re.search(HOT_CALLS, line)
            if not found:
                continue
            around = [f for f in spans if f[0] == path and f[2] <= number <= f[3]]
            if not around:
                continue
            _, name, first, _, _ = around[-1]
            if re.search(COLD_NAME, name) or any("JG_COLD" in raw[i] for i in range(max(0, first - 2), first)):
                continue
            own = {f[1] for f in spans if f[0] == path} | set(re.findall(r"\(\*(\w+)\)\(", "\n".join(raw)))
            if found.group(1) in own or (found.group(1) == "__rdtsc" and path == CYCLES):
                continue
            problems.append(f"{path}:{number}: {found.group(1)}() in {name}(), which is on the tokens' way")
    return problems


def sizes():
    problems = []
    paths = tracked("*.c", "*.h")
    lengths = []
    for path, name, first, last, parameters in functions(paths):
        lines = last - first + 1
        if path.endswith(".c") and not path.startswith(("tests/", "bench/")):
            lengths.append(lines)
        if lines > FUNCTION_MAX:
            problems.append(f"{path}:{first}: {name}() has {lines} lines, at most {FUNCTION_MAX}")
        if parameters > PARAMETERS_MAX and name not in PUBLISHED:
            problems.append(f"{path}:{first}: {name}() has {parameters} parameters, at most {PARAMETERS_MAX}")
    files = {p: sum(1 for _ in open(p, encoding="utf-8")) for p in paths}
    problems += [f"{p}: {n} lines, at most {FILE_MAX}" for p, n in files.items() if n > FILE_MAX]
    headers = sum(n for p, n in files.items() if p.startswith("include/joingate/"))
    if headers > HEADERS_MAX:
        problems.append(f"include/joingate: {headers} lines, at most {HEADERS_MAX}")
    if lengths:
        p90 = statistics.quantiles(lengths, n=10)[-1] if len(lengths) > 1 else lengths[0]
        product = [n for p, n in files.items() if p.endswith(".c") and p.startswith(("dataplane/", "control/"))]
        print(f"functions: {len(lengths)}, median {statistics.median(lengths):.0f}, p90 {p90:.0f}, "
              f"max {max(lengths)} lines; .c files: median {statistics.median(product):.0f}, max {max(product)}; "
              f"public headers: {headers} lines")
    return problems


def main():
    checks = {"borders": borders, "banned": banned, "hot": hot, "sizes": sizes}
    if len(sys.argv) != 2 or sys.argv[1] not in checks:
        print(f"usage: code_checks.py {'|'.join(checks)}", file=sys.stderr)
        return 2
    problems = checks[sys.argv[1]]()
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


sys.exit(main())
