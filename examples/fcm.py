"""FCM HTTP v1 with a service account, over Python's own library. Debian: python3-cryptography."""
import base64, json, ssl, time
from urllib import error, parse, request
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding


def encode(value):
    written = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(written).rstrip(b"=")


class Fcm:
    def __init__(self, endpoint, tokenEndpoint, ca, serviceAccount):
        with open(serviceAccount) as file:
            self.account = json.load(file)
        self.grant_url = f"{tokenEndpoint}/token"
        self.send_url = f"{endpoint}/v1/projects/{self.account['project_id']}/messages:send"
        self.tls, self.access = ssl.create_default_context(cafile=ca), None

    def push(self, token, data, urgent):
        """Status and body of Google's answer; status 0: there was none."""
        self.access = self.access or self.grant()
        android = {"priority": "high" if urgent else "normal", "ttl": "86400s"}
        body = json.dumps({"message": {"token": token, "data": data, "android": android}}).encode()
        status, text = self.post(self.send_url, body, Authorization=f"Bearer {self.access}")
        self.access = None if status == 401 else self.access
        return status, text

    def grant(self):
        now = int(time.time())
        claims = {"iss": self.account["client_email"], "aud": "https://oauth2.googleapis.com/token", "iat": now,
                  "exp": now + 3600, "scope": "https://www.googleapis.com/auth/firebase.messaging"}
        signed = encode({"alg": "RS256", "typ": "JWT"}) + b"." + encode(claims)
        key = serialization.load_pem_private_key(self.account["private_key"].encode(), None)
        assertion = signed + b"." + encode(key.sign(signed, padding.PKCS1v15(), hashes.SHA256()))
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return json.loads(self.post(self.grant_url, parse.urlencode(form).encode())[1])["access_token"]

    def post(self, url, body, **headers):
        try:
            with request.urlopen(request.Request(url, body, headers), timeout=8, context=self.tls) as answer:
                return answer.status, answer.read().decode()
        except error.HTTPError as answer:
            return answer.code, answer.read().decode()
        except OSError:
            return 0, ""
