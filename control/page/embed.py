#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""embed.py OUT FILE...: the files as C arrays, with the path and type each is served under."""
import os
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


def main():
    rows = []
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write('#include "page.h"\n')
        for number, path in enumerate(sys.argv[2:]):
            with open(path, "rb") as file:
                content = file.read()
            name = os.path.basename(path)
            served = "/" if name == "index.html" else "/" + name
            out.write(f"static const unsigned char file_{number}[] = {{\n")
            for at in range(0, len(content), 20):
                out.write("\t" + "".join(f"{byte}, " for byte in content[at:at + 20]) + "\n")
            out.write("};\n")
            rows.append(f'\t{{"{served}", "{TYPES[os.path.splitext(name)[1]]}", '
                        f"file_{number}, sizeof(file_{number})}},\n")
        out.write("const struct jg_page_file jg_page_files[] = {\n" + "".join(rows) + "};\n")
        out.write("const size_t jg_page_files_n = sizeof(jg_page_files) / sizeof(jg_page_files[0]);\n")


main()
