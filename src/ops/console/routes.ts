// The console at `/`: static texts, under a Content Security Policy that lets the page load and reach nothing but this host.
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../time/clock.ts';
import { type EventStream, openEventStream } from '../admin/event-stream.ts';
import { answersOf } from '../admin/schemas.ts';
import type { Overview } from './overview.ts';
import { consolePage } from './browser/page.ts';
import { consoleScript } from './browser/script.ts';
import { consoleStyle } from './browser/style.ts';

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Milliseconds between two looks. */
const lookEveryMs = 2_000;

/** Consoles that are open at a time. */
export const consolesAtOnce = 8;

/** Adds the page, its program and its look. They hold nothing, so that they need no token. */
export function addConsolePage(app: FastifyInstance): void {
  for (const [url, type, text] of [
    ['/', 'text/html; charset=utf-8', consolePage],
    ['/console.js', 'text/javascript; charset=utf-8', consoleScript],
    ['/console.css', 'text/css; charset=utf-8', consoleStyle],
  ] as const) {
    app.get(url, (_, reply) =>
      reply
        .headers({ 'content-security-policy': policy, 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' })
        .type(type)
        .send(text),
    );
  }
}

export interface LiveOptions {
  readonly overview: () => Promise<Overview>;
  readonly clock: Pick<Clock, 'after'>;
}

/** Adds `GET /console/live`, which tells what the console shows every two seconds. */
export function addLiveRoute(admin: FastifyInstance, { overview, clock }: LiveOptions): void {
  const streams = new Set<EventStream>();
  // They would keep the server from closing.
  admin.addHook('preClose', async () => streams.forEach((stream) => stream.end()));
  admin.route({
    method: 'GET',
    url: '/console/live',
    schema: {
      operationId: 'live',
      summary: 'What the console shows, every two seconds',
      response: answersOf(
        {
          200: {
            description: 'Events `overview` with JSON.',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
        },
        409,
      ),
    },
    handler(_, reply) {
      if (streams.size >= consolesAtOnce) {
        return reply.code(409).send({ error: 'as many consoles are open as may', hint: 'close one of them' });
      }
      const stream = openEventStream(reply, clock);
      streams.add(stream);
      let cancel = (): void => {};
      let isClosed = false;
      stream.onClosed(() => {
        streams.delete(stream);
        isClosed = true;
        cancel();
      });
      const look = async (): Promise<void> => {
        const seen = await overview().catch(() => undefined);
        if (isClosed) return;
        // Without an event the page says that the server does not answer.
        if (seen) stream.send('overview', seen);
        else stream.end();
        cancel = clock.after(lookEveryMs, () => void look());
      };
      void look();
      return reply;
    },
  });
}
