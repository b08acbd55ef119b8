"""Romeo's phone registers as Siskin does, has its server push, and goes to sleep. Then Juliet writes to Romeo.
python3 phone.py HOST[:PORT] DOMAIN COMPONENT [KEY]    Debian: python3-slixmpp
With KEY, 16 bytes in base64, the phone asks its server to seal what it pushes."""
import asyncio, sys
from xml.etree import ElementTree
from slixmpp import ClientXMPP

ADDRESS, DOMAIN, COMPONENT, KEY = (sys.argv[1:] + [""])[:4]
HOST, _, PORT = ADDRESS.partition(":")
TOKEN = "ab12" * 16
REGISTER = f"""<command xmlns='http://jabber.org/protocol/commands' node='register-device'>
  <x xmlns='jabber:x:data' type='submit'>
    <field var='provider'><value>tigase:messenger:apns:1</value></field>
    <field var='device-token'><value>{TOKEN}</value></field>
  </x></command>"""
ENCRYPT = f"<encrypt xmlns='tigase:push:encrypt:0' alg='aes-128-gcm'>{KEY}</encrypt>" if KEY else ""


def connect(client):
    """In clear, whichever way this version of slixmpp wants to be told."""
    port = int(PORT or 5222)
    if hasattr(client, "enable_plaintext"):
        client.enable_starttls, client.enable_direct_tls, client.enable_plaintext = False, False, True
        client.connect(HOST, port)
    else:
        client.connect((HOST, port), disable_starttls=True, force_starttls=False)


async def sign_in(name):
    clear = {"feature_mechanisms": {"unencrypted_scram": True}}  # newer versions refuse without
    client = ClientXMPP(f"{name}@{DOMAIN}", name, plugin_config=clear)
    started = asyncio.get_running_loop().create_future()
    client.add_event_handler("session_start", lambda _: started.set_result(None))
    client.add_event_handler("failed_all_auth", lambda _: started.set_exception(PermissionError(f"{name} may not sign in")))
    connect(client)
    await asyncio.wait_for(started, 30)
    client.send_presence()
    return client


def request(client, payload, to=None):
    iq = client.make_iq_set(ito=to)
    iq.append(ElementTree.fromstring(payload))
    return iq.send(timeout=10)


async def main():
    romeo = await sign_in("romeo")
    answer = await request(romeo, REGISTER, COMPONENT)
    node = answer.xml.find(".//{jabber:x:data}field[@var='node']/{jabber:x:data}value").text
    await request(romeo, f"<enable xmlns='urn:xmpp:push:0' jid='{COMPONENT}' node='{node}'>{ENCRYPT}</enable>")
    await romeo.disconnect()
    juliet = await sign_in("juliet")
    juliet.send_message(f"romeo@{DOMAIN}", "Wherefore art thou?", mtype="chat")
    await juliet.disconnect()
    print(f"Romeo's phone has the token {TOKEN}; Juliet has written to him.")


asyncio.run(main())
