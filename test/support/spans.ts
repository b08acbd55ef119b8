import { SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, type Sampler, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { createSpans, type Spans } from '../../src/telemetry/spans.ts';

/** One span, as a collector gets it. */
export interface CollectedSpan {
  readonly name: string;
  readonly id: string;
  readonly traceId: string;
  readonly parent: string | undefined;
  /** Ids of the spans that it links to. */
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** What failed; undefined: nothing did. */
  readonly failure: string | undefined;
  /** Attributes of each event, its name included. */
  readonly events: readonly object[];
}

/** Spans that go to a real SDK, which keeps them in memory. */
export function collectedSpans(sampler?: Sampler): { readonly spans: Spans; finished(): CollectedSpan[] } {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  const provider = new TracerProvider({ spanProcessors, ...(sampler && { sampler }) });
  return {
    spans: createSpans(provider.getTracer('sealpost')),
    finished: () =>
      exporter.getFinishedSpans().map((span) => ({
        name: span.name,
        id: span.spanContext().spanId,
        traceId: span.spanContext().traceId,
        parent: span.parentSpanContext?.spanId,
        links: span.links.map(({ context }) => context.spanId),
        attributes: span.attributes,
        failure: span.status.code === SpanStatusCode.ERROR ? span.status.message : undefined,
        events: span.events.map(({ name, attributes }) => ({ name, ...attributes })),
      })),
  };
}
