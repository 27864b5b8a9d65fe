"""report_browser.py FOLDER PICTURES: looks at month.html and year.html of FOLDER in headless Chromium, by the DevTools protocol over a pipe, and leaves
pictures of them. Prints a line for each check; exit status 1 where one fails."""
import base64
import json
import os
import select
import signal
import subprocess
import sys
import time

folder, pictures = sys.argv[1], sys.argv[2]
PATIENCE_S = 60
failures = 0


def expect(what, expected, actual):
    global failures
    well = expected == actual
    failures += not well
    print(f"{'ok' if well else 'FAILED'}: {what}: " + (f"{actual}" if well else f"expected {expected!r}, came {actual!r}"), flush=True)


class Browser:
    """One tab. All that the browser tells stays in events."""

    def __init__(self):
        to_read, self.to = os.pipe()
        self.come, from_write = os.pipe()

        def place_pipes():  # the browser reads from 3 and writes to 4
            first, second = os.dup(to_read), os.dup(from_write)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run", "--no-default-browser-check", "--hide-scrollbars",
             f"--user-data-dir={folder}/profile", "--remote-debugging-pipe", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(f"{folder}/chromium.log", "w"), close_fds=False,
            preexec_fn=place_pipes, start_new_session=True)
        os.close(to_read)
        os.close(from_write)
        self.rest, self.number, self.session, self.events, self.answers = b"", 0, None, [], {}
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(domain + ".enable")

    def take(self, end):
        if not select.select([self.come], [], [], max(0, end - time.monotonic()))[0]:
            raise SystemExit("FAILED: the browser does not answer")
        got = os.read(self.come, 1 << 20)
        if not got:
            raise SystemExit("FAILED: the browser has ended")
        *messages, self.rest = (self.rest + got).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self.answers[message["id"]] = message
            else:
                self.events.append(message)

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data, end = json.dumps(message).encode() + b"\0", time.monotonic() + PATIENCE_S
        while data:
            data = data[os.write(self.to, data):]
        while self.number not in self.answers:
            self.take(end)
        answer = self.answers.pop(self.number)
        if "error" in answer:
            raise SystemExit(f"FAILED: {method}: {answer['error']}")
        return answer["result"]

    def open(self, name):
        self.events.clear()
        self.ask("Page.navigate", url=f"file://{folder}/{name}")
        end = time.monotonic() + PATIENCE_S
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.take(end)

    def evaluate(self, script):
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"FAILED: {script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def press(self, key, code, text=""):
        key = {"key": key, "code": key if key != " " else "Space", "windowsVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **key)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **key)

    def show(self, width, scheme="light", media="screen", mobile=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=mobile)
        self.ask("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, name):
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        with open(os.path.join(pictures, f"report-{name}.png"), "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def close(self):
        os.close(self.to)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        try:  # it leads a process group of its own
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


MARKS = "'.chart path:not(.axis), .chart rect, .chart use'"

CONTRAST = """(() => {
  function channels(color) { return color.match(/[\\d.]+/g).map(Number); }
  function light(color) {
    const [r, g, b] = channels(color).map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function behind(element) {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (channels(color)[3] !== 0) return color;
    }
    return 'rgb(255, 255, 255)';
  }
  function contrast(a, b) {
    const [x, y] = [light(a), light(b)].sort((m, n) => n - m);
    return (x + 0.05) / (y + 0.05);
  }
  const found = {texts: 0, marks: 0, bad: []};
  function judge(element, color, least, kind) {
    const ratio = contrast(color, behind(element));
    found[kind]++;
    if (ratio < least) found.bad.push(`${element.tagName}.${element.getAttribute('class')} ${color} ${ratio.toFixed(2)}`);
  }
  for (const element of document.body.querySelectorAll('*')) {
    const is_text = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== '');
    const style = getComputedStyle(element);
    if (is_text && !['SCRIPT', 'title'].includes(element.tagName))
      judge(element, element.tagName === 'text' ? style.fill : style.color, 4.5, 'texts');
  }
  for (const mark of document.querySelectorAll(""" + MARKS + """ + ', .icon > *')) {
    const style = getComputedStyle(mark);
    judge(mark, style.stroke !== 'none' ? style.stroke : style.fill, 3, 'marks');
  }
  return {texts: found.texts > 50, marks: found.marks > 100, bad: [...new Set(found.bad)]};
})()"""


def check_marks(browser):
    for name in ("year", "month"):
        browser.open(name + ".html")
        expect(f"marks of {name}", True, browser.evaluate(f"document.querySelectorAll({MARKS}).length") > 300)
        expect(f"marks of {name} without a title", 0, browser.evaluate(
            f"[...document.querySelectorAll({MARKS})].filter(mark => !/\\w+ \\w/.test(mark.querySelector(':scope > title')?.textContent)).length"))
        expect(f"shapes of {name} that are not there", 0, browser.evaluate(
            "[...document.querySelectorAll('use')].filter(use => !document.querySelector(use.getAttribute('href'))).length"))
        expect(f"marks of {name} that nobody sees", 0, browser.evaluate(
            f"[...document.querySelectorAll({MARKS})].filter(mark => {{ const box = mark.getBoundingClientRect();"
            " return box.width + box.height + parseFloat(getComputedStyle(mark).strokeWidth) < 2; }).length"))
    expect("kinds of marks", "b d g h m o t", browser.evaluate(
        "[...new Set([...document.querySelectorAll('.chart use')].map(use => use.getAttribute('href')[1])"
        ".concat([...document.querySelectorAll('.chart [class]:not(.axis)')].map(mark => mark.getAttribute('class'))))].sort().join(' ')"))


def check_sorting(browser):
    def column(number, of="textContent"):
        return browser.evaluate(f"[...document.querySelectorAll('tbody tr')].map(row => row.cells[{number}].{of})")

    browser.evaluate("document.activeElement.blur()")
    for _ in range(40):
        browser.press("Tab", 9)
        if browser.evaluate("document.activeElement.textContent") == "When":
            break
    expect("the tabulator comes to", "When", browser.evaluate("document.activeElement.textContent"))
    for key, order, is_falling in (("Enter", "ascending", False), (" ", "descending", True)):
        browser.press(key, 13 if key == "Enter" else 32, "\r" if key == "Enter" else " ")
        expect(f"aria-sort after {key!r}", order, browser.evaluate("document.activeElement.closest('th').getAttribute('aria-sort')"))
        times = [int(stamp) for stamp in column(3, "dataset.key")]
        expect(f"times after {key!r}", sorted(times, reverse=is_falling), times)
    browser.evaluate("document.querySelector('th button').click()")
    expect("names after a click", ["b0", "b1", "b2"], column(0))
    expect("columns that are sorted", 1, browser.evaluate("document.querySelectorAll('[aria-sort]').length"))


def check_policy(browser):
    expect("what runs of what is not the page's", [0, 2], browser.evaluate("""(async () => {
      const blocked = [];
      document.addEventListener('securitypolicyviolation', event => blocked.push(event.effectiveDirective));
      window.ran = 0;
      const script = document.createElement('script');
      script.textContent = 'window.ran = 1';
      document.body.append(script);
      const image = new Image();
      await new Promise(done => { image.onerror = done; image.src = 'http://127.0.0.1:9/x.png'; });
      script.remove();
      for (let i = 0; i < 100 && blocked.length < 2; i++) await new Promise(done => setTimeout(done, 50));
      return [window.ran, blocked.length];
    })()"""))


def check_requests(browser):
    for name in ("year", "month"):
        browser.open(name + ".html")
        browser.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        expect(f"requests of {name}", [f"file://{folder}/{name}.html"],
               [event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent"])
        expect(f"complaints about {name}", [], [event["params"] for event in browser.events
                                                if event["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")])


def check_looks(browser):
    nothing = {"texts": True, "marks": True, "bad": []}
    for scheme in ("light", "dark"):
        browser.show(1100, scheme)
        expect(f"contrast, {scheme}", nothing, browser.evaluate(CONTRAST))
        browser.picture("wide" if scheme == "light" else "dark")
    browser.show(360, mobile=True)
    expect("width on a phone", 360, browser.evaluate("document.documentElement.scrollWidth"))
    expect("the drawing shows its end", True, browser.evaluate(
        "(() => { const chart = document.querySelector('.chart');"
        " return chart.scrollWidth > chart.clientWidth && chart.getBoundingClientRect().right >= chart.firstElementChild.getBoundingClientRect().right - 1; })()"))
    expect("the names of the lanes, out of sight", 0, browser.evaluate(
        "[...document.querySelectorAll('.chart')].filter(chart => { const box = chart.getBoundingClientRect(), names = chart.lastElementChild,"
        " at = names.getBoundingClientRect(); return !/drills.*mail.*polls/s.test(names.textContent) || Math.abs(at.left - box.left) > 1"
        " || Math.abs(at.height - chart.firstElementChild.getBoundingClientRect().height) > 1; }).length"))
    browser.picture("narrow")
    browser.show(700, "dark", "print")
    expect("contrast, printed", nothing, browser.evaluate(CONTRAST))
    expect("paper", "rgb(255, 255, 255)", browser.evaluate("getComputedStyle(document.body).backgroundColor"))
    expect("what is wider than paper", [], browser.evaluate(
        "[document.documentElement, ...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.className)"))
    browser.picture("print")
    paper = base64.b64decode(browser.ask("Page.printToPDF", printBackground=True)["data"])
    expect("a page for the printer", b"%PDF-", paper[:5])


def check_without_script(browser):
    browser.show(1100)
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.open("month.html")
    expect("what is there without script", [3, 3, 1, False], browser.evaluate(
        "[document.querySelectorAll('figure').length, document.querySelectorAll('tbody tr').length, document.querySelectorAll('.wrong .bad').length,"
        " document.documentElement.classList.contains('js')]"))


browser = Browser()
try:
    for check in (check_marks, check_sorting, check_policy, check_requests, check_looks, check_without_script):
        check(browser)
finally:
    browser.close()
sys.exit(failures > 0)
