/** docs/design.md: each figure names a command that exists, and no proxy is planned for more than it may hold. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ALIVE_PREFIX,
  chunkKey,
  HEAD_KEY,
  HOME_KEY,
  logKey,
  markKey,
  MEMBER_PREFIX,
  VERSION_KEY,
} from '../control-plane/store/keys.ts';
import { memberName, type Registration, type RosterEntry } from '../control-plane/store/member-store.ts';
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

/** The most connections that the tables plan for on one proxy. */
const PLANNED_CONNECTIONS = 500_000;

describe('docs/design.md', () => {
  it('names the command behind each figure', () => {
    assert.ok(figureRows.length >= 8);
    for (const [name, , , command] of figureRows) {
      const script = /`npm run ([\w:-]+)[^`]*`/.exec(command ?? '')?.[1];
      assert.ok(script ? script in scripts : command?.startsWith('`cat /proc/'), `${name}: ${command}`);
    }
  });

  it('names the keys of the store as they are', () => {
    const registered = { kind: 'backend', pool: 'POOL', address: 'ADDRESS' } as Registration;
    const proxy = { kind: 'proxy', id: 'ID' } as RosterEntry;
    const keys = [
      HEAD_KEY,
      HOME_KEY,
      VERSION_KEY,
      logKey(1),
      chunkKey(1, 'WRITER', 1),
      markKey(1),
      MEMBER_PREFIX + memberName(registered),
      MEMBER_PREFIX + memberName(proxy),
      `${ALIVE_PREFIX}…`,
    ].map((key) => key.replace(/\d{16}/, 'REVISION').replace(/\d{6}$/, 'INDEX'));
    const named = rowsBelow('| key | holds |').map(([key]) => key?.replaceAll('`', ''));
    assert.deepEqual(new Set(named), new Set(keys));
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
});
