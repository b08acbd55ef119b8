// The console at `/`: static texts, under a Content Security Policy that lets the page load and reach nothing but this host.
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../time/clock.ts';
import { type EventStream, openEventStream } from '../admin/event-stream.ts';
import { answersOf } from '../admin/schemas.ts';
import { consoleFiles } from './browser/files.ts';
import type { Overview } from './overview.ts';
import type { Recorder } from './recorder.ts';

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Milliseconds between two looks. */
const lookEveryMs = 2_000;

/** Consoles that are open at a time. */
export const consolesAtOnce = 8;

/** Adds the files of the console. */
export function addConsolePage(app: FastifyInstance): void {
  for (const { url, type, read } of consoleFiles) {
    app.get(url, (_, reply) =>
      reply
        .headers({ 'content-security-policy': policy, 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' })
        .type(type)
        .send(read()),
    );
  }
}

export interface LiveOptions {
  readonly overview: () => Promise<Overview>;
  readonly recorder: Recorder;
  readonly clock: Pick<Clock, 'after'>;
}

/**
 * Adds `GET /console/live`: what the console shows every two seconds, and once the history, to which later points are added.
 */
export function addLiveRoute(admin: FastifyInstance, { overview, recorder, clock }: LiveOptions): void {
  const streams = new Set<EventStream>();
  // They would keep the server from closing.
  admin.addHook('preClose', async () => {
    recorder.stop();
    streams.forEach((stream) => stream.end());
  });
  admin.route({
    method: 'GET',
    url: '/console/live',
    schema: {
      operationId: 'live',
      summary: 'What the console shows, every two seconds',
      response: answersOf(
        {
          200: {
            description:
              'Events `overview`, `history` (the points of the latest hour) and `point` (one more), each with JSON.',
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
      let forget = (): void => {};
      let isClosed = false;
      stream.onClosed(() => {
        streams.delete(stream);
        isClosed = true;
        cancel();
        forget();
      });
      const look = async (): Promise<void> => {
        const seen = await overview().catch(() => undefined);
        if (isClosed) return;
        // Without an event the page says that the server does not answer.
        if (seen) stream.send('overview', seen);
        else stream.end();
        cancel = clock.after(lookEveryMs, () => void look());
      };
      void look().then(() => {
        if (!isClosed) forget = sendHistory(stream, recorder);
      });
      return reply;
    },
  });
}

/** Sends the history and each point after it, until the returned function is called. */
function sendHistory(stream: EventStream, recorder: Recorder): () => void {
  let isWhole = stream.send('history', recorder.columns);
  return recorder.onPoint((point) => {
    // A slow reader missed a point, and gets all of them again.
    isWhole = isWhole ? stream.send('point', point) : stream.send('history', recorder.columns);
  });
}
