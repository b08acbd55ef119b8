import { readFileSync } from 'node:fs';
import { type Config, parseConfig } from '../config/config.ts';
import { type Server, startServer } from '../server.ts';
import { createLog, type LeveledLog, type LogLevel } from '../telemetry/log.ts';
import { plainLines } from '../telemetry/plain-lines.ts';
import { collectRuntimeMetrics, createMetrics } from '../telemetry/metrics.ts';
import { openSpans } from '../telemetry/spans.ts';
import { systemClock } from '../time/clock.ts';
import { version } from './version.ts';

/** Starts a server on this machine's clock, with its log on standard output. */
export function start(config: Config, level: LogLevel = config.log.level): Promise<Server> {
  const log = openLog(config.log.format, level);
  const metrics = createMetrics(version);
  collectRuntimeMetrics(metrics);
  const spans = openSpans(version);
  return startServer({ config, version, clock: systemClock, random: Math.random, log, metrics, spans });
}

function openLog(format: Config['log']['format'], level: LogLevel): LeveledLog {
  const { stdout } = process;
  if (format === 'json' || (format === 'auto' && !stdout.isTTY)) return createLog(level);
  return createLog(level, plainLines(stdout, stdout.isTTY && stdout.hasColors()));
}

/** Starts a server from the content of a `sealpost.yaml` and resolves once its links are up. */
export async function startFrom(config: object, level: LogLevel) {
  const parsed = parseConfig(config, { baseDir: process.cwd(), readFile: readFileSync, env: process.env });
  const server = await start(parsed, level);
  await server.whenOnline();
  return { opsUrl: server.opsUrl, publicUrl: server.publicUrl, stop: () => server.drain() };
}
