/** Dockerfile, Compose file, units and manifests name only what the programs know, and agree with each other. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  composeStarts,
  durationIn,
  imageProbes,
  optionsOf,
  kubernetesResources,
  kubernetesStarts,
  systemdStarts,
  unitValues,
} from '../../../harness/programs/deployment-files.ts';
import { readDockerfile } from '../../../harness/containers/dockerfile.ts';
import { CHECKOUT, run } from '../../../harness/programs/processes.ts';
import { present } from '../../../harness/programs/real-servers.ts';
import { silentServer } from '../../../harness/engine/silent-server.ts';
import { filesBelow, readText } from '../../../harness/source-tree.ts';

const starts = [...composeStarts(), ...systemdStarts(), ...kubernetesStarts()];
const version = (JSON.parse(readText('package.json')) as { version: string }).version;
/** Where each program answers /healthz and /readyz, and the port it has by itself. */
const HEALTH_ADDRESS = {
  'lb-control-plane': ['LB_HTTP_ADDRESS', 7080],
  'lb-data-plane': ['LB_ADMIN_ADDRESS', 7100],
} as const;
const OPERATION_PATHS = ['/healthz', '/readyz'];

describe('what is deployed', () => {
  it('is found in every file', () => {
    const programs = (list: readonly { program: string }[]) => list.map(({ program }) => program).sort();
    assert.deepEqual(programs(composeStarts()), ['lb-control-plane', 'lb-data-plane', 'lbctl']);
    assert.deepEqual(programs(systemdStarts()), ['lb-control-plane', 'lb-data-plane']);
    assert.deepEqual(programs(kubernetesStarts()), ['lb-control-plane', 'lb-data-plane']);
  });

  // lbctl's commands are run by test/e2e/compose.test.ts.
  for (const program of ['lb-control-plane', 'lb-data-plane'] as const) {
    it(`gives ${program} only flags and variables that it knows`, async () => {
      const { flags, variables } = await optionsOf(program);
      const unknown = starts
        .filter((start) => start.program === program)
        .flatMap(({ where, flags: given, env }) =>
          [...given, ...Object.keys(env)]
            .filter((name) => !flags.has(name) && !variables.has(name))
            .map((name) => `${where}: ${name}`),
        );
      assert.deepEqual(unknown, []);
    });
  }

  for (const start of starts.filter(({ program }) => program !== 'lbctl')) {
    const { where, env, probes, program } = start;
    const [variable, fallback] = HEALTH_ADDRESS[program as keyof typeof HEALTH_ADDRESS];
    const port = Number(env[variable]?.split(':').at(-1) ?? fallback);

    it(`${where}: is probed where it answers`, () => {
      for (const probe of probes) {
        assert.ok(
          OPERATION_PATHS.some((path) => probe === `${port}${path}`),
          `${probe} is not at ${port}`,
        );
      }
      if (!where.includes('systemd')) assert.ok(probes.length > 0);
    });

    it(`${where}: is not killed before it has stopped in order`, () => {
      const ownMs =
        program === 'lb-data-plane'
          ? durationIn(env, 'LB_SHUTDOWN_DELAY', '0s') + durationIn(env, 'LB_DRAIN_TIMEOUT', '30s')
          : 0;
      assert.ok(start.graceMs > ownMs + 5_000, `${start.graceMs} ms for ${ownMs} ms`);
    });
  }
});

describe('Dockerfile', () => {
  const steps = readDockerfile(readText('Dockerfile'));
  const all = (word: string) => steps.filter((step) => step.word === word).map(({ rest }) => rest);

  it('stands on a Node that is pinned and that package.json allows, and does not run as root', () => {
    for (const from of all('FROM'))
      assert.match(from, /^node:20\.(19|[2-9]\d)\.\d+-bookworm-slim( AS \w+)?$/);
    assert.match(all('USER').at(-1) ?? '', /^[1-9]\d*:[1-9]\d*$/);
  });

  it('asks both programs for their health where they answer by themselves', () => {
    const ports = Object.values(HEALTH_ADDRESS).map(([, port]) => `${port}/healthz`);
    assert.deepEqual([...imageProbes()].sort(), ports.sort());
  });

  it('needs no install script: what is native comes prebuilt for x64 and arm64', () => {
    const { packages } = JSON.parse(readText('package-lock.json')) as {
      packages: Record<string, { version: string; hasInstallScript?: boolean; dev?: boolean }>;
    };
    const scripted = Object.keys(packages).filter(
      (name) => packages[name]?.hasInstallScript && !packages[name].dev,
    );
    const prebuilt = {
      koffi: '@koromix/koffi-linux-',
      lmdb: '@lmdb/lmdb-linux-',
      'msgpackr-extract': '@msgpackr-extract/msgpackr-extract-linux-',
    };
    // That of protobufjs looks for odd version numbers in the package.json of whoever uses it.
    const names = scripted
      .map((path) => path.replace('node_modules/', ''))
      .filter((name) => name !== 'protobufjs');
    for (const name of names) {
      const prefix = prebuilt[name as keyof typeof prebuilt];
      assert.ok(prefix, `${name} has an install script`);
      for (const platform of ['x64', 'arm64'])
        assert.ok(packages[`node_modules/${prefix}${platform}`], `${name} on ${platform}`);
    }
  });

  it('copies what exists, past .dockerignore', () => {
    const ignored = readText('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    for (const copy of all('COPY').filter((rest) => !rest.startsWith('--from'))) {
      for (const source of copy.split(' ').slice(0, -1)) {
        assert.ok(existsSync(join(CHECKOUT, source)), source);
        assert.ok(!ignored.includes(source), source);
      }
    }
    for (const needed of ['node_modules', 'dist', 'data', '.git'])
      assert.ok(ignored.includes(needed), needed);
  });
});

