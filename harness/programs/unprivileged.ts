/** Our programs without root's privileges, whoever runs the tests and wherever the checkout lies. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  built,
  CHECKOUT,
  type Installation,
  run,
  type Scope,
  type SpawnOptions,
  temporaryFolder,
} from './processes.ts';

export interface Unprivileged {
  /** How a process of this user is started. */
  readonly options: SpawnOptions;
  readonly uid: number;
  /** A folder that it may write, and nobody else. */
  readonly folder: string;
}

/** Root starts processes of this user, which needs no name; anybody else those of their own. */
export async function unprivileged(scope: Scope, uid: number, gid: number): Promise<Unprivileged> {
  const outer = temporaryFolder(scope);
  chmodSync(outer, 0o755);
  const folder = join(outer, 'own');
  mkdirSync(folder, { mode: 0o700 });
  const self = process.getuid?.() ?? 0;
  if (self !== 0) return { options: {}, uid: self, folder };
  chownSync(folder, uid, gid);
  const options = { uid, gid, cwd: '/' };
  if (await canStart(process.execPath, built(''), options)) return { options, uid, folder };
  const installation = await copyInstallation(outer);
  assert.ok(await canStart(installation.node, installation.dist, options), 'nor can it be read as a copy');
  return { options: { ...options, installation }, uid, folder };
}

/** Whether that user may read all of a program. */
async function canStart(node: string, dist: string, options: SpawnOptions): Promise<boolean> {
  const help = [join(dist, 'data-plane/main.js'), '--help'];
  const finished = await run(node, help, options).catch(() => null);
  return finished?.code === 0;
}

/** A checkout in the home of root is for root alone. */
async function copyInstallation(folder: string): Promise<Installation> {
  const sources = [
    dirname(built('package.json')),
    join(CHECKOUT, 'node_modules'),
    join(CHECKOUT, 'package.json'),
  ];
  for (const [command, ...args] of [
    ['cp', '-RL', ...sources, process.execPath, folder],
    ['chmod', '-R', 'a+rX', join(folder, 'dist'), join(folder, 'node_modules'), join(folder, 'package.json')],
  ] as const) {
    const { code, stderr } = await run(command, args);
    assert.equal(code, 0, stderr);
  }
  return { node: join(folder, 'node'), dist: join(folder, 'dist') };
}
