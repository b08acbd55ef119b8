/** `sealpost harness serve`: tests any push app server from both of its sides. */
import { createAcceptor } from '../../harness/server/acceptor.ts';
import { reportOptions, reportRun } from './run.ts';
import type { CommandIo } from './io.ts';
import { type ExitCode, UsageError, readArguments } from '../command.ts';
import { describeSettings } from '../../harness/stand-ins/provider-settings.ts';
import { readClaims } from '../../harness/runner/claims.ts';
import { selectScenarios } from '../../harness/runner/run-scenarios.ts';
import { assembleStage, type ScenarioStage, setProviders } from '../../harness/runner/environment.ts';
import { scenarios } from '../../harness/scenarios/all.ts';
import { phones } from '../../harness/scenarios/phones.ts';
import { writeSettings } from './settings-file.ts';
import type { Scenario } from '../../harness/scenarios/scenario.ts';

const options = {
  ...reportOptions,
  listen: { type: 'string' },
  domain: { type: 'string' },
  secret: { type: 'string' },
  settings: { type: 'string' },
  convention: { type: 'string', multiple: true },
  'apns-id': { type: 'string' },
  'fcm-id': { type: 'string' },
  within: { type: 'string' },
  strict: { type: 'boolean' },
  patience: { type: 'string' },
} as const;

/** `sealpost harness serve`. Exits with 0 if no scenario failed. */
export async function serveCommand(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  const { values } = readArguments({ args: [...args], options });
  const { clock, randomBytes, errors, env } = io;
  const { host, port } = readAddress(values.listen);
  const { domain } = values;
  const secret = values.secret ?? env['HARNESS_SECRET'];
  if (domain === undefined || domain === '') throw new UsageError('--domain is missing');
  if (secret === undefined || secret === '') throw new UsageError('--secret is missing');
  const withinS = Number(values.within ?? 300);
  if (!(withinS > 0 && withinS <= 86_400)) throw new UsageError('--within takes seconds');
  const patienceS = Number(values.patience ?? 30);
  if (!(patienceS > 0 && patienceS <= 3_600)) throw new UsageError('--patience takes seconds');
  const conventions = values.convention ?? ['tigase'];
  const known: readonly string[] = Object.values(phones).map(({ convention }) => convention);
  const unknown = conventions.find((name) => !known.includes(name) || name === 'none');
  if (unknown !== undefined) throw new UsageError(`there is no convention ${unknown}`);
  const chosen = selectScenarios(scenarios, values.only ?? []);

  await using started = new AsyncDisposableStack();
  const providers = await setProviders({ clock });
  started.defer(() => providers.close());
  const components = new Map([[domain, secret]]);
  const acceptor = await createAcceptor({ components, clock, randomBytes, host, port });
  started.defer(() => acceptor.close());
  if (values.settings !== undefined) {
    await writeSettings(values.settings, describeSettings(providers));
  }
  errors.write(`listening for the component ${domain} on ${host}:${acceptor.port}\n`);
  errors.write(`APNs is ${providers.apns.origin}, FCM is ${providers.fcm.origin}\n`);
  await acceptor.whenConnected(domain, withinS * 1000);
  const unclaimed = assembleStage({ acceptor, providers, component: domain, clock, randomBytes });
  const ids = {
    ...(values['apns-id'] !== undefined && { apns: values['apns-id'] }),
    ...(values['fcm-id'] !== undefined && { fcm: values['fcm-id'] }),
  };
  const claims = await readClaims(unclaimed, { conventions, ids });
  const stage: ScenarioStage = { ...unclaimed, registersAs: claims.idOf, patienceMs: patienceS * 1000 };
  const strict = values.strict ?? false;
  const run = {
    chosen,
    leftOut: scenarios.filter((scenario) => !chosen.includes(scenario)),
    skip: (scenario: Scenario) => claims.whyNot(scenario, strict),
    faults: claims.faults,
  };
  // Awaited here, since `started` closes everything on return.
  return await reportRun(run, stage, values, io);
}

function readAddress(listen: string | undefined): { host: string; port: number } {
  const [, host = '127.0.0.1', digits = ''] = /^(?:(.+):)?(\d{1,5})$/.exec(listen ?? '') ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) throw new UsageError('--listen takes a port, or an address with a port');
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port };
}
