/** The rules of the source tree, as tables that are kept true by reading the imports. */
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { filesBelow, readText, sourceFiles, type SourceFile } from '../harness/source-tree.ts';

const PROGRAMS = ['core', 'control-plane', 'data-plane', 'cli', 'scripts', 'examples'];

/** Who may import whom; the first folder that fits counts. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'core/model': ['core/model'],
  'core/runtime': ['core/model', 'core/runtime'],
  'core/wire': ['core/model', 'core/runtime', 'core/wire'],
  'core/view': ['core/model', 'core/runtime', 'core/wire', 'core/view'],
  'control-plane': ['core', 'control-plane'],
  'data-plane': ['core', 'data-plane'],
  cli: ['core', 'cli'],
  scripts: ['scripts'],
  examples: [],
  harness: [...PROGRAMS, 'harness'],
  bench: [...PROGRAMS, 'harness', 'bench'],
  'test/unit/bench': ['bench'],
  'test/e2e/trials': ['harness', 'bench'],
  test: [...PROGRAMS, 'harness', 'test'],
};

/** The rooms of the data plane, and what each may import of the others. The files above them put the rooms together. */
const DATA_PLANE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  memory: [],
  balancing: [],
  'first-bytes': [],
  engine: ['first-bytes', 'kernel', 'memory'],
  admission: ['engine', 'memory'],
  host: ['engine', 'kernel'],
  plan: ['admission', 'balancing', 'first-bytes', 'memory'],
  tls: ['kernel'],
  certificates: ['host', 'tls'],
  health: ['first-bytes', 'host', 'kernel', 'memory', 'plan'],
  'worker/pool': ['engine', 'kernel', 'memory', 'plan', 'tls', 'worker'],
  worker: ['admission', 'balancing', 'engine', 'first-bytes', 'kernel', 'memory', 'plan', 'tls'],
  subscription: ['certificates', 'plan'],
  telemetry: ['host', 'memory', 'plan', 'subscription'],
  reporting: ['memory', 'subscription', 'telemetry'],
};

/** Of the control plane, a room may import itself, the files at the top of the store, and these rooms. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'store/log': [],
  'store/members': ['store/log'],
  'store/etcd': ['store/log', 'store/members'],
  'store/lmdb': ['store/log', 'store/members'],
  snapshot: ['store/members'],
  rpc: [],
  fleet: ['rpc', 'store/log', 'store/members'],
  distribution: ['rpc', 'snapshot', 'store/log'],
  access: ['store/log'],
  names: ['store', 'store/log'],
  guard: ['fleet', 'store/log'],
  api: ['fleet', 'guard', 'rpc', 'store/log', 'store/members'],
  dashboard: ['fleet', 'rpc', 'store/log', 'store/members'],
  http: ['access', 'dashboard', 'fleet', 'rpc', 'store/log'],
};

/** Decisions without I/O, clock or chance of their own. */
const PURE = [
  /^core\/(model|view)\//,
  /^data-plane\/balancing\//,
  /^data-plane\/first-bytes\//,
  /^data-plane\/plan\//,
  /^control-plane\/snapshot\/build-snapshot\.ts$/,
  /^control-plane\/store\/members\/merge-members\.ts$/,
  /^control-plane\/fleet\/(stats-aggregator|stats-frames|counter-increase|histogram|rate-series|sliding-counts|convergence)\.ts$/,
  /^cli\/top\/(columns|keys|rows|text-width|view|view-state)\.ts$/,
  /^control-plane\/distribution\/delta\.ts$/,
  /^control-plane\/store\/log\/(?:catch-up-plan|plan-append)\.ts$/,
  /^control-plane\/guard\/(guard|change-effects|serving-changes|guarded-edit)\.ts$/,
  /-machine\.ts$/,
];
/** What decisions may use besides: hashing, measuring what is packed, telling an IP address from a name, regular expressions. */
const PURE_MAY_USE = new Set(['node:crypto', 'node:net', 'node:zlib', 're2js']);
/** Time is an argument. */
const PURE_MUST_NOT_REACH = 'core/runtime/clock.ts';

