/**
 * Makes the bill of materials of the package from that of the repository: `npm sbom --sbom-format cyclonedx | node build/bill.ts`.
 * Left are the dependencies, and what the build holds of the others: its `packages.json`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { BundledPackage } from './third-party.ts';

/** What npm writes of a package that only `devDependencies` lead to, in CycloneDX. */
const development = 'cdx:npm:package:development';

interface Component {
  readonly 'bom-ref': string;
  readonly scope: string;
  readonly properties: readonly { readonly name: string }[];
}

interface Bill {
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  readonly metadata: { readonly component: Component };
}

const list = join(import.meta.dirname, '../dist/bundle/packages.json');
const bundled = JSON.parse(readFileSync(list, 'utf8')) as readonly BundledPackage[];
const all = (await json(process.stdin)) as Bill;

const isDevelopment = ({ properties }: Component) => properties.some(({ name }) => name === development);
const held = new Set(bundled.map(({ name, version }) => `${name}@${version}`));
const components = all.components
  .filter((component) => held.has(component['bom-ref']) || !isDevelopment(component))
  .map((component) => ({
    ...component,
    scope: 'required',
    properties: component.properties.filter(({ name }) => name !== development),
  }));
const refs = new Set([all.metadata.component, ...components].map((component) => component['bom-ref']));
const missing = [...held].filter((ref) => !refs.has(ref));
if (missing.length > 0) throw new Error(`the lock file does not name what the build holds: ${missing.join(', ')}`);
const dependencies = all.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
process.stdout.write(`${JSON.stringify({ ...all, components, dependencies }, null, 2)}\n`);
