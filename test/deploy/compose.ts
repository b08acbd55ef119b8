/** Files for docker compose, so far as ours go. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { type DockerRun, parseDockerRun } from './docker-run.ts';

const condition = z.enum(['service_started', 'service_healthy', 'service_completed_successfully']);
const service = z.strictObject({
  image: z.string(),
  build: z.union([z.string(), z.strictObject({ context: z.string(), dockerfile: z.string() })]).optional(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  secrets: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  network_mode: z.string().optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition })).default({}),
  healthcheck: z.strictObject({ test: z.array(z.string()), interval: z.string(), retries: z.number() }).optional(),
  read_only: z.boolean().default(false),
  tmpfs: z.array(z.string()).default([]),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  profiles: z.array(z.string()).default([]),
  restart: z.string().optional(),
  deploy: z.strictObject({ replicas: z.number() }).optional(),
  extra_hosts: z.array(z.string()).default([]),
});
const file = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()).default({}),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })).default({}),
});

export type Compose = z.output<typeof file>;
export type Service = Compose['services'][string];

/** @throws Error for keys that the tests do not know */
export function readCompose(path: string): Compose {
  const read = parse(readFileSync(path, 'utf8'), { merge: true }) as Record<string, unknown>;
  const keys = Object.entries(read).filter(([name]) => !name.startsWith('x-'));
  return file.parse(Object.fromEntries(keys));
}

/** A service as the `docker run` that it stands for; variables have their defaults. */
export function asDockerRun({ secrets: all }: Compose, given: Service): DockerRun {
  const options = [
    ...(given.read_only ? ['--read-only'] : []),
    ...given.tmpfs.flatMap((path) => ['--tmpfs', path]),
    ...given.cap_drop.flatMap((name) => ['--cap-drop', name]),
    ...given.security_opt.flatMap((name) => ['--security-opt', name]),
    ...given.volumes.flatMap((text) => ['-v', text]),
    ...given.secrets.flatMap((name) => ['-v', `${all[name]?.file}:/run/secrets/${name}:ro`]),
    ...given.ports.flatMap((text) => ['-p', text]),
    ...given.extra_hosts.flatMap((text) => ['--add-host', text]),
  ];
  const environment = Object.entries(given.environment).map(([name, value]) => [
    name,
    value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'),
  ]);
  return {
    ...parseDockerRun([...options, given.image, ...given.command]),
    environment: Object.fromEntries(environment) as Record<string, string>,
  };
}
