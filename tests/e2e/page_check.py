#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""page_check.py URL [FOLDER]: open the gate's page in headless Chromium, over its debugging pipe (no
driver, no package). Tells what is wrong: content, live update, console, foreign requests, and what
cannot be read on a desk or a phone, by day or by night. FOLDER: where pictures of these four are put."""
import base64
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import time

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--force-color-profile=srgb",
         "--hide-scrollbars", "--remote-debugging-pipe"]


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


# Of every text that can be seen: what it is read against, and whether it is all there. WCAG 2.1, 1.4.3.
READABLE = """(() => {
	const colour = (css) => css.match(/[0-9.]+/g).map(Number);
	const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
		.map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (node) => {
		for (; node; node = node.parentElement) {
			const back = colour(getComputedStyle(node).backgroundColor);
			if (back.length === 3 || back[3] > 0)
				return back;
		}
		return [255, 255, 255];
	};
	const wrong = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const text = walk.currentNode.textContent.trim();
		const node = walk.currentNode.parentElement;
		if (text === "" || node.getClientRects().length === 0)
			continue;
		const style = getComputedStyle(node);
		const [a, b] = [light(colour(style.color)), light(behind(node))].sort((x, y) => y - x);
		if ((a + 0.05) / (b + 0.05) < 4.5)
			wrong.push(`${text}: contrast ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
		if (Number.parseFloat(style.fontSize) < 12)
			wrong.push(`${text}: ${style.fontSize} high`);
		const range = document.createRange();
		range.selectNodeContents(walk.currentNode);
		if (range.getBoundingClientRect().right > innerWidth || range.getBoundingClientRect().left < 0)
			wrong.push(`${text}: reaches beyond the screen`);
	}
	if (document.documentElement.scrollWidth > innerWidth)
		wrong.push("the page is wider than the screen");
	return wrong.join("\\n");
})()"""


def check_views(browser, folder):
    """Readable on a desk and on a phone, by day and by night."""
    for name, width, height, mobile in (("desk", 1100, 900, False), ("phone", 390, 844, True)):
        for scheme in ("light", "dark"):
            browser.size(width, height, mobile)
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            view = f"{name}-{scheme}"
            if browser.value("matchMedia('(prefers-color-scheme: dark)').matches") != (scheme == "dark"):
                raise SystemExit(f"{view}: Chromium does not turn {scheme}")
            wrong = browser.value(READABLE)
            if folder:
                image = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
                with open(os.path.join(folder, view + ".png"), "wb") as file:
                    file.write(base64.b64decode(image))
            if wrong:
                raise SystemExit(f"{view}:\n{wrong}")
            back = browser.value("getComputedStyle(document.body).backgroundColor")
            if (sum(map(int, re.findall(r"\d+", back)[:3])) < 384) != (scheme == "dark"):
                raise SystemExit(f"{view}: the page's ground is {back}")


def check(browser, url, folder):
    for domain in ("Page", "Runtime", "Log", "Network"):
        browser.call(domain + ".enable")
    browser.size(1100, 900, False)
    browser.call("Page.navigate", url=url)
    browser.wait("health", "document.getElementById('health')?.textContent === 'ready'")
    browser.wait("reasons", "[...document.querySelectorAll('#reasons td:first-child')].some(td => td.textContent === 'expired')")
    for app in ("livekit APIe2e", "agora 3f1c9a7e5b2d4860a1b2c3d4e5f60718"):
        browser.wait("top offenders", f"[...document.querySelectorAll('#offenders td')].some(td => td.textContent === '{app}')")
    browser.wait("percentiles", "/[µm]?s$/.test(document.getElementById('p99').textContent)")
    browser.wait("workers", "document.querySelector('#workers td')?.textContent === 'worker 0'")
    browser.wait("ports", "document.querySelector('#ports td')?.textContent === 'gate0'")
    browser.wait("stages", "[...document.querySelectorAll('#stages tr')].map(tr => tr.children[0].textContent).join() === 'rx,parse,verify,reply,tx'"
                 " && /[µm]?s$/.test(document.querySelector('#stages tr:nth-child(3) td:nth-child(2)').textContent)")
    browser.wait("secrets", "[...document.querySelectorAll('#secrets tr')].some(tr => /^livekit APIe2e a active .* s ago$/"
                 ".test([...tr.children].map(td => td.textContent).join(' ')))")
    # Live: the total grows without anything being loaded again.
    total = "Number(document.querySelector('#reasons tr td:nth-child(3)').textContent.replace(/[^0-9.]/g, ''))"
    before = browser.value(total)
    browser.wait("live update", f"{total} > {before}")
    browser.wait("a rate", "Number.parseFloat(document.getElementById('rate').textContent) > 0")
    points = 60 if folder else 3 # a picture shows more of the plot
    browser.wait("the plot", f"document.getElementById('plot-admitted').getAttribute('points').split(' ').length > {points}", 120)
    check_views(browser, folder)
    found = list(troubles(browser.events, url))
    if found:
        raise SystemExit("\n".join(found))
    # A worker whose loop does not turn is shown. The page gets these figures from us, before its next look.
    worker = "document.querySelector('#workers td').textContent"
    still = browser.value("(() => { const last = looks.at(-1).stats; take({...last, state: {...last.state, time: last.state.time + 4}}); return " + worker + "; })()")
    if still != "worker 0 stands still":
        raise SystemExit(f"a worker that stands still is shown as {still}")
    browser.wait("a worker that goes on", worker + " === 'worker 0'")
    # An outage is said, and its end. Chromium notes the failed requests on the console: not asked above.
    for offline, word in ((True, "no answer"), (False, "ready")):
        browser.call("Network.emulateNetworkConditions", offline=offline, latency=0, downloadThroughput=-1, uploadThroughput=-1)
        browser.wait("an outage", f"document.getElementById('health').textContent === '{word}'")


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
