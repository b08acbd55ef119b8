// An XMPP server as a process. It accepts every component and sends data at intervals. It prints its port first.
import { type Peer, startScriptedServer } from '../../xmpp/link/scripted-server.ts';

process.on('disconnect', () => process.exit());
const server = await startScriptedServer();
const peers = new Set<Peer>();
setInterval(() => {
  for (const peer of peers) peer.send(' ');
}, 250);
process.send?.(server.port);
for (;;) {
  const peer = await server.next();
  void peer.accept().then(
    () => peers.add(peer),
    () => {},
  );
  void peer.closed.then(() => peers.delete(peer));
}
