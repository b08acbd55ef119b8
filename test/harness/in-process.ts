import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemClock } from '../../src/time/clock.ts';
import { parseConfig } from '../../src/config/config.ts';
import type { StartServer } from '../../src/harness/demo/environment.ts';
import { startServer as startReal } from '../../src/server.ts';
import { quietTelemetry } from '../support/telemetry.ts';

/** Starts Sealpost in this process, made of the given modules; the real ones unless told otherwise. */
export function startInProcess(startServer: typeof startReal = startReal): StartServer {
  return async (yaml) => {
    const config = parseConfig(yaml, { baseDir: process.cwd(), readFile: readFileSync, env: {} });
    const parts = { config, version: 'test', clock: systemClock, random: Math.random, ...quietTelemetry() };
    const server = await startServer(parts);
    await server.whenOnline();
    return { opsUrl: server.opsUrl, publicUrl: server.publicUrl, stop: () => server.drain() };
  };
}

export const stageParts = { clock: systemClock, randomBytes };