describe('every image', () => {
  const files = ['docker-compose.yml', ...filesBelow('deploy/kubernetes', '.yaml')];
  const images = files.flatMap((file) =>
    [...readText(file).matchAll(/^\s*image: (\S+)$/gm)].map(([, image = '']) => image),
  );

  it('is pinned; ours to the version of this checkout', () => {
    assert.ok(images.length > 5);
    for (const image of images) {
      assert.match(image, /:v?\d+\.\d+\.\d+$/, image);
      if (image.startsWith('equipoise')) assert.equal(image, `equipoise:${version}`);
    }
  });
});

describe('docker-compose.yml', () => {
  // Each check is a process of its own: one of Node takes more than 0.1 s of CPU.
  it('asks a container that is up for its health every ten seconds, and one that starts every second', () => {
    const text = readText('docker-compose.yml');
    assert.deepEqual(new Set(text.match(/(?<=^ +interval: ).*/gm)), new Set(['10s']));
    assert.equal(text.match(/^ +start_interval: 1s$/gm)?.length, text.match(/^ +interval: /gm)?.length);
  });
});

describe('deploy/systemd', () => {
  it('is what systemd understands', async (t) => {
    if (!present(t, 'systemd-analyze', 'keepalived')) return;
    const units = [
      ...filesBelow('deploy/systemd', '.service'),
      ...filesBelow('deploy/keepalived', '.service'),
    ].map((file) => join(CHECKOUT, file));
    const { code, stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', ...units]);
    assert.equal(code, 0, stdout + stderr);
    // What it does not know it only mentions.
    assert.doesNotMatch(stdout + stderr, /(lb|equipoise)-[a-z-]+\.service/);
  });

  for (const file of filesBelow('deploy/systemd', '.service')) {
    it(`${file} starts again after a crash, keeps its state, and may do little else`, () => {
      const text = readText(file);
      const only = {
        Restart: 'always',
        KillMode: 'mixed',
        NoNewPrivileges: 'yes',
        ProtectSystem: 'strict',
        DynamicUser: 'yes',
      };
      for (const [key, value] of Object.entries(only)) assert.deepEqual(unitValues(text, key), [value], key);
      const [state = ''] = unitValues(text, 'StateDirectory');
      assert.deepEqual(unitValues(text, 'WorkingDirectory'), [`/var/lib/${state}`]);
      // V8 makes code while it runs.
      assert.deepEqual(unitValues(text, 'MemoryDenyWriteExecute'), []);
    });
  }
});

describe('deploy/keepalived', () => {
  it('gives up a proxy that does not even take the connection', async (t) => {
    const server = await silentServer();
    t.after(() => server.close());
    const asked = run(join(CHECKOUT, 'deploy/keepalived/check-proxy'), [
      `${server.host}:${server.port}`,
      '/healthz',
    ]);
    assert.equal((await asked).code, 124);
  });
});

describe('deploy/kubernetes', () => {
  const resources = kubernetesResources();

  it('lies in its namespace, and every selector finds the pods it is for', () => {
    const pods = resources.flatMap(({ spec }) => (spec?.template ? [spec.template.metadata] : []));
    for (const { kind, metadata, spec } of resources) {
      if (kind === 'Namespace') continue;
      assert.equal(metadata.namespace, 'equipoise');
      const selector = (spec?.selector ?? {}) as { matchLabels?: Record<string, string> };
      const labels = Object.entries(selector.matchLabels ?? (selector as Record<string, string>));
      assert.ok(labels.length > 0, `${kind} ${metadata.name}`);
      const found = pods.filter((pod) => labels.every(([name, value]) => pod.labels[name] === value));
      assert.equal(found.length, 1, `${kind} ${metadata.name}`);
    }
  });

  // Nothing ever evicts the pods of a DaemonSet.
  it('has a disruption budget for the control plane alone', () => {
    const budgets = resources.filter(({ kind }) => kind === 'PodDisruptionBudget');
    assert.deepEqual(
      budgets.map(({ metadata }) => metadata.name),
      ['control-plane'],
    );
  });

  it('names ports that the containers have', () => {
    const names = new Set(
      resources
        .flatMap(({ spec }) => spec?.template?.spec.containers ?? [])
        .flatMap(({ ports = [] }) => ports.map(({ name }) => name)),
    );
    for (const { kind, spec } of resources) {
      for (const { targetPort } of (kind === 'Service' ? spec?.ports : undefined) ?? []) {
        if (typeof targetPort === 'string') assert.ok(names.has(targetPort), targetPort);
      }
    }
  });
});
