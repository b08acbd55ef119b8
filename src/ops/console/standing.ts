import type { Metrics } from '../../telemetry/metrics.ts';

/** A component link, or all connections of one. */
export interface LinkOverview {
  /** Domain of the component. */
  readonly link: string;
  /** Connections that are open and answer pings. */
  readonly up: number;
  /** ISO 8601; absent: none came since the start. */
  readonly lastStanzaAt?: string;
  /** How often a connection was lost since the start, by disconnect reason. */
  readonly lost: Readonly<Record<string, number>>;
}

/** A credential that ends. */
export interface CredentialOverview {
  readonly app: string;
  /** What kind of credential, as in the metric. */
  readonly kind: string;
  /** ISO 8601. */
  readonly expiresAt: string;
  /** Whole days that are left; negative: since when it is expired. */
  readonly daysLeft: number;
}

const dayMs = 86_400_000;

/** The links, as the metrics know them, by name. */
export async function readLinks(metrics: Metrics): Promise<readonly LinkOverview[]> {
  const [ups, stanzas, losses] = await Promise.all([
    metrics.linkUp.get(),
    metrics.lastStanza.get(),
    metrics.linkReconnects.get(),
  ]);
  return ups.values
    .map(({ labels, value }) => {
      const link = String(labels.link);
      const seconds = stanzas.values.find((sample) => sample.labels.link === link)?.value ?? 0;
      const lost = losses.values.filter((sample) => sample.labels.link === link && sample.value > 0);
      return {
        link,
        up: value,
        ...(seconds > 0 && { lastStanzaAt: new Date(seconds * 1_000).toISOString() }),
        lost: Object.fromEntries(lost.map((sample) => [String(sample.labels.reason), sample.value])),
      };
    })
    .toSorted((a, b) => a.link.localeCompare(b.link));
}

/** The credentials that expire, the next one first. Keys of APNs and service accounts do not. */
export async function readCredentials(metrics: Metrics, nowMs: number): Promise<readonly CredentialOverview[]> {
  const { values } = await metrics.credentialExpiry.get();
  return values
    .toSorted((a, b) => a.value - b.value)
    .map(({ labels, value }) => ({
      app: String(labels.app),
      kind: String(labels.kind),
      expiresAt: new Date(value * 1_000).toISOString(),
      daysLeft: Math.floor((value * 1_000 - nowMs) / dayMs),
    }));
}
