import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accepting, freePort, stopProcess, whenReady } from '../support/process.ts';
import { type RealServer, usualAccounts } from './server.ts';

export const prosodyFile = '/usr/bin/prosody';

export interface ProsodyOptions {
  /** Seal publishes, with our module. */
  readonly seal: boolean;
  /** Send zeros as the tag, like the community's module on luaossl. */
  readonly zeroTag?: boolean;
  readonly accounts?: readonly string[];
  /** The hosts of the config, in place of the usual ones; they load what pushes. */
  readonly hosts?: string;
}

const usualHosts = `
    VirtualHost "localhost"
      modules_enabled = { "cloud_notify" }
    Component "push.localhost"
      component_secret = "s3cret"
`;

export type Prosody = RealServer & { readonly logFile: string };

/** Debian's Prosody on loopback with mod_cloud_notify, accounts, and one component. */
export async function startProsody({
  accounts = usualAccounts,
  hosts = usualHosts,
  ...options
}: ProsodyOptions): Promise<Prosody> {
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-prosody-'));
  const [clientPort, componentPort] = [await freePort(), await freePort()];
  const accountsFolder = join(folder, 'data', 'localhost', 'accounts');
  await mkdir(accountsFolder, { recursive: true });
  await mkdir(join(folder, 'certs'));
  for (const name of accounts)
    await writeFile(join(accountsFolder, `${name}.dat`), `return { password = "${name}pw" };`);
  const configFile = join(folder, 'prosody.cfg.lua');
  await writeFile(
    configFile,
    `
    pidfile = "${folder}/prosody.pid"; data_path = "${folder}/data"; run_as_root = true
    plugin_paths = { "${join(import.meta.dirname, 'prosody-modules')}" }
    log = { { levels = { min = "debug" }, to = "file", filename = "${folder}/prosody.log" } }
    interfaces = { "127.0.0.1" }; local_interfaces = { "127.0.0.1" }
    c2s_ports = { ${clientPort} }; component_ports = { ${componentPort} }; component_interfaces = { "127.0.0.1" }
    c2s_require_encryption = false; allow_unencrypted_plain_auth = true
    authentication = "internal_plain"; storage = "internal"
    modules_disabled = { "s2s", "tls", "http" }
    modules_enabled = { "roster"; "saslauth"; "disco"; "presence"; "message"; "iq"; "ping"; "offline";
      ${options.seal ? '"sealpost_seal";' : ''} }
    sealpost_seal_zero_tag = ${options.zeroTag ?? false}
    ${hosts}
    Component "load.localhost"
      component_secret = "s3cret"
    `,
  );
  const run = async () => {
    const child = spawn(prosodyFile, ['-F', '--config', configFile], { stdio: 'ignore' });
    return whenReady(child, accepting(componentPort, child, 15_000));
  };
  let child = await run();
  return {
    clientPort,
    componentPort,
    logFile: join(folder, 'prosody.log'),
    domain: 'localhost',
    component: 'push.localhost',
    secret: 's3cret',
    async restart() {
      await stopProcess(child);
      child = await run();
    },
    async stop() {
      await stopProcess(child);
      await rm(folder, { recursive: true });
    },
  };
}