/** Packages that only one place may know. Types are free. */
const ONE_IMPORTER = [
  { name: 'koffi', allowed: /^data-plane\/kernel\/[\w-]+\.ts$/, files: 1 },
  { name: 'etcd3', allowed: /^control-plane\/store\/etcd\/etcd-endpoint\.ts$/, files: 1 },
  { name: 'lmdb', allowed: /^control-plane\/store\/lmdb\/lmdb-database\.ts$/, files: 1 },
  { name: '@grpc/proto-loader', allowed: /^core\/wire\//, files: 1 },
  { name: 're2js', allowed: /^core\/model\/policy\/check-text\.ts$/, files: 1 },
  { name: 'pino', allowed: /^core\/runtime\/logger\.ts$/, files: 1 },
] as const;

const MAX_LINES = 300;
const MAX_FILES = 20;
const NAMELESS = /(^|\/)(utils?|helpers?|common|misc|shared|index)(\.ts|\/)/;

const files = sourceFiles();
const programs = files.filter(({ path }) => !/^(test|harness)\//.test(path));

const byPath = new Map(files.map((file) => [file.path, file]));

/** Everything that is loaded with a file: packages by name, our own files by path. */
function reach(path: string, seen = new Set<string>()): ReadonlySet<string> {
  for (const { target, typeOnly } of byPath.get(path)?.imports ?? []) {
    if (typeOnly || seen.has(target)) continue;
    seen.add(target);
    reach(target, seen);
  }
  return seen;
}

function ruleOf(path: string): readonly string[] | undefined {
  const folder = Object.keys(MAY_IMPORT).find((key) => path.startsWith(`${key}/`));
  return folder === undefined ? undefined : MAY_IMPORT[folder];
}

/** The room of the data plane that a file is in. */
function roomOf(path: string): string | undefined {
  return Object.keys(DATA_PLANE_ROOMS).find((room) => path.startsWith(`data-plane/${room}/`));
}

/** The package, or a file in it. */
function isOf(target: string, name: string): boolean {
  return target === name || target.startsWith(`${name}/`);
}

/** One line for each import that a rule forbids. */
function forbidden(
  judge: (file: SourceFile, target: SourceFile['imports'][number]) => boolean,
): readonly string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((target) => judge(file, target))
      .map(({ target }) => `${file.path} imports ${target}`),
  );
}

