/** docker-compose.yml, with every command, variable, mount, port and limit as it stands there, but without a container engine. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { readComposeFile } from '../../harness/containers/compose-file.ts';
import { ComposeProject } from '../../harness/containers/compose-project.ts';
import { buildImage } from '../../harness/containers/dockerfile.ts';
import { isRoot } from '../../harness/containers/network.ts';
import { answers } from '../../harness/programs/fleet.ts';
import { eventually } from '../../harness/programs/processes.ts';
import { present } from '../../harness/programs/real-servers.ts';
import { readText } from '../../harness/source-tree.ts';

/** Grafana is in no distribution: its files are checked in test/unit/deploy. */
const NOT_RUN = 'grafana';
const IMAGE = /^ {2}image: (equipoise:\S+)$/m.exec(readText('docker-compose.yml'))?.[1] ?? '';

async function createProject(t: TestContext): Promise<ComposeProject> {
  const services = new Map(readComposeFile(readText('docker-compose.yml')));
  assert.ok(services.delete(NOT_RUN));
  return ComposeProject.create(t, { services, image: await buildImage(t), imageName: IMAGE });
}

/** HOST:PORT of each container of a service where one of its ports is published. */
function published(project: ComposeProject, service: string, port: number): readonly string[] {
  return project
    .members(service)
    .map((member) => member.published.get(port) ?? assert.fail(`${port} of ${service}`));
}

async function lbctl(project: ComposeProject, ...words: readonly string[]): Promise<string> {
  const member = project.members('control-plane').at(-1) ?? assert.fail('no control plane');
  const { code, stdout, stderr } = await member.container.exec(['lbctl', ...words]);
  assert.equal(code, 0, `lbctl ${words.join(' ')}: ${stderr}`);
  return stdout;
}

/** Connected proxies, as the fleet sees them. */
async function connectedProxies(project: ComposeProject): Promise<readonly string[]> {
  const proxies = JSON.parse(await lbctl(project, 'get', 'proxies', '-o', 'json')) as {
    id: string;
    connected: boolean;
  }[];
  return proxies
    .filter(({ connected }) => connected)
    .map(({ id }) => id)
    .sort();
}

/** Asks until each of `count` backends has answered through one proxy. */
async function reachesAll(address: string, count: number): Promise<void> {
  const names = new Set<string>();
  await eventually(
    async () => {
      names.add((await answers(`http://${address}/`)).split(',')[0] ?? '');
      return names.size === count;
    },
    `answers of ${count} backends through ${address}`,
    30_000,
  );
}

interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: string;
}

/** Prometheus scrapes so many of each job, and nothing fails. */
async function scrapes(project: ComposeProject, expected: Readonly<Record<string, number>>): Promise<void> {
  const [prometheus] = published(project, 'prometheus', 9090);
  await eventually(
    async () => {
      const { data } = (await (await fetch(`http://${prometheus}/api/v1/targets?state=active`)).json()) as {
        data: { activeTargets: Target[] };
      };
      const up = data.activeTargets.filter(({ health }) => health === 'up');
      const counts: Record<string, number> = {};
      for (const { labels } of up) counts[labels['job'] ?? ''] = (counts[labels['job'] ?? ''] ?? 0) + 1;
      assert.deepEqual(counts, expected);
      return true;
    },
    `Prometheus scraping ${JSON.stringify(expected)}`,
    60_000,
  );
}

describe('docker-compose.yml', () => {
  it('comes up as it says, serves through every published port, scales to five proxies, and outlives a control plane', async (t) => {
    if (!isRoot(t) || !present(t, 'etcd', 'etcdctl', 'prometheus')) return;
    const project = await createProject(t);
    await project.up();
    const proxies = published(project, 'data-plane', 8080);
    assert.equal(proxies.length, 2);
    for (const address of proxies) await reachesAll(address, 3);
    assert.deepEqual(
      await connectedProxies(project),
      project
        .members('data-plane')
        .map(({ container }) => container.id)
        .sort(),
      'a proxy is named after its container',
    );
    await scrapes(project, { 'data-plane': 2, 'control-plane': 2, etcd: 3, prometheus: 1 });

    await project.up({ 'data-plane': 5, backend: 4 });
    assert.equal(new Set(published(project, 'data-plane', 8080)).size, 5);
    for (const address of published(project, 'data-plane', 8080)) await reachesAll(address, 4);
    await scrapes(project, { 'data-plane': 5, 'control-plane': 2, etcd: 3, prometheus: 1 });

    const [lost] = project.members('control-plane');
    assert.ok(lost);
    lost.container.signal('SIGKILL');
    await lost.container.ended;
    project.forget(lost);
    for (const address of published(project, 'data-plane', 8080)) await answers(`http://${address}/`);
    await eventually(async () => (await connectedProxies(project)).length === 5, 'all five back', 30_000);
    await lbctl(project, 'set', 'policy', 'default', '--strategy', 'random', '--wait');

    const last = project.members('data-plane').at(-1) ?? assert.fail();
    const how = await last.container.stop(last.service.stopGraceMs);
    assert.deepEqual(how, { code: 0, signal: null }, 'it stops in order within its grace');
    project.forget(last);
    assert.equal((await connectedProxies(project)).length, 4);
  });
});
