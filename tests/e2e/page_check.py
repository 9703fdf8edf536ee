#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""page_check.py URL [SCREENSHOT.png]: open the gate's page in headless Chromium, over its debugging
pipe (no driver, no package). Tells what is wrong: content, live update, console, foreign requests."""
import base64
import json
import os
import select
import subprocess
import sys
import tempfile
import time

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--force-color-profile=srgb", "--hide-scrollbars", "--remote-debugging-pipe"]


class Browser:
    """Chromium reads commands on descriptor 3 and writes answers on 4, each ended by a NUL."""

    def __init__(self, folder):
        to_read, self.out = os.pipe()
        self.inp, to_write = os.pipe()
        # Descriptors 3 and 4 of the child, whatever numbers the pipes have here.
        shell = f"exec chromium \"$@\" 3<&{to_read} 4>&{to_write}"
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "chromium", *FLAGS, f"--user-data-dir={folder}", "about:blank"],
            pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.rest, self.number, self.session, self.events = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def read(self, patience=30):
        while b"\0" not in self.rest:
            if not select.select([self.inp], [], [], patience)[0]:
                raise SystemExit("Chromium does not answer")
            part = os.read(self.inp, 1 << 20)
            if not part:
                raise SystemExit("Chromium ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def value(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait(self, what, expression, patience=20):
        end = time.monotonic() + patience
        while not self.value(expression):
            if time.monotonic() > end:
                raise SystemExit(f"{what}: not within {patience} s; the page says:\n{self.value('document.body.innerText')}")
            time.sleep(0.1)

    def text(self, element):
        return self.value(f"document.getElementById('{element}').textContent")

    def size(self, width, height, mobile):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)


def troubles(events, url):
    for event in events:
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            yield "exception: " + json.dumps(params["exceptionDetails"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            yield "console: " + json.dumps(params["args"])
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            yield "log: " + params["entry"]["text"] + " " + params["entry"].get("url", "")
        elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(url):
            yield "a foreign request: " + params["request"]["url"]


def check(browser, url, screenshot):
    for domain in ("Page", "Runtime", "Log", "Network"):
        browser.call(domain + ".enable")
    browser.size(1100, 900, False)
    browser.call("Page.navigate", url=url)
    browser.wait("health", "document.getElementById('health')?.textContent === 'ready'")
    browser.wait("reasons", "[...document.querySelectorAll('#reasons td:first-child')].some(td => td.textContent === 'expired')")
    browser.wait("top offenders", "document.querySelector('#offenders td')?.textContent === 'livekit APIe2e'")
    browser.wait("percentiles", "/[µm]?s$/.test(document.getElementById('p99').textContent)")
    browser.wait("workers", "document.querySelector('#workers td')?.textContent === 'worker 0'")
    browser.wait("ports", "document.querySelector('#ports td')?.textContent === 'gate0'")
    # Live: the total grows without anything being loaded again.
    total = "Number(document.querySelector('#reasons tr td:nth-child(3)').textContent.replace(/[^0-9.]/g, ''))"
    before = browser.value(total)
    browser.wait("live update", f"{total} > {before}")
    browser.wait("a rate", "Number.parseFloat(document.getElementById('rate').textContent) > 0")
    browser.wait("the plot", "document.getElementById('plot-admitted').getAttribute('points').split(' ').length > 5")
    if screenshot:
        image = browser.call("Page.captureScreenshot", format="png")["data"]
        with open(screenshot, "wb") as file:
            file.write(base64.b64decode(image))
    # On a phone nothing is wider than the screen; in the dark the colours turn.
    browser.size(360, 740, True)
    if browser.value("document.documentElement.scrollWidth") > 360:
        raise SystemExit("wider than a phone")
    light = browser.value("getComputedStyle(document.body).backgroundColor")
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    if browser.value("getComputedStyle(document.body).backgroundColor") == light:
        raise SystemExit("no dark mode")
    found = list(troubles(browser.events, url))
    if found:
        raise SystemExit("\n".join(found))


def main():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            check(browser, sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
        finally:
            browser.process.kill()
            browser.process.wait()
    print("the page is as it should be")


main()
