import type { Row } from './rows.ts';

export interface Measured {
  readonly name: string;
  readonly fate: Row['fate'];
  /** With the default limits. */
  readonly statedMs?: number;
  readonly backMs: number;
  readonly cpuMs?: number;
  /** In addition to the idle process. */
  readonly peakBytes?: number;
  readonly restBytes?: number;
}

const megabytes = (bytes?: number) => (bytes === undefined ? '' : `${Math.max(0, bytes / 1_048_576).toFixed(0)} MB`);
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** For docs/withstands.md. */
export function renderTable(all: readonly Measured[]): string {
  const lines = all.map(({ name, fate, statedMs, backMs, cpuMs, peakBytes, restBytes }) => {
    const stated = statedMs === undefined ? 'stays' : `${statedMs / 1_000} s`;
    const back = fate === 'connects anew' ? seconds(backMs) : '';
    const cpu = cpuMs === undefined ? '' : `${Math.round(cpuMs)} ms`;
    return `| \`${name}\` | ${stated} | ${back} | ${cpu} | ${megabytes(peakBytes)} | ${megabytes(restBytes)} |`;
  });
  return ['| input | back within | here | CPU | peak | kept |', '| --- | --- | --- | --- | --- | --- |', ...lines].join(
    '\n',
  );
}
