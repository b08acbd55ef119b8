"""Romeo's phone registers as Siskin does, has its server push, and goes to sleep. Then Juliet writes to Romeo.
python3 phone.py HOST DOMAIN COMPONENT    Debian: python3-slixmpp"""
import asyncio, sys
from xml.etree import ElementTree
from slixmpp import ClientXMPP

HOST, DOMAIN, COMPONENT = sys.argv[1:4]
TOKEN = "ab12" * 16
REGISTER = f"""<command xmlns='http://jabber.org/protocol/commands' node='register-device'>
  <x xmlns='jabber:x:data' type='submit'>
    <field var='provider'><value>tigase:messenger:apns:1</value></field>
    <field var='device-token'><value>{TOKEN}</value></field>
  </x></command>"""


async def sign_in(name):
    client = ClientXMPP(f"{name}@{DOMAIN}", name)
    started = asyncio.get_running_loop().create_future()
    client.add_event_handler("session_start", lambda _: started.set_result(None))
    client.add_event_handler("failed_all_auth", lambda _: started.set_exception(PermissionError(f"{name} may not sign in")))
    client.connect((HOST, 5222), disable_starttls=True, force_starttls=False)
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
    await request(romeo, f"<enable xmlns='urn:xmpp:push:0' jid='{COMPONENT}' node='{node}'/>")
    await romeo.disconnect()
    juliet = await sign_in("juliet")
    juliet.send_message(f"romeo@{DOMAIN}", "Wherefore art thou?", mtype="chat")
    await juliet.disconnect()
    print(f"Romeo's phone has the token {TOKEN}; Juliet has written to him.")


asyncio.run(main())