describe('the source tree', () => {
  it('imports one way only', () => {
    const wrong = forbidden(({ path }, { target, own }) => {
      const allowed = ruleOf(path);
      return own && allowed !== undefined && !allowed.some((folder) => target.startsWith(`${folder}/`));
    });
    assert.deepEqual(wrong, []);
  });

  it('keeps the arrows between the rooms of the data plane', () => {
    const wrong = forbidden(({ path }, { target }) => {
      const [from, to] = [roomOf(path), roomOf(target)];
      if (from === undefined || from === to || !target.startsWith('data-plane/')) return false;
      return to === undefined || !DATA_PLANE_ROOMS[from]?.includes(to);
    });
    assert.deepEqual(wrong, []);
  });

  for (const [room, rooms] of Object.entries(ROOMS)) {
    it(`control-plane/${room} imports nothing above it`, () => {
      const allowed = new RegExp(
        `^(?:core/|control-plane/store/[\\w-]+\\.ts$|control-plane/(?:${[room, ...rooms].join('|')})/)`,
      );
      const wrong = forbidden(
        ({ path }, { target, own }) =>
          path.startsWith(`control-plane/${room}/`) && own && !allowed.test(target),
      );
      assert.deepEqual(wrong, []);
    });
  }

  it('keeps decisions apart from I/O, clock and chance', () => {
    const impure = (target: string) =>
      target === PURE_MUST_NOT_REACH || !(byPath.has(target) || PURE_MAY_USE.has(target));
    const wrong = programs
      .filter(({ path }) => PURE.some((pattern) => pattern.test(path)))
      .flatMap(({ path }) => [...reach(path)].filter(impure).map((target) => `${path} reaches ${target}`));
    assert.deepEqual(wrong, []);
  });

  for (const { name, allowed, files: count } of ONE_IMPORTER) {
    it(`imports ${name} in one place`, () => {
      const users = programs
        .filter(({ imports }) => imports.some(({ target, typeOnly }) => isOf(target, name) && !typeOnly))
        .map(({ path }) => path);
      assert.equal(users.length, count, users.join(', '));
      assert.ok(
        users.every((path) => allowed.test(path)),
        users.join(', '),
      );
    });
  }

  it('asks for the length of a run in test files only, where scripts/test-plan.mjs finds the long forms', () => {
    const wrong = forbidden(
      ({ path }, { target }) => target === 'harness/run-length.ts' && !path.endsWith('.test.ts'),
    );
    assert.deepEqual(wrong, []);
  });

  it('finds the imports it judges', () => {
    const [main] = files.filter(({ path }) => path === 'test/architecture.test.ts');
    assert.ok(main?.imports.some(({ target, own }) => own && target === 'harness/source-tree.ts'));
    assert.ok(files.length > 100);
  });

  it(`has no file over ${MAX_LINES} lines`, () => {
    const long = files.filter(({ lines }) => lines > MAX_LINES).map(({ path, lines }) => `${path}: ${lines}`);
    assert.deepEqual(long, []);
  });

  it(`has no folder with more than ${MAX_FILES} files`, () => {
    const folders = new Map<string, number>();
    for (const { path } of files) folders.set(dirname(path), (folders.get(dirname(path)) ?? 0) + 1);
    assert.deepEqual(
      [...folders].filter(([folder, count]) => count > MAX_FILES && !folder.includes('generated')),
      [],
    );
  });

  it('names every file after one concept, in kebab-case', () => {
    const bad = files
      .map(({ path }) => path)
      .filter((path) => NAMELESS.test(path) || !/^[a-z0-9./-]+$/.test(path));
    assert.deepEqual(bad, []);
  });

  it('has no barrels', () => {
    const barrels = programs.filter(({ text }) =>
      /^export (?:\*|\{[^}]*\}|type \{[^}]*\}) from /m.test(text),
    );
    assert.deepEqual(
      barrels.map(({ path }) => path),
      [],
    );
  });
});

interface LockedPackage {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe('the packages it stands on', () => {
  const { packages } = JSON.parse(readText('package-lock.json')) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };

  it('have no registry address in the lockfile', () => {
    assert.ok(Object.keys(packages).length > 10);
    const withAddress = Object.keys(packages).filter((name) => packages[name]?.resolved !== undefined);
    assert.deepEqual(withAddress, []);
    assert.match(readText('.npmrc'), /^omit-lockfile-registry-resolved=true$/m);
  });

  it('are in the lockfile for every platform, or npm ci refuses it (scripts/complete-lockfile.mjs)', () => {
    const wanted = Object.values(packages).flatMap((owner) => Object.keys(owner.optionalDependencies ?? {}));
    assert.ok(wanted.length > 10);
    assert.deepEqual(
      wanted.filter((name) => packages[`node_modules/${name}`] === undefined),
      [],
    );
  });

  it('are each named with their reason in docs/adr', () => {
    const manifest = JSON.parse(readText('package.json')) as Record<string, Record<string, string>>;
    const names = [
      ...Object.keys(manifest['dependencies'] ?? {}),
      ...Object.keys(manifest['devDependencies'] ?? {}),
    ];
    const decisions = filesBelow('docs/adr', '.md').map(readText).join('\n');
    const unexplained = names.filter((name) => !decisions.includes(`| \`${name}\` |`));
    assert.deepEqual(unexplained, []);
  });
});
