import assert from 'node:assert/strict';
import { it } from 'node:test';
import { childElements, detach } from '../../src/xmpp/stream/element.ts';
import { LINK_LIMITS } from '../../src/xmpp/stream/limits.ts';
import { createParser } from '../../src/xmpp/stream/parser.ts';
import { parsePublish } from '../../src/xmpp/services/publish.ts';
import { heldBytes } from '../xmpp/link/held-bytes.ts';
import { header, recordEvents } from '../xmpp/stream/parse-stanza.ts';

const packet = (node: string) => {
  const publish =
    "<iq type='set' id='a-stanza-id-of-usual-length' from='server.example.org' to='push.example.org'>" +
    `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item>` +
    "<notification xmlns='urn:xmpp:push:0'><encrypted xmlns='tigase:push:encrypt:0' iv='mV0oxHfWpxZiwQcc'>" +
    `${'A'.repeat(400)}</encrypted></notification></item></publish></pubsub></iq>`;
  return Buffer.from(`${publish}<message><body>${'x'.repeat(60_000)}</body></message>`);
};

it('publish - a notification does not keep its packet in memory', () => {
  const count = 2_000;
  const kept: unknown[] = [];
  const parser = createParser(LINK_LIMITS, {
    ...recordEvents().events,
    header: () => {},
    stanza(stanza) {
      const payload = childElements(stanza)[0];
      const parsed = payload && parsePublish(payload, 'server.example.org');
      if (parsed?.kind === 'notification') kept.push(parsed.notification);
    },
  });
  parser.write(Buffer.from(header));
  const before = heldBytes();
  for (let at = 0; at < count; at += 1) parser.write(packet(`node-${at}-${'n'.repeat(30)}`));
  const perNotification = (heldBytes() - before) / count;
  assert.equal(kept.length, count);
  assert.ok(perNotification < 3_000, `${perNotification} bytes`);
});

it('parser - a million publishes leave no memory behind', { timeout: 60_000 }, () => {
  let seen = 0;
  const parser = createParser(LINK_LIMITS, {
    ...recordEvents().events,
    header: () => {},
    stanza: () => void (seen += 1),
  });
  parser.write(Buffer.from(header));
  const publishes = Buffer.from(
    "<iq type='set' id='x'><pubsub xmlns='http://jabber.org/protocol/pubsub'/></iq> \n".repeat(800),
  );
  for (let at = 0; at < 10; at += 1) parser.write(publishes);
  const before = heldBytes();
  for (let at = 0; at < 1_240; at += 1) parser.write(publishes);
  assert.equal(seen, 1_000_000);
  assert.ok(heldBytes() - before < 2_000_000);
});

for (const length of [12, 13, 40]) {
  it(`element - a copy of ${length} characters shares no memory with its source`, () => {
    const before = heldBytes();
    const kept = Array.from({ length: 500 }, (_, at) => detach(`${at}-${'ä'.repeat(100_000)}`.slice(0, length)));
    assert.equal(kept.length, 500);
    assert.ok(heldBytes() - before < 5_000_000);
  });
}
