"""A push app server for Android. It keeps its devices in memory, so it is an example and of no use to users.
python3 component.py SERVICE DOMAIN SECRET SETTINGS     Debian: python3-slixmpp, python3-jwt, python3-cryptography"""
import asyncio, base64, functools, json, jwt, ssl, sys, time, uuid
from urllib import error, parse, request
from xml.etree import ElementTree
from slixmpp import ComponentXMPP
from slixmpp.xmlstream.handler import CoroutineCallback
from slixmpp.xmlstream.matcher import MatchXPath

ID, COMMANDS, INFO = "fcm-xmpp-api", "http://jabber.org/protocol/commands", "http://jabber.org/protocol/disco#info"
NS = {"p": "http://jabber.org/protocol/pubsub", "n": "urn:xmpp:push:0", "x": "jabber:x:data",
      "e": "tigase:push:encrypt:0", "r": "tigase:push:priority:0"}
LATER, GONE, MALFORMED = ("wait", "internal-server-error"), ("cancel", "item-not-found"), ("wait", "bad-request")
service, domain, secret, settings = sys.argv[1:]
fcm = json.load(open(settings))["fcm"]
google, tls = json.load(open(fcm["serviceAccount"])), ssl.create_default_context(cafile=fcm["ca"])
devices = {}  # node: account and device token


def post(url, body, **headers):
    try:
        answer = request.urlopen(request.Request(url, body, headers), timeout=8, context=tls)
    except error.HTTPError as refusal:
        answer = refusal
    return answer.status, answer.read().decode()


@functools.lru_cache(1)
def access_token(_period):
    now = int(time.time())
    claims = {"iss": google["client_email"], "aud": "https://oauth2.googleapis.com/token", "iat": now, "exp": now + 3600,
              "scope": "https://www.googleapis.com/auth/firebase.messaging"}
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": jwt.encode(claims, google["private_key"], "RS256")}
    return json.loads(post(f"{fcm['tokenEndpoint']}/token", parse.urlencode(form).encode())[1])["access_token"]


def push(token, data, urgent):
    message = {"token": token, "data": data, "android": {"priority": "high" if urgent else "normal", "ttl": "86400s"}}
    url = f"{fcm['endpoint']}/v1/projects/{google['project_id']}/messages:send"
    bearer = access_token(time.time() // 3000)  # asked for anew before its hour is over
    status, text = post(url, json.dumps({"message": message}).encode(), Authorization=f"Bearer {bearer}")
    if status == 401:
        access_token.cache_clear()
    return status, text


def form_of(parent):
    return {field.get("var"): field.findtext("x:value", "", NS) for field in parent.iterfind("x:x/x:field", NS)}


def content_of(notification):  # raises ValueError where there is nothing that a phone could read
    sealed = notification.find("e:encrypted", NS)
    if sealed is None:
        return {"unread-messages": "0"} if form_of(notification).get("message-count") == "0" else {}
    content = {"encrypted": "".join((sealed.text or "").split()), "iv": "".join(sealed.get("iv", "").split())}
    ciphertext, iv = (base64.b64decode(text, validate=True) for text in content.values())
    if len(ciphertext) <= 16 or not iv:  # phones crash on less than a tag
        raise ValueError
    return content if len(content["encrypted"]) < 3700 else {}


async def info(_client, _query):
    features = "".join(f"<feature var='{name}'/>" for name in (NS["n"], COMMANDS, ID))
    return f"<query xmlns='{INFO}'><identity category='pubsub' type='push'/>{features}</query>"


async def command(client, asked):
    form, name = form_of(asked), asked.get("node")
    device = client.bare, form.get("device-token")
    node = next((node for node, known in devices.items() if known == device), None)
    if name == "unregister-device" and devices.pop(node, None):
        return f"<command xmlns='{COMMANDS}' node='{name}' status='completed'/>"
    if name != "register-device" or form.get("provider") != ID or not device[1]:
        return GONE
    node = node or str(uuid.uuid4())
    devices[node] = device
    fields = ("node", "single", node), ("features", "multi", NS["e"]), ("max-payload-size", "single", 3000)
    written = "".join(f"<field var='{var}' type='text-{kind}'><value>{value}</value></field>" for var, kind, value in fields)
    return (f"<command xmlns='{COMMANDS}' node='{name}' status='completed'>"
            f"<x xmlns='jabber:x:data' type='result'>{written}</x></command>")


async def publish(server, pubsub):
    node = pubsub.find("p:publish", NS).get("node")
    if node not in devices:
        return GONE
    account, token = devices[node]
    if server.bare not in (account, account.split("@")[1]):
        return "auth", "forbidden"
    notification = pubsub.find("p:publish/p:item/n:notification", NS)
    try:
        data = {"account": account, **content_of(notification)}
    except ValueError:
        return MALFORMED
    urgent = notification.findtext("r:priority", "", NS) == "high" or form_of(notification).get("last-message-body")
    status, text = await asyncio.to_thread(push, token, data, urgent)
    if status == 404 and "UNREGISTERED" in text:
        devices.pop(node, None)
        return GONE
    return "" if status == 200 else LATER


async def respond(iq):
    if iq["type"] not in ("get", "set"):
        return
    kinds = {f"{{{INFO}}}query": info, f"{{{COMMANDS}}}command": command, f"{{{NS['p']}}}pubsub": publish}
    asked, reply = next(iter(iq.xml)), iq.reply()
    try:
        outcome = await kinds[asked.tag](iq["from"], asked) if asked.tag in kinds else ("cancel", "service-unavailable")
    except Exception:  # a fault of our own, or no answer from Google, costs nobody a device
        outcome = LATER
    if isinstance(outcome, tuple):
        reply["type"], reply["error"]["type"], reply["error"]["condition"] = "error", *outcome
    elif outcome:
        reply.append(ElementTree.fromstring(outcome))
    reply.send()


component = ComponentXMPP(domain, secret, parse.urlsplit(service).hostname, parse.urlsplit(service).port)
component.register_handler(CoroutineCallback("requests", MatchXPath("{jabber:component:accept}iq"), respond))
component.connect()
component.process()
