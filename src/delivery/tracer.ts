import { bareJid, foldCase } from '../core/jid.ts';
import { longestTraceMs, type TraceEvent, type TraceRequest, type TraceSink, type Tracing } from '../core/trace.ts';
import { fingerprint } from '../telemetry/log.ts';
import type { Clock } from '../time/clock.ts';
import { createTokenBuckets } from '../time/token-bucket.ts';

/** Traces that run at a time. */
export const tracesAtOnce = 8;

/** Steps of one trace: a person reads no more, and a flooded device must not flood the operator. */
const stepsShare = { burst: 200, perSecond: 50 };

/** Devices of one account that a trace follows. */
const devicesAtOnce = 1_000;

export interface Tracer extends Tracing {
  readonly sink: TraceSink;
  /** Ends every trace, and begins none any more. */
  close(): void;
}

interface Following extends Pick<TraceRequest, 'onEvent' | 'onEnd'> {
  readonly devices: Set<string>;
  /** Case-folded. */
  readonly account: string | undefined;
  readonly mayTell: () => boolean;
  readonly cancel: () => void;
  skipped: number;
}

/** Tells operators the steps of devices that they follow. */
export function createTracer({ clock }: { readonly clock: Clock }): Tracer {
  const traces = new Set<Following>();
  let isClosed = false;

  /** Knows the devices of an account by their nodes once one of its steps has named the account. */
  function isFollowed({ devices, account }: Following, device: string, owner: string | undefined): boolean {
    if (devices.has(device)) return true;
    if (account === undefined || owner === undefined || foldCase(bareJid(owner)) !== account) return false;
    if (devices.size < devicesAtOnce) devices.add(device);
    return true;
  }

  function end(trace: Following, reason?: Parameters<TraceRequest['onEnd']>[0]): void {
    if (!traces.delete(trace)) return;
    trace.cancel();
    if (reason) trace.onEnd(reason);
  }

  const sink: TraceSink = {
    get isActive() {
      return traces.size > 0;
    },
    add({ node, account, app }, step) {
      const device = fingerprint(node);
      const event: TraceEvent = {
        at: new Date(clock.now()).toISOString(),
        device,
        ...(app !== undefined && { app }),
        ...step,
      };
      for (const trace of traces) {
        if (!isFollowed(trace, device, account)) continue;
        if (trace.mayTell()) trace.onEvent(event);
        else trace.skipped += 1;
      }
    },
  };

  return {
    sink,
    follow({ devices, account, forMs, onEvent, onEnd }) {
      if (isClosed || traces.size >= tracesAtOnce) return undefined;
      const buckets = createTokenBuckets({ ...stepsShare, clock, limit: 1 });
      const trace: Following = {
        devices: new Set(devices.slice(0, devicesAtOnce)),
        account: account === undefined ? undefined : foldCase(account),
        mayTell: () => buckets.take('') === 0,
        cancel: clock.after(Math.min(forMs, longestTraceMs), () => end(trace, 'time-over')),
        ...{ onEvent, onEnd, skipped: 0 },
      };
      traces.add(trace);
      return {
        get skipped() {
          return trace.skipped;
        },
        stop: () => end(trace),
      };
    },
    close() {
      isClosed = true;
      for (const trace of traces) end(trace, 'server-ends');
    },
  };
}
