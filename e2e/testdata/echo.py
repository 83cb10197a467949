# Answers with what it was asked: the path, and the headers as they came.
import http.server


class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"asked {self.path}\n{self.headers}".encode())

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Echo).serve_forever()
