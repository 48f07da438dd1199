/** docs/design.md: its tables follow from the figures it starts from, and each figure names a command that there is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { descriptorBound } from '../data-plane/host/connection-limit.ts';
import { readText } from '../harness/source-tree.ts';

const page = readText('docs/design.md');
const scripts = (JSON.parse(readText('package.json')) as { scripts: Record<string, string> }).scripts;

/** The cells of the table below the line that begins so, without its head. */
function rowsBelow(start: string): string[][] {
  const from = page.indexOf(`\n${start}`);
  assert.notEqual(from, -1, `no table begins with ${start}`);
  const lines = page.slice(from + 1).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const figureRows = rowsBelow('| figure |');
const figures = new Map(figureRows.map(([name, value]) => [name?.replaceAll('`', '') ?? '', Number(value)]));

function figure(name: string): number {
  const value = figures.get(name);
  assert.ok(value !== undefined && value > 0, `no figure ${name}`);
  return value;
}

/** The example of the page: what it says above its table. */
const LIFE_SECONDS = 600;
const PAUSE_SECONDS = 30;
const ANSWER_BYTES = 16_384;
const MACHINE = { cpus: 8, bytes: 16 * 2 ** 30, gbits: 2.5 };
const PLANNED = 0.6;
const PLANNED_PORTS = 0.5;
const PLANNED_CONNECTIONS = 500_000;
/** A port is kept for so long after its connection. */
const TIME_WAIT_SECONDS = 60;
const SPARE = 1.5;
const CHECK_SECONDS = 5;
const HOURS_A_MONTH = 730;
/** Dollars an hour. */
const PRICE = { machine: 0.34, controlMachines: 3 * 0.085, managed: 0.0225, unit: 0.006 };

function size(connections: number, machine: typeof MACHINE = MACHINE, most = PLANNED_CONNECTIONS) {
  const opened = connections / LIFE_SECONDS;
  const requests = connections / PAUSE_SECONDS;
  const cpus = (opened * figure('connect') + requests * figure('request')) / 1e6;
  const bytes = connections * (figure('user') + figure('kernel'));
  const gbits = (requests * ANSWER_BYTES * 8) / 1e9;
  const needed = [
    cpus / (machine.cpus * PLANNED),
    bytes / (machine.bytes * PLANNED),
    gbits / (machine.gbits * PLANNED),
    connections / most,
  ].map(Math.ceil);
  const proxies = Math.max(2, Math.ceil(Math.max(...needed) * SPARE));
  const each = Math.ceil(connections / Math.floor((proxies * 2) / 3));
  const ports = each * (1 + TIME_WAIT_SECONDS / LIFE_SECONDS);
  const dollars = proxies * PRICE.machine + PRICE.controlMachines;
  const gigabytesAnHour = (requests * ANSWER_BYTES * 3_600) / 1e9;
  const units = Math.max(opened / 800, connections / 100_000, gigabytesAnHour);
  const managed = PRICE.managed + PRICE.unit * units;
  const monthly = (hourly: number) => words((hourly * HOURS_A_MONTH * 1e6) / connections, 0);
  return {
    'new connections per second': words(opened, 0),
    'requests per second': words(requests, 0),
    'CPUs busy': words(cpus, cpus < 10 ? 2 : 1),
    'memory for connections, GB': words(bytes / 1e9, 1),
    'Gbit/s, each way': words(gbits, 2),
    'proxies needed for CPUs, memory, network, descriptors': needed.join(', '),
    'proxies to run': words(proxies, 0),
    'connections on each while one zone is down': words(each, 0),
    'backends or source addresses that each proxy needs for its ports': words(
      Math.ceil(ports / (figure('ports') * PLANNED_PORTS)),
      0,
    ),
    'first snapshots to all proxies, 10,000 backends, MB': words((proxies * figure('first')) / 1e6, 0),
    'checks per second of each backend': words(proxies / CHECK_SECONDS, 1),
    'Equipoise, $ per hour': words(dollars, 2),
    'managed, $ per hour': words(managed, 2),
    'Equipoise, $ per month for a million connections': monthly(dollars),
    'managed, $ per month for a million connections': monthly(managed),
    'GB per hour above which Equipoise is cheaper': words((dollars - PRICE.managed) / PRICE.unit, 0),
  };
}

function words(value: number, digits: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

describe('docs/design.md', () => {
  it('names the command behind each figure', () => {
    assert.ok(figureRows.length >= 8);
    for (const [name, , , command] of figureRows) {
      const script = /`npm run ([\w:-]+)[^`]*`/.exec(command ?? '')?.[1];
      assert.ok(script ? script in scripts : command?.startsWith('`cat /proc/'), `${name}: ${command}`);
    }
  });

  it('computes what the atomic additions of a connection cost', () => {
    const text = `at most ${words(4 * figure('contended'), 0)} ns of the ${figure('connect')} µs`;
    assert.ok(page.replaceAll('\n', ' ').includes(text), text);
  });

  it('computes what a core and a GB hold', () => {
    const derived = rowsBelow('| | |').map(([, value]) => value);
    assert.deepEqual(derived, [
      words(1e9 / (figure('user') + figure('kernel')), 0),
      words(1e6 / figure('request'), 0),
      words(1e6 / figure('connect'), 0),
      words(8 / figure('bulk'), 1),
      words(figure('ports'), 0),
      words(figure('ports') * PLANNED_PORTS, 0),
      words(descriptorBound(figure('descriptors'), 0), 0),
    ]);
  });

  it('plans for no more connections on a proxy than the limits in deploy/ allow', () => {
    const limits = [
      /^LimitNOFILE=(\d+)$/m.exec(readText('deploy/systemd/lb-data-plane.service'))?.[1],
      /nofile: \{ soft: (\d+), hard: \1 \}/.exec(readText('docker-compose.yml'))?.[1],
    ];
    assert.deepEqual(limits.map(Number), [figure('descriptors'), figure('descriptors')]);
    const [, ...planned] =
      rowsBelow('| | 10 thousand |').find(([name]) => name?.startsWith('connections on')) ?? [];
    assert.equal(planned.length, 3);
    for (const each of planned) assert.ok(Number(each.replaceAll(',', '')) <= PLANNED_CONNECTIONS, each);
    assert.ok(PLANNED_CONNECTIONS < descriptorBound(figure('descriptors'), 0));
  });

  it('computes what a wider network saves', () => {
    const proxies = (...of: Parameters<typeof size>) => Number(size(...of)['proxies to run']);
    const wide = { ...MACHINE, gbits: 10 };
    const narrow = proxies(1e8);
    const [few, fewer] = [proxies(1e8, wide), proxies(1e8, wide, 2 * PLANNED_CONNECTIONS)];
    const text =
      `300 proxies, for descriptors, and 153 with \`fs.nr_open\` raised, for memory: cheaper as long as such a machine costs ` +
      `less than ${words(narrow / few, 2)}, or ${words(narrow / fewer, 2)}, times as much`;
    assert.deepEqual([few, fewer], [300, 153]);
    assert.ok(page.replaceAll('\n', ' ').includes(text), text);
  });

  it('computes the three sizes and what they cost', () => {
    const sizes = [1e4, 1e6, 1e8].map((connections) => size(connections));
    const cost = page.slice(page.indexOf('### Cost'));
    const inPage = new Map(
      [...rowsBelow('| | 10 thousand |'), ...tableOf(cost)].map(([name, ...cells]) => [name, cells]),
    );
    for (const name of Object.keys(sizes[0] ?? {}) as (keyof ReturnType<typeof size>)[]) {
      assert.deepEqual(
        inPage.get(name),
        sizes.map((one) => one[name]),
        name,
      );
    }
  });
});

/** The first table of a text. */
function tableOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| |'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
