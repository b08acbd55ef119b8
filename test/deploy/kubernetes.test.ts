import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { last, parseDockerfile } from './dockerfile.ts';
import { root } from './page.ts';
import { mountOf, readConfig } from './sample-config.ts';

const folder = join(root, 'deploy/kubernetes');

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [key: string]: unknown;
}
type Labels = Readonly<Record<string, string>>;
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly image: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: object;
  readonly resources: { readonly requests: Labels; readonly limits: Labels };
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
    readonly readOnly?: boolean;
  }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}
interface Pods {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly [Container];
  readonly volumes: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string; readonly defaultMode: number };
    readonly emptyDir?: object;
  }[];
}
interface Spec {
  readonly replicas: number;
  readonly serviceName: string;
  readonly selector: { readonly matchLabels: Labels };
  readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pods };
}

function documentsIn(file: string): Resource[] {
  return parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => {
    assert.deepEqual([...document.errors, ...document.warnings], [], file);
    return document.toJS() as Resource;
  });
}

const files = globSync('*.yaml', { cwd: folder }).toSorted();
const resources = files.filter((file) => file !== 'kustomization.yaml').flatMap(documentsIn);

function find(kind: string, name: string): Resource {
  const found = resources.find((resource) => resource.kind === kind && resource.metadata.name === name);
  assert.ok(found, `no ${kind} ${name}`);
  return found;
}

const { replicas, serviceName, selector, template } = find('StatefulSet', 'sealpost')['spec'] as Spec;
const pods = template.spec;
const [container] = pods.containers;
const stringData = (name: string) => find('Secret', name)['stringData'] as Labels;
const config = () => {
  const { 'sealpost.yaml': text = '' } = find('ConfigMap', 'sealpost-config')['data'] as Labels;
  const secrets = Object.entries(stringData('sealpost-secrets'));
  return readConfig(text, Object.fromEntries(secrets.map(([name, value]) => [`/run/secrets/${name}`, value])));
};

test('kubernetes - kubectl apply -k takes every file but the example of the Secrets', () => {
  const [kustomization] = documentsIn('kustomization.yaml');
  assert.ok(kustomization);
  assert.deepEqual(
    (kustomization['resources'] as string[]).toSorted(),
    files.filter((file) => file !== 'kustomization.yaml' && !file.includes('.example.')),
  );
});

test('kubernetes - all is in one namespace, which lets in nothing that is privileged', () => {
  const namespace = find('Namespace', 'sealpost');
  assert.deepEqual((namespace.metadata as { labels?: Labels }).labels, {
    'pod-security.kubernetes.io/enforce': 'restricted',
  });
  for (const { kind, metadata } of resources)
    if (kind !== 'Namespace') assert.equal(metadata.namespace, 'sealpost', kind);
});

test('kubernetes - three pods that nothing but themselves may write to', () => {
  assert.equal(replicas, 3);
  assert.equal(pods.automountServiceAccountToken, false);
  const [user, group] =
    last(parseDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8')).at(-1) ?? assert.fail(), 'USER')[0]?.split(
      ':',
    ) ?? [];
  assert.deepEqual(pods.securityContext, {
    runAsNonRoot: true,
    runAsUser: Number(user),
    runAsGroup: Number(group),
    fsGroup: Number(group),
    seccompProfile: { type: 'RuntimeDefault' },
  });
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  assert.deepEqual(Object.keys(container.resources.requests), ['cpu', 'memory']);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.equal(container.image, `sealpost:${version}`);
});

test('kubernetes - the config is valid, and reads what is mounted from the Secrets that the example shows', () => {
  const { config: read, opened } = config();
  assert.equal(read.store.kind, 'postgres');
  const mounts = container.volumeMounts.map((mount) => ({ ...mount, target: mount.mountPath }));
  const given = opened.map((path) => {
    const mount = mountOf(path, mounts);
    const volume = pods.volumes.find(({ name }) => name === mount?.name);
    assert.equal(mount?.readOnly, true, path);
    // Files that belong to root and to the group of the pod.
    assert.equal(volume?.secret?.defaultMode, 0o440, path);
    return `${volume.secret.secretName}/${path.slice(mount.mountPath.length + 1)}`;
  });
  const shown = ['sealpost-secrets', 'sealpost-providers'].flatMap((name) =>
    Object.keys(stringData(name)).map((key) => `${name}/${key}`),
  );
  assert.deepEqual(given.toSorted(), shown.toSorted());
  const file = mounts.find(({ target }) => target === '/etc/sealpost/sealpost.yaml');
  const volume = pods.volumes.find(({ name }) => name === file?.name);
  assert.deepEqual([file?.subPath, volume?.configMap?.name], ['sealpost.yaml', 'sealpost-config']);
});

test('kubernetes - every volume is mounted, and every mount has a volume', () => {
  assert.deepEqual(
    container.volumeMounts.map(({ name }) => name).toSorted(),
    pods.volumes.map(({ name }) => name).toSorted(),
  );
});

test('kubernetes - ports and probes are those that the config opens', () => {
  const { http } = config().config;
  assert.deepEqual(container.ports, [
    { name: 'public', containerPort: http.public.port },
    { name: 'ops', containerPort: http.ops.port },
  ]);
  assert.deepEqual([http.public.host, http.ops.host], ['0.0.0.0', '0.0.0.0']);
  assert.deepEqual(
    [container.startupProbe, container.livenessProbe, container.readinessProbe].map(({ httpGet }) => httpGet),
    [
      { path: '/healthz', port: 'ops' },
      { path: '/healthz', port: 'ops' },
      { path: '/readyz', port: 'ops' },
    ],
  );
});

test('kubernetes - services, policy and budget are about these pods, and their ports exist', () => {
  const { labels } = template.metadata;
  assert.deepEqual(selector.matchLabels, labels);
  const names = container.ports.map(({ name }) => name);
  for (const { kind, metadata, spec } of resources.filter(({ kind: is }) => is === 'Service')) {
    const { selector: chosen, ports } = spec as { selector: Labels; ports: { targetPort: string }[] };
    assert.deepEqual(chosen, labels, `${kind} ${metadata.name}`);
    for (const { targetPort } of ports) assert.ok(names.includes(targetPort), targetPort);
  }
  assert.equal((find('Service', serviceName)['spec'] as { clusterIP: string }).clusterIP, 'None');
  const budget = find('PodDisruptionBudget', 'sealpost')['spec'] as { selector: object; maxUnavailable: number };
  assert.deepEqual(budget, { maxUnavailable: 1, selector: { matchLabels: labels } });
});

test('kubernetes - only the namespace of Prometheus reaches the ops listener, only the ingress the public one', () => {
  const policy = find('NetworkPolicy', 'sealpost')['spec'] as {
    readonly podSelector: object;
    readonly policyTypes: string[];
    readonly ingress: { from: { namespaceSelector: { matchLabels: Labels } }[]; ports: { port: string }[] }[];
  };
  assert.deepEqual(policy.podSelector, { matchLabels: template.metadata.labels });
  assert.deepEqual(policy.policyTypes, ['Ingress']);
  const allowed = policy.ingress.map(({ from, ports }) => [
    from.map(({ namespaceSelector }) => namespaceSelector.matchLabels['kubernetes.io/metadata.name']),
    ports.map(({ port }) => port),
  ]);
  assert.deepEqual(allowed, [
    [['ingress'], ['public']],
    [['monitoring'], ['ops']],
  ]);
});
