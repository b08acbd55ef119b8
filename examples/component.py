"""A push app server for Android. It keeps its devices in memory, so it is an example and of no use to users.
python3 component.py SERVICE DOMAIN SECRET SETTINGS     Debian: python3-slixmpp, python3-cryptography"""
import asyncio, base64, json, sys, uuid
from urllib.parse import urlsplit
from xml.etree import ElementTree
from slixmpp import ComponentXMPP
from slixmpp.xmlstream.handler import CoroutineCallback
from slixmpp.xmlstream.matcher import MatchXPath
from fcm import Fcm

ID, COMMANDS, INFO = "fcm-xmpp-api", "http://jabber.org/protocol/commands", "http://jabber.org/protocol/disco#info"
NS = {"p": "http://jabber.org/protocol/pubsub", "n": "urn:xmpp:push:0", "x": "jabber:x:data",
      "e": "tigase:push:encrypt:0", "r": "tigase:push:priority:0"}
LATER, GONE, MALFORMED = ("wait", "internal-server-error"), ("cancel", "item-not-found"), ("wait", "bad-request")


def form_of(parent):
    return {field.get("var"): field.findtext("x:value", "", NS) for field in parent.iterfind("x:x/x:field", NS)}


class Component(ComponentXMPP):
    def __init__(self, service, domain, secret, settings):
        super().__init__(domain, secret, urlsplit(service).hostname, urlsplit(service).port)
        self.fcm, self.devices = Fcm(**json.load(open(settings))["fcm"]), {}  # node: account and device token
        self.register_handler(CoroutineCallback("requests", MatchXPath("{jabber:component:accept}iq"), self.respond))

    async def respond(self, iq):
        if iq["type"] in ("get", "set"):
            asked, reply = next(iter(iq.xml)), iq.reply()
            kinds = {f"{{{INFO}}}query": self.info, f"{{{COMMANDS}}}command": self.command, f"{{{NS['p']}}}pubsub": self.publish}
            try:
                outcome = await kinds[asked.tag](iq["from"], asked) if asked.tag in kinds else ("cancel", "service-unavailable")
            except Exception:  # a fault of our own costs nobody a device
                outcome = LATER
            if isinstance(outcome, tuple):
                reply["type"], reply["error"]["type"], reply["error"]["condition"] = "error", *outcome
            elif outcome:
                reply.append(ElementTree.fromstring(outcome))
            reply.send()

    async def info(self, _client, _query):
        features = "".join(f"<feature var='{name}'/>" for name in (NS["n"], COMMANDS, ID))
        return f"<query xmlns='{INFO}'><identity category='pubsub' type='push'/>{features}</query>"

    async def command(self, client, command):
        form, name = form_of(command), command.get("node")
        device = client.bare, form.get("device-token")
        node = next((node for node, known in self.devices.items() if known == device), None)
        if name == "unregister-device" and node:
            del self.devices[node]
            return f"<command xmlns='{COMMANDS}' node='{name}' status='completed'/>"
        if name != "register-device" or form.get("provider") != ID or not device[1]:
            return GONE
        node = node or str(uuid.uuid4())
        self.devices[node] = device
        fields = (("node", "single", node), ("features", "multi", NS["e"]), ("max-payload-size", "single", 3000))
        written = "".join(f"<field var='{var}' type='text-{kind}'><value>{value}</value></field>" for var, kind, value in fields)
        return f"<command xmlns='{COMMANDS}' node='{name}' status='completed'><x xmlns='jabber:x:data' type='result'>{written}</x></command>"

    async def publish(self, server, pubsub):
        node = getattr(pubsub.find("p:publish", NS), "attrib", {}).get("node")
        if node not in self.devices:
            return GONE
        account, token = self.devices[node]
        if server.bare not in (account, account.split("@")[1]):
            return "auth", "forbidden"
        notification = pubsub.find("p:publish/p:item/n:notification", NS)
        data = notification is not None and self.read(account, notification)
        if not data:
            return MALFORMED
        urgent = notification.findtext("r:priority", "", NS) == "high" or bool(form_of(notification).get("last-message-body"))
        status, text = await asyncio.to_thread(self.fcm.push, token, data, urgent)
        if status == 400 and "INVALID_ARGUMENT" in text:  # this content is refused: wake the app without it
            status, text = await asyncio.to_thread(self.fcm.push, token, {"account": account}, urgent)
        if status == 404 and "UNREGISTERED" in text:
            self.devices.pop(node, None)
            return GONE
        return "" if status == 200 else LATER

    def read(self, account, notification):
        sealed, form = notification.find("e:encrypted", NS), form_of(notification)
        if sealed is None:
            return {"account": account, **({"unread-messages": "0"} if form.get("message-count") == "0" else {})}
        content = {key: "".join(text.split()) for key, text in (("encrypted", sealed.text or ""), ("iv", sealed.get("iv", "")))}
        try:
            ciphertext, iv = (base64.b64decode(text, validate=True) for text in content.values())
        except ValueError:
            return None
        if len(ciphertext) <= 16 or not iv:  # phones crash on less than a tag
            return None
        return {"account": account, **(content if len(content["encrypted"]) < 3700 else {})}


component = Component(*sys.argv[1:])
component.connect()
component.process()
