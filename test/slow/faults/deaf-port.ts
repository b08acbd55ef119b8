import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

const listening = `const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;

/**
 * The origin of a port that answers no attempt to connect, as behind a firewall that drops: whoever listens there is
 * stopped, and the system has as many connections waiting for it as it keeps. Ends with the test.
 */
export async function openDeafPort(t: TestContext): Promise<string> {
  const child = spawn(process.execPath, ['-e', listening], { stdio: ['ignore', 'pipe', 'inherit'] });
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    child.kill('SIGKILL');
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  child.kill('SIGSTOP');
  const port = Number(line);
  for (let i = 0; i < 16; i += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    const isOpen = await Promise.race([once(socket, 'connect').then(() => true), pause(500, false)]);
    if (!isOpen) return `https://127.0.0.1:${port}`;
  }
  throw new Error('the system takes all connections of a process that is stopped');
}
