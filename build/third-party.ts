/** Tells which packages a build holds, and under which licences: those ask for it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'rolldown';

/** A package that a build holds; `packages.json` has one of each. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
}

interface Manifest extends BundledPackage {
  readonly license?: string;
}

const inPackage = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** Adds `packages.json` and `THIRD-PARTY.txt` to what is built. */
export function thirdParty(): Plugin {
  return {
    name: 'third-party',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
      const folders = new Set(modules.flatMap((id) => inPackage.exec(id)?.[1] ?? []));
      const packages = [...folders].toSorted().map((folder) => ({ folder, manifest: readManifest(folder) }));
      const listed = packages.map(({ manifest: { name, version } }): BundledPackage => ({ name, version }));
      this.emitFile({ type: 'asset', fileName: 'packages.json', source: JSON.stringify(listed, null, 2) });
      const texts = packages.map(({ folder, manifest }) => licenceOf(folder, manifest));
      this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY.txt', source: texts.join('\n\n') });
    },
  };
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function licenceOf(folder: string, { name, version, license = 'licence not named' }: Manifest): string {
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return [`${name} ${version} (${license})`, ...texts].join('\n\n');
}
