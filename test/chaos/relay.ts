// node relay.ts FROM TO PORT…: what connects to a port of the address FROM is connected with the same port of the address TO.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const [from = '', to = '', ...ports] = process.argv.slice(2);
for (const port of ports.map(Number)) {
  // As on a network, what one side has still written reaches the other that has sent its end.
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: to, allowHalfOpen: true });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', (hadError) => void (hadError && other.destroy()));
    }
  });
  server.listen(port, from);
  await once(server, 'listening');
}
console.log('ready');
