import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** A project that has the package as npm would install it. */
export interface BuiltProject {
  readonly folder: string;
  /** The program, built: what operators run. */
  readonly mainFile: string;
  remove(): void;
}

/** Builds the package into the `node_modules` of a new project, which finds the dependencies as well. */
export function buildProject(): BuiltProject {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'project-'));
  const installed = join(folder, 'node_modules', 'sealpost');
  mkdirSync(installed, { recursive: true });
  copyFileSync(join(root, 'package.json'), join(installed, 'package.json'));
  const bundler = join(root, 'node_modules', '.bin', 'rolldown');
  const bundle = join(installed, 'dist', 'bundle');
  const remove = () => rmSync(folder, { recursive: true });
  try {
    execFileSync(bundler, ['-c', '--dir', bundle], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, mainFile: join(bundle, 'main.js'), remove };
}
