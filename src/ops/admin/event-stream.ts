// Server-sent events (WHATWG HTML, section "Server-sent events").
import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Clock } from '../../time/clock.ts';

/** Bytes that a slow reader makes us keep; what comes beyond is left out. */
const bufferBytes = 262_144;

/** Milliseconds between comments, so that nobody takes a quiet stream for a dead one. */
const commentEveryMs = 15_000;

export interface EventStream {
  /**
   * Sends one event with JSON data.
   * @param data or what makes it, which is called only if the event can be sent
   * @returns false: it was left out, since the reader is too slow or gone
   */
  send(name: string, data: object | (() => object)): boolean;
  /** Ends the answer after what was sent. */
  end(): void;
  /** Calls this when the reader is gone, or has the end. */
  onClosed(run: () => void): void;
}

/** Begins to answer a request with events. */
export function openEventStream(reply: FastifyReply, clock: Pick<Clock, 'after'>): EventStream {
  const stream = new PassThrough();
  let cancel = clock.after(commentEveryMs, comment);
  let isClosed = false;
  stream.once('close', () => {
    isClosed = true;
    cancel();
  });
  // A reader that goes breaks the pipe, which is no error of ours.
  stream.on('error', () => undefined);

  function comment(): void {
    write(': still here\n\n');
    cancel = clock.after(commentEveryMs, comment);
  }

  const isFull = () => isClosed || stream.writableEnded || stream.readableLength + stream.writableLength > bufferBytes;

  function write(text: string): void {
    if (!isFull()) stream.write(text);
  }

  void reply.type('text/event-stream').header('x-accel-buffering', 'no').send(stream);
  return {
    send(name, data) {
      if (isFull()) return false;
      write(`event: ${name}\ndata: ${JSON.stringify(typeof data === 'function' ? data() : data)}\n\n`);
      return true;
    },
    end() {
      cancel();
      stream.end();
    },
    onClosed: (run) => void stream.once('close', run),
  };
}
