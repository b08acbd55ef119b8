/** A device of the admin API, read and written for humans. */
import { z } from 'zod';

const event = { at: z.string(), what: z.string(), hint: z.string().optional() };

/** What `GET /devices` says of a device. */
export const deviceSchema = z.looseObject({
  fingerprint: z.string(),
  state: z.enum(['registered', 'removed']),
  app: z.string(),
  convention: z.string(),
  account: z.string().optional(),
  domain: z.string(),
  over: z.string().optional(),
  firstRegisteredAt: z.string().optional(),
  registeredAt: z.string().optional(),
  timesRegistered: z.number(),
  canCall: z.boolean(),
  environment: z.string().optional(),
  removed: z.looseObject({ at: z.string(), what: z.string() }).optional(),
  lastPublish: z.looseObject(event).optional(),
  lastPush: z.looseObject(event).optional(),
  queued: z.object({ pushes: z.number(), nextAt: z.string().optional() }).optional(),
  held: z.array(z.string()),
  summary: z.string(),
});

export type DeviceView = z.output<typeof deviceSchema>;

/** One line for a list. */
export function deviceLine({ fingerprint, app, convention, domain, summary }: DeviceView): string {
  return `${fingerprint}  ${app} (${convention})  ${domain}  ${summary}`;
}

/** A paragraph on a device: a line for each fact, the summary last. */
export function describeDevice(device: DeviceView, nowMs: number): string {
  const { fingerprint, app, convention, account, domain, state, environment, canCall, removed, queued, held } = device;
  const traits = [convention, ...(environment === undefined ? [] : [environment]), ...(canCall ? ['calls'] : [])];
  const facts: readonly (readonly [string, string])[] = [
    ['account', account ?? `at ${domain}`],
    ['registered', describeRegistering(device, nowMs)],
    ...(removed ? [['removed', `${describeTime(removed.at, nowMs)}: ${removed.what}`] as const] : []),
    ['last publish', describeEvent(device.lastPublish, nowMs)],
    ['last push', describeEvent(device.lastPush, nowMs)],
    ...(queued ? [['queued', describeQueue(queued, nowMs)] as const] : []),
    ...held.map((what) => ['held', what] as const),
  ];
  const lines = facts.map(([name, value]) => `  ${name.padEnd(13)}${value}`);
  return `${fingerprint}  ${app} (${traits.join(', ')}), ${state}\n${lines.join('\n')}\n  => ${device.summary}\n`;
}

function describeRegistering({ firstRegisteredAt, registeredAt, timesRegistered, over }: DeviceView, nowMs: number) {
  if (registeredAt === undefined) return 'not by its client: it was imported, or made of its node';
  const where = over === undefined ? 'not over XMPP' : `over ${over}`;
  const latest = `${describeTime(registeredAt, nowMs)} ${where}`;
  if (timesRegistered === 1) return latest;
  const first = firstRegisteredAt === undefined ? '' : `, first ${describeTime(firstRegisteredAt, nowMs)}`;
  return `${latest}, ${timesRegistered} times${first}`;
}

function describeEvent(given: DeviceView['lastPush'], nowMs: number): string {
  if (!given) return 'none is known';
  const { at, what, hint } = given;
  return `${describeTime(at, nowMs)}: ${what}${hint === undefined ? '' : ` (${hint})`}`;
}

function describeQueue({ pushes, nextAt }: NonNullable<DeviceView['queued']>, nowMs: number): string {
  const next = nextAt === undefined ? '' : `, the next one is due ${describeTime(nextAt, nowMs)}`;
  return pushes === 0 ? 'nothing' : `${pushes} ${pushes === 1 ? 'push' : 'pushes'}${next}`;
}

/** Largest first; a unit is used from two of it on. */
const units = [
  ['days', 86_400],
  ['hours', 3_600],
  ['minutes', 60],
] as const;

/** The time in UTC, and how long ago it is or until it comes. */
function describeTime(at: string, nowMs: number): string {
  const seconds = Math.round((Date.parse(at) - nowMs) / 1_000);
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= 2 * length) ?? ['s', 1];
  const span = `${Math.floor(Math.abs(seconds) / size)} ${unit}`;
  return `${at.replace('T', ' ').replace(/\.\d+Z$/, 'Z')} (${seconds > 0 ? `in ${span}` : `${span} ago`})`;
}
