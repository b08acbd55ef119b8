import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { accepting, eventually, freePort, stopProcess, whenReady } from '../support/process.ts';
import { type RealServer, usualAccounts } from './server.ts';

export const ejabberdFile = '/usr/sbin/ejabberdctl';

/** The listener for components, and modules beside those that any server needs. */
export interface ComponentConfig {
  readonly listen: readonly object[];
  readonly modules: object;
}

interface EjabberdOptions {
  readonly accounts?: readonly string[];
  readonly component?: (port: number) => ComponentConfig;
}

const usualComponent = (port: number): ComponentConfig => ({
  listen: [
    {
      port,
      ip: '127.0.0.1',
      module: 'ejabberd_service',
      access: 'all',
      shaper: 'none',
      global_routes: false,
      hosts: { 'push.localhost': { password: 's3cret' }, 'load.localhost': { password: 's3cret' } },
    },
  ],
  modules: { mod_disco: { extra_domains: ['push.localhost'] }, mod_push: {} },
});

/**
 * Debian's ejabberd on loopback with mod_push, accounts and one component. `erl` runs it directly, since `ejabberdctl`
 * would start a port mapper and a distribution port, and needs its own user.
 */
export async function startEjabberd({
  accounts = usualAccounts,
  component = usualComponent,
}: EjabberdOptions = {}): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-ejabberd-'));
  const [clientPort, componentPort] = [await freePort(), await freePort()];
  await mkdir(join(folder, 'mnesia'));
  const configFile = join(folder, 'ejabberd.yml');
  const { listen, modules } = component(componentPort);
  await writeFile(
    configFile,
    stringify({
      hosts: ['localhost'],
      auth_method: 'internal',
      auth_password_format: 'plain',
      listen: [
        {
          port: clientPort,
          ip: '127.0.0.1',
          module: 'ejabberd_c2s',
          access: 'all',
          shaper: 'none',
          starttls: false,
        },
        ...listen,
      ],
      modules: { mod_adhoc: {}, mod_offline: {}, mod_ping: {}, mod_roster: {}, ...modules },
    }),
  );
  const libraries = globSync('/usr/lib/*-linux-gnu');
  const registered = join(folder, 'registered');
  const names = accounts.map((name) => `<<"${name}">>`).join(', ');
  const register =
    `[ejabberd_auth:try_register(U, <<"localhost">>, <<U/binary, "pw">>) || U <- [${names}]], ` +
    `file:write_file("${registered}", "")`;
  const run = async () => {
    const child = spawn(
      'erl',
      ['-noinput', '-mnesia', 'dir', `"${folder}/mnesia"`, '-s', 'ejabberd', '-eval', register],
      {
        stdio: 'ignore',
        cwd: folder,
        env: {
          ...process.env,
          HOME: folder,
          ERL_LIBS: libraries.join(':'),
          EJABBERD_CONFIG_PATH: configFile,
          EJABBERD_LOG_PATH: join(folder, 'ejabberd.log'),
          EJABBERD_PID_PATH: join(folder, 'ejabberd.pid'),
          ERL_CRASH_DUMP: join(folder, 'crash.dump'),
        },
      },
    );
    // The port is open before the accounts exist.
    const ready = accepting(componentPort, child, 60_000).then(() =>
      eventually('ejabberd has registered the accounts', () => existsSync(registered) || undefined, 30_000),
    );
    return whenReady(child, ready);
  };
  let child = await run();
  return {
    clientPort,
    componentPort,
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
