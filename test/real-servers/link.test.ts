import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { missingPackage } from '../support/debian.ts';
import { eventually } from '../support/process.ts';
import { defaults, startProviders, startSealpost } from '../support/sealpost.ts';
import { ejabberdFile, startEjabberd } from './ejabberd.ts';
import { startLoad } from './load.ts';
import { prosodyFile, startProsody } from './prosody.ts';

// One server publishes here in seconds what it would publish in minutes.
const unlimited = { burst: 10_000_000, perMinute: 600_000_000 };
const limits = { publishesPerDomain: unlimited, pushesPerRegistration: unlimited };

const linksUp = async (opsUrl: string) => {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  return Number(/^sealpost_link_up\{link="push.localhost"\} (\d+)$/m.exec(text)?.[1] ?? 0);
};

test(
  'link - Prosody restarted 20 times during 20,000 publishes: back after each, no pause beyond 4 s, nothing answered twice',
  { skip: missingPackage('prosody', prosodyFile), timeout: 240_000 },
  async () => {
    const [providers, server] = await Promise.all([startProviders(), startProsody({ seal: false })]);
    const sealpost = await startSealpost(providers.folder, {
      xmpp: [{ service: `xmpp://127.0.0.1:${server.componentPort}`, domain: 'push.localhost', secret: server.secret }],
      ...defaults(providers.folder),
      apps: providers.apps,
      limits,
      // Tells each pause of the link; at the default level it is said once a minute.
      log: { level: 'debug' },
    });
    const load = startLoad(server);
    try {
      await eventually('the link is up', async () => (await linksUp(sealpost.opsUrl)) === 1 || undefined);
      await eventually('the load is connected', () => load.isConnected || undefined);
      const node = await load.register('ab'.repeat(32));
      let restarts = 0;
      const restarting = (async () => {
        for (; restarts < 20; restarts += 1) {
          await pause(300);
          await server.restart();
          await eventually('the link is back', async () => (await linksUp(sealpost.opsUrl)) === 1 || undefined, 30_000);
        }
      })();
      while (restarts < 20 || load.answers.length < 20_000) {
        for (let i = 0; i < 50 && load.unanswered().length < 200; i += 1) load.publish(node);
        await pause(10);
      }
      await restarting;
      await eventually('all are answered', () => load.unanswered().length === 0 || undefined, 30_000);

      const pausesMs = sealpost.lines
        .filter((line) => line.includes('no component link'))
        .map((line) => (JSON.parse(line) as { durationMs: number }).durationMs);
      assert.ok(pausesMs.length >= 20 && pausesMs.every((ms) => ms <= 4_000), `pauses of ${pausesMs.join(' ')} ms`);
      assert.deepEqual(
        load.answers.filter((times) => times > 1),
        [],
      );
      assert.ok(load.answers.filter((times) => times === 1).length > 10_000);
    } finally {
      load.close();
      await sealpost.stop();
      await server.stop();
      await providers.stop();
    }
  },
);

test(
  'link - two connections to ejabberd, one killed at a time: every publish is answered, once, while one lives',
  { skip: missingPackage('ejabberd', ejabberdFile), timeout: 120_000 },
  async () => {
    const [providers, server] = await Promise.all([startProviders(), startEjabberd()]);
    const gateway = await startGateway(server.componentPort);
    const sealpost = await startSealpost(providers.folder, {
      xmpp: [
        {
          service: `xmpp://127.0.0.1:${gateway.port}`,
          domain: 'push.localhost',
          secret: server.secret,
          connections: 2,
        },
      ],
      ...defaults(providers.folder),
      apps: providers.apps,
      limits,
    });
    const load = startLoad(server);
    try {
      await eventually('both connections are up', async () => (await linksUp(sealpost.opsUrl)) === 2 || undefined);
      await eventually('the load is connected', () => load.isConnected || undefined);
      const node = await load.register('ab'.repeat(32));
      for (let round = 0; round < 10; round += 1) {
        gateway.kill(round % 2);
        await eventually('one is left', async () => (await linksUp(sealpost.opsUrl)) === 1 || undefined);
        // The server has noticed the end of the other connection once this one has answered alone for a moment.
        await pause(100);
        for (let i = 0; i < 500; i += 1) load.publish(node);
        await eventually('all are answered', () => load.unanswered().length === 0 || undefined, 15_000);
        gateway.admit();
        await eventually('both are up again', async () => (await linksUp(sealpost.opsUrl)) === 2 || undefined, 15_000);
        for (let i = 0; i < 500; i += 1) load.publish(node);
        await eventually('all are answered', () => load.unanswered().length === 0 || undefined, 15_000);
      }
      assert.equal(load.answers.length, 10_000);
      assert.deepEqual(
        load.answers.filter((times) => times !== 1),
        [],
      );
    } finally {
      load.close();
      await sealpost.stop();
      gateway.close();
      await server.stop();
      await providers.stop();
    }
  },
);

for (const [name, file, start] of [
  ['prosody', prosodyFile, () => startProsody({ seal: false })],
  ['ejabberd', ejabberdFile, () => startEjabberd()],
] as const) {
  test(`link - the port for clients of ${name} is named as such`, { skip: missingPackage(name, file) }, async () => {
    const [providers, server] = await Promise.all([startProviders(), start()]);
    try {
      const config = (port: number) => ({
        xmpp: [{ service: `xmpp://127.0.0.1:${port}`, domain: server.component, secret: server.secret }],
        ...defaults(providers.folder),
        apps: providers.apps,
      });
      await eventually('the port for clients is open', () => isOpen(server.clientPort), 15_000);
      const sealpost = await startSealpost(providers.folder, config(server.clientPort));
      try {
        const said = () => sealpost.lines.find((line) => line.includes('no component link'));
        assert.match(await eventually('it is said', said), /no component link \(wrong-port\)/);
      } finally {
        await sealpost.stop();
      }
    } finally {
      await server.stop();
      await providers.stop();
    }
  });
}

async function isOpen(port: number): Promise<true | undefined> {
  const socket = connect(port, '127.0.0.1');
  const isConnected = await once(socket, 'connect').then(
    () => true as const,
    () => undefined,
  );
  socket.destroy();
  return isConnected;
}

/** A relay between Sealpost and the server, so that single connections can be killed. */
async function startGateway(port: number) {
  const pairs: [Socket, Socket][] = [];
  let isAdmitting = true;
  const gateway = createServer((near) => {
    if (!isAdmitting) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    pairs.push(pair);
    near.pipe(far).on('error', () => {});
    far.pipe(near).on('error', () => {});
    const end = () => {
      near.destroy();
      far.destroy();
      const index = pairs.indexOf(pair);
      if (index >= 0) pairs.splice(index, 1);
    };
    for (const socket of pair) socket.on('close', end);
  }).listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  return {
    port: (gateway.address() as { port: number }).port,
    /** Ends one connection and accepts no other. */
    kill(index: number) {
      isAdmitting = false;
      for (const socket of pairs[index] ?? []) socket.resetAndDestroy();
    },
    admit() {
      isAdmitting = true;
    },
    close() {
      gateway.close();
      for (const pair of pairs) for (const socket of pair) socket.destroy();
    },
  };
}
