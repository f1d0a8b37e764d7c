"""A headless Chromium, spoken to over its DevTools protocol. Standard library only."""
import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import time
import urllib.request

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page:
    """One page. `errors` collects what its console and its exceptions say."""

    def __init__(self, url, folder, width, height):
        self.errors, self.last = [], 0
        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--remote-debugging-port=0", f"--user-data-dir={folder}",
             f"--window-size={width},{height}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.socket = self._connect(folder)
            self.call("Runtime.enable")
            self.call("Log.enable")
            self.call("Page.enable")
            self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
            self.call("Page.navigate", url=url)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.kill()
        self.process.wait()

    def call(self, method, **parameters):
        self.last += 1
        self._send(json.dumps({"id": self.last, "method": method, "params": parameters}).encode())
        while True:
            message = json.loads(self._receive())
            self._note(message)
            if message.get("id") == self.last:
                assert "error" not in message, f"{method}: {message}"
                return message["result"]

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, expression, seconds=20):
        end = time.monotonic() + seconds
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.1)

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def _note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown" or (method == "Runtime.consoleAPICalled" and parameters["type"] == "error"):
            self.errors.append(parameters)
        if method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters)

    def _connect(self, folder):
        end = time.monotonic() + 30
        port_file = os.path.join(folder, "DevToolsActivePort")
        while not os.path.exists(port_file) or not open(port_file).read().strip():
            assert time.monotonic() < end and self.process.poll() is None, "Chromium does not start"
            time.sleep(0.1)
        port = int(open(port_file).read().split()[0])
        pages = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list"))
        url = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        path = url.split(str(port), 1)[1]
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
                           "Sec-WebSocket-Version: 13\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        assert b" 101 " in head, head
        return connection

    def _send(self, payload):
        size = len(payload)
        length = struct.pack("!B", 0x80 | size) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
        self.socket.sendall(b"\x81" + length + b"\0\0\0\0" + payload)  # masked with zeros

    def _bytes(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            assert part, "Chromium has closed the connection"
            data += part
        return data

    def _receive(self):
        payload, final = b"", False
        while not final:
            first, second = self._bytes(2)
            size = second & 0x7f
            if size >= 126:
                (size,) = struct.unpack("!H" if size == 126 else "!Q", self._bytes(2 if size == 126 else 8))
            final = bool(first & 0x80)
            part = self._bytes(size)
            if first & 0x0f in (0, 1):
                payload += part
            else:
                final = False  # a ping
        return payload
