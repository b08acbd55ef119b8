/**
 * OpenTelemetry spans: one for each notification, one for each attempt at a provider. Without an SDK there are none, and
 * asking for one costs a comparison.
 */
import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  isSpanContextValid,
  type Tracer,
} from '@opentelemetry/api';
import { errorCode } from './error-code.ts';

/**
 * The only attributes of a span, each with `sealpost.` in front of its name. The list is closed, so that no span can carry
 * a device token, a node, a secret, ciphertext, plaintext or the local part of a JID.
 */
export interface SpanFields {
  /** Name of an app in the config. */
  readonly app?: string;
  /** `apns` or `fcm`. */
  readonly provider?: string;
  readonly convention?: string;
  /** Our domain that a publish came to. */
  readonly component?: string;
  /** Domain of the publisher. */
  readonly domain?: string;
  /** `fingerprint` of a node. */
  readonly registration?: string;
  /** Kind of a push, and its id (APNs: `apns-id`), which is the same over all attempts. */
  readonly push?: string;
  readonly id?: string;
  readonly outcome?: string;
  /** Answer to the XMPP server. */
  readonly answer?: string;
  /** What the provider said, and its reason from one of our tables. */
  readonly result?: string;
  readonly reason?: string;
}

/** How the work of a span ended. */
export interface SpanEnd {
  readonly fields: SpanFields;
  /** A word for what failed; absent: nothing did. */
  readonly failure?: string | undefined;
  /** Status of the last HTTP answer. */
  readonly httpStatus?: number | undefined;
}

/** A span that has begun. */
export interface OpenSpan {
  /** Notes an error of ours by its code. */
  fail(error: unknown): void;
  end(end: SpanEnd): void;
}

/** The span of a notification. */
export interface NotificationSpan extends OpenSpan {
  /** The notification became the push with this id: attempts for it belong to this span. */
  leadsTo(pushId: string): void;
}

/** Begins spans. `undefined` stands for a span that nobody records, so that nothing is composed for it. */
export interface Spans {
  notification(): NotificationSpan | undefined;
  /**
   * An attempt while its notification waits for the answer is a part of that notification's span. A later one, from the
   * outbox, begins a trace of its own that links to it, if this process made the push and still remembers it.
   */
  attempt(pushId: string): OpenSpan | undefined;
}

/** Nobody records. */
export const noSpans: Spans = { notification: () => undefined, attempt: () => undefined };

/** Pushes whose notification's span is remembered, about 300 bytes each. */
export const rememberedLimit = 10_000;

/**
 * Spans for the SDK that was loaded before this call (`node --import`), or none if there is no SDK.
 * @param version of Sealpost
 */
export function openSpans(version: string): Spans {
  const tracer = trace.getTracer('sealpost', version);
  // Only an SDK gives a span a valid context, even where it records none. This span is never ended, so never exported.
  const probe = tracer.startSpan('sealpost start', { root: true });
  return isSpanContextValid(probe.spanContext()) ? createSpans(tracer) : noSpans;
}

/** Runs what calls the SDK. An error of the SDK, or of what was plugged into it, costs the span and no push. */
function safely<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** Spans of this tracer. */
export function createSpans(tracer: Tracer): Spans {
  /** By the id of a push, in the order in which they came. */
  const notifications = new Map<string, { readonly context: SpanContext; isOpen: boolean }>();

  function remember(pushId: string, entry: { readonly context: SpanContext; isOpen: boolean }): void {
    notifications.set(pushId, entry);
    const [oldest] = notifications.size > rememberedLimit ? notifications.keys() : [];
    if (oldest !== undefined) notifications.delete(oldest);
  }

  return {
    notification() {
      const options = { kind: SpanKind.SERVER, root: true };
      const span = safely(() => tracer.startSpan('sealpost notification', options, ROOT_CONTEXT));
      if (!span) return undefined;
      // Remembered even if it is not recorded, so that its attempts are not recorded either.
      const entry = { context: span.spanContext(), isOpen: true };
      const open = openSpan(span);
      return {
        leadsTo: (pushId) => remember(pushId, entry),
        fail: open.fail,
        end(end) {
          entry.isOpen = false;
          open.end(end);
        },
      };
    },
    attempt(pushId) {
      const cause = notifications.get(pushId);
      const parent = cause?.isOpen ? trace.setSpanContext(ROOT_CONTEXT, cause.context) : ROOT_CONTEXT;
      const links = cause && !cause.isOpen ? [{ context: cause.context }] : [];
      const span = safely(() => tracer.startSpan('sealpost attempt', { kind: SpanKind.CLIENT, links }, parent));
      return span?.isRecording() ? openSpan(span) : undefined;
    },
  };
}

function openSpan(span: Span): OpenSpan {
  return {
    fail: (error) => safely(() => span.recordException({ code: errorCode(error) })),
    end: (end) => safely(() => endSpan(span, end)),
  };
}

function endSpan(span: Span, { fields, failure, httpStatus }: SpanEnd): void {
  if (span.isRecording()) {
    span.setAttributes(attributesOf(fields));
    if (httpStatus !== undefined) span.setAttribute('http.response.status_code', httpStatus);
    if (failure !== undefined) {
      span.setAttribute('error.type', failure);
      span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    }
  }
  span.end();
}

function attributesOf(fields: SpanFields): Attributes {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [`sealpost.${name}`, value as string]));
}
