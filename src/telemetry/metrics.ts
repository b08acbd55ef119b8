import type { App } from '../core/app.ts';
import type { PushResult } from '../core/push.ts';
import { collectDefaultMetrics, Registry as MetricRegistry } from 'prom-client';
import { createCounter, createGauge, createHistogram } from './series.ts';

export type Metrics = ReturnType<typeof createMetrics>;

/** Every metric of Sealpost, in base units, with labels of limited values. Series known beforehand start at zero. */
export function createMetrics(version: string) {
  const registers = [new MetricRegistry()];
  const registry = registers[0] as MetricRegistry;
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    createCounter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    createGauge({ name, help, labelNames, registers });

  const metrics = {
    registry,
    pushes: counter('sealpost_pushes_total', 'Pushes by the result from the provider.', ['app', 'result']),
    pushDuration: createHistogram({
      name: 'sealpost_push_duration_seconds',
      help: 'Time from sending a push to the provider until its result.',
      labelNames: ['app', 'provider'] as const,
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
      registers,
    }),
    attempts: counter(
      'sealpost_provider_answers_total',
      "Answers of a provider by status and reason ('-' if there is none).",
      ['app', 'status', 'reason'],
    ),
    inFlight: gauge('sealpost_pushes_in_flight', 'Pushes under way to a provider.', ['app']),
    oversize: counter('sealpost_oversize_total', 'Pushes sent without ciphertext because it did not fit.', ['app']),
    dropped: counter('sealpost_dropped_total', 'Notifications that led to no push, by cause.', ['app', 'cause']),
    circuitOpen: gauge(
      'sealpost_circuit_open',
      '1 while the circuit of an app is open, so that its provider gets probes only.',
      ['app'],
    ),
    queued: counter('sealpost_queued_total', 'Pushes given to the outbox, by result.', ['app', 'result']),
    retried: counter('sealpost_retries_total', 'Attempts for queued pushes, by outcome.', ['app', 'outcome']),
    outboxDepth: gauge('sealpost_outbox_pushes', 'Pushes in the outbox.', ['app']),
    outboxBytes: gauge('sealpost_outbox_bytes', 'Size of the pushes in the outbox.', ['app']),
    outboxOldest: gauge(
      'sealpost_outbox_oldest_timestamp_seconds',
      'When the oldest queued push was stored; absent if there is none.',
      ['app'],
    ),
    lastDelivered: gauge(
      'sealpost_last_delivered_timestamp_seconds',
      'When a provider last accepted a push; absent if none did since the start.',
      ['app'],
    ),
    storeUp: gauge('sealpost_store_up', '1 while the store can be written and its file is in its place.', []),
    storeErrors: counter(
      'sealpost_store_errors_total',
      'Statements that the store failed, writes refused because its file is lost, and checks that found a fault, by reason.',
      ['reason'],
    ),
    registrationsMade: counter(
      'sealpost_registrations_made_total',
      'Registrations made: new ones, and those of devices that were registered before and say so again.',
      ['app', 'convention', 'kind'],
    ),
    registrations: gauge('sealpost_registrations', 'Registrations in the store.', ['app']),
    guardHolding: gauge('sealpost_guard_holding', '1 while the mass-loss guard holds answers back.', ['cause', 'app']),
    guardHeld: counter('sealpost_guard_held_total', 'Answers that the mass-loss guard held back.', ['cause', 'app']),
    registrationsRestored: counter('sealpost_registrations_restored_total', 'Removals undone by the guard.', ['app']),
    registrationsReadmitted: counter(
      'sealpost_registrations_readmitted_total',
      'Registrations that the store did not have and that were made of their nodes.',
      ['app'],
    ),
    nodesMade: counter(
      'sealpost_nodes_made_total',
      'Nodes made, by what they hold: tokens, device (an id) or digest (the rest was too long).',
      ['app', 'holds'],
    ),
    orphanedRegistrations: gauge(
      'sealpost_registrations_orphaned',
      'Registrations of apps that are not in the config.',
      [],
    ),
    registrationsRemoved: counter('sealpost_registrations_removed_total', 'Registrations removed.', ['app', 'reason']),
    registrationsRefused: counter(
      'sealpost_registrations_refused_total',
      'New devices that could not register, by the limit that their domain had reached.',
      ['reason'],
    ),
    unregisterRequests: counter('sealpost_unregister_requests_total', 'Requests to unregister over HTTP, by answer.', [
      'answer',
    ]),
    apiRequests: counter('sealpost_api_requests_total', 'Requests to the HTTP APIs, by operation and status.', [
      'app',
      'operation',
      'answer',
    ]),
    credentialExpiry: gauge(
      'sealpost_credential_expiry_timestamp_seconds',
      'When a credential expires; (this - time()) / 86400 is the number of days left.',
      ['app', 'kind'],
    ),
    credentialReloads: counter(
      'sealpost_credential_reloads_total',
      'Changed credential files: replaced if the new content is in use, kept if it is unusable and the old one stays.',
      ['app', 'result'],
    ),
    publishes: counter('sealpost_publishes_total', 'Publishes, by answer.', ['link', 'answer']),
    publishDuration: createHistogram({
      name: 'sealpost_publish_duration_seconds',
      help: 'Time from reading a publish until its answer is decided; beyond 20 s it is answered "not now".',
      labelNames: ['link'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
      registers,
    }),
    linkUp: gauge('sealpost_link_up', 'Connections of a component that are open and answer pings.', ['link']),
    linkAttempts: counter(
      'sealpost_link_attempts_total',
      'Attempts to connect a component link, by result: online, or the reason for which it failed.',
      ['link', 'result'],
    ),
    linkReconnects: counter(
      'sealpost_link_reconnects_total',
      'Lost connections of a component link, by disconnect reason.',
      ['link', 'reason'],
    ),
    lastStanza: gauge(
      'sealpost_link_last_stanza_timestamp_seconds',
      'When a link last received a stanza; absent if none came since the start.',
      ['link'],
    ),
    stanzasRejected: counter('sealpost_stanzas_rejected_total', 'Stanzas skipped or refused unprocessed, by reason.', [
      'link',
      'reason',
    ]),
    lateAnswers: counter(
      'sealpost_late_answers_total',
      'Answers that another connection of the link has to carry because theirs was being closed, by what became of them; only of several processes on one PostgreSQL.',
      ['link', 'result'],
    ),
    time: gauge('sealpost_time_seconds', 'The time of the machine when the metrics were asked for.', []),
    buildInfo: gauge('sealpost_build_info', 'Always 1; the labels describe the build.', ['version', 'node']),
  };
  metrics.buildInfo.set({ version, node: process.versions.node }, 1);
  for (const answer of ['success', 'failure', 'limited']) metrics.unregisterRequests.inc({ answer }, 0);
  return metrics;
}

/** Adds what prom-client collects of the process (`process_…`) and of Node (`nodejs_…`). Once in a process. */
export function collectRuntimeMetrics(metrics: Metrics): void {
  collectDefaultMetrics({ register: metrics.registry });
}

/** Removes what the present state of an app was, when the app is removed. What was counted stays. */
export function forgetApp(metrics: Metrics, app: string): void {
  const { circuitOpen, outboxDepth, outboxBytes, outboxOldest } = metrics;
  for (const gauge of [circuitOpen, outboxDepth, outboxBytes, outboxOldest]) gauge.remove({ app });
}

/** Sets the series of an app to zero, so that rates and alerts work from the start. Times are absent until there is one. */
export function announceApp(metrics: Metrics, { name: app, conventions }: Pick<App, 'name' | 'conventions'>): void {
  const results: readonly PushResult['kind'][] = [
    'accepted',
    'retry',
    'dead-token',
    'payload-rejected',
    'misconfigured',
  ];
  for (const result of results) metrics.pushes.inc({ app, result }, 0);
  for (const cause of ['wrong-publisher', 'wrong-secret', 'coalesced', 'unimportant'])
    metrics.dropped.inc({ app, cause }, 0);
  for (const result of ['stored', 'full', 'failed']) metrics.queued.inc({ app, result }, 0);
  for (const result of ['replaced', 'kept']) metrics.credentialReloads.inc({ app, result }, 0);
  for (const holds of ['tokens', 'device', 'digest']) metrics.nodesMade.inc({ app, holds }, 0);
  metrics.registrationsReadmitted.inc({ app }, 0);
  metrics.oversize.inc({ app }, 0);
  metrics.inFlight.inc({ app }, 0);
  for (const convention of conventions) {
    for (const kind of ['new', 'renewed']) metrics.registrationsMade.inc({ app, convention, kind }, 0);
  }
  metrics.registrations.inc({ app }, 0);
}
