"""One keep-alive connection to a KalamDB server, for statements that are measured one by one."""

import base64
import hashlib
import hmac
import http.client
import json
import time

DEFAULT_SECRET = "kalamdb-dev-secret-key-change-in-production"


def token(user, secret=DEFAULT_SECRET):
    """A JWT (HS256) for `user` with role "user": what bench/load/token.h signs."""
    def encoded(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    now = int(time.time())
    claims = {"sub": user, "user_id": user, "iat": now, "exp": now + 86_400, "roles": ["user"]}
    signed = b".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return (signed + b"." + encoded(hmac.new(secret.encode(), signed, hashlib.sha256).digest())).decode()


class Client:
    """`user`: who asks, with a token; without one the local administrator."""

    def __init__(self, port, user=None):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._headers = {"Authorization": f"Bearer {token(user)}"} if user else {}

    def post(self, text):
        """(status, headers, body): for answers that may be refusals."""
        self._connection.request("POST", "/v1/api/sql", json.dumps({"sql": text}), self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def sql(self, text):
        status, _, body = self.post(text)
        answer = json.loads(body)
        if status != 200 or answer["status"] != "success":
            raise RuntimeError(f"{text[:200]}: {body[:500]}")
        return answer

    def rows(self, text):
        return self.sql(text)["results"][0]["rows"]

    def millis(self, text):
        begin = time.perf_counter()
        self.sql(text)
        return (time.perf_counter() - begin) * 1000


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
