/** Documentation that can't drift: what the code has is in docs/, and nothing else is. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { parseManifest } from '../cli/manifest/parse.ts';
import {
  BACKEND_DEFAULTS,
  DEFAULT_POLICY_NAME,
  LOG_ONE_IN,
  POLICY_DEFAULTS,
} from '../core/model/defaults.ts';
import { formatDuration } from '../core/model/duration.ts';
import { pathsOf } from '../core/model/fields/field.ts';
import { FIELDS } from '../core/model/fields/resource-fields.ts';
import { STRATEGIES } from '../core/model/resources.ts';
import { ERROR_CODES } from '../core/runtime/errors.ts';
import { STATUS_OF } from '../core/wire/status.ts';
import { type CloseReason, CLOSE_REASONS } from '../core/wire/close-reasons.ts';
import { CLOSE_WORDS, connectionLine } from '../data-plane/telemetry/connection-line.ts';
import { LOG_FIELDS } from '../data-plane/memory/log-ring.ts';
import { addresses } from '../scripts/start/addresses.ts';
import { hintText } from '../scripts/start/hints.ts';
import { built, CHECKOUT, run } from '../harness/programs/processes.ts';
import { filesBelow, readText, sourceFiles } from '../harness/source-tree.ts';

const GRPC_STATUS_NAMES = [
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'FAILED_PRECONDITION',
  'ABORTED',
];

/** All matches of the first group, without doubles, sorted. */
function found(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, first]) => first ?? ''))].sort();
}

/** The part of a page below a heading, up to the next one of its level. */
function section(text: string, heading: string): string {
  const level = heading.indexOf(' ');
  const start = text.indexOf(`\n${heading}\n`);
  assert.notEqual(start, -1, `no heading ${heading}`);
  const rest = text.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return end === -1 ? rest : rest.slice(0, end);
}

/** First cells of table rows that are code: | `x` | ... */
function codeCells(text: string): readonly string[] {
  return found(text, /^\| `([^`]+)` \|/gm);
}

async function help(program: string, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(process.execPath, [built(program), ...words, '--help'], {
    env: { COLUMNS: '200' },
  });
  assert.equal(code, 0, stderr);
  return stdout;
}

const pages = ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', '.md')];
const sources = sourceFiles();

describe('docs/metrics.md', () => {
  const page = readText('docs/metrics.md');

  for (const [folder, heading] of [
    ['data-plane/', '## Proxy'],
    ['control-plane/', '## Control plane'],
  ] as const) {
    it(`lists every metric of ${folder}, and no other`, () => {
      const texts = sources.filter(({ path }) => path.startsWith(folder)).map(({ text }) => text);
      const inCode = found(texts.join('\n'), /'(lb_[a-z0-9_]+)'/g);
      const inDocs = codeCells(section(page, heading)).filter((name) => name.startsWith('lb_'));
      assert.ok(inCode.length > 4);
      assert.deepEqual(inDocs, inCode);
    });
  }

  it('lists every reason for which a connection is closed, and no other', () => {
    const reasons = codeCells(section(page, '## Proxy')).filter((name) => !name.startsWith('lb_'));
    assert.deepEqual(reasons, [...CLOSE_REASONS].sort());
  });
});

describe('docs/configuration.md', () => {
  for (const [program, heading] of [
    ['control-plane/main.js', '## lb-control-plane'],
    ['data-plane/main.js', '## lb-data-plane'],
  ] as const) {
    it(`lists every flag and variable in the help of ${program}, and no other`, async () => {
      const text = await help(program);
      const rows = section(readText('docs/configuration.md'), heading);
      const flags = found(text, /^\s+(?:-\w, )?(--[a-z-]+)/gm).filter(
        (name) => !['--help', '--version'].includes(name),
      );
      assert.deepEqual(found(rows, /^\| `(--[a-z-]+)/gm), flags);
      assert.deepEqual(found(rows, /`(LB_[A-Z_]+)`/g), found(text, /\b(LB_[A-Z_]+)\b/g));
    });
  }
});

describe('docs/connection-log.md', () => {
  const page = readText('docs/connection-log.md');
  const cells = new Float64Array(LOG_FIELDS.length);
  const names = { listener: () => null, pool: () => null, backend: () => null };
  const line = connectionLine(cells, 0, names, { proxy: '', instance: '', worker: 0 });
  const fields = Object.keys(JSON.parse(line) as object);

  it('describes every field of a line in its place, and no other', () => {
    const described = section(page, '## Fields').match(/^\| `[^`]+`/gm) ?? [];
    assert.deepEqual(
      described.map((cell) => cell.slice(3, -1)),
      fields,
    );
  });

  it('shows a line as it is', () => {
    const example = JSON.parse(/```json\n(.*)\n```/.exec(page)?.[1] ?? '') as Record<string, string>;
    assert.deepEqual(Object.keys(example), fields);
    assert.equal(example['why'], CLOSE_WORDS[example['reason'] as CloseReason]);
  });
});

/** What the help of a command lists in sections other than these are commands below it. */
const NO_COMMANDS = /^(Usage|Arguments|Options|Global Options|Examples|Exit codes)\b/;

interface Command {
  /** Without lbctl: `backend add`. */
  readonly words: string;
  readonly options: readonly string[];
}

/** Every command that does something. */
async function commandTree(words: readonly string[] = []): Promise<readonly Command[]> {
  const text = await help('cli/main.js', ...words);
  const below = text.split(/\n(?=\S)/).filter((part) => !NO_COMMANDS.test(part) && part.includes(':\n'));
  const names = found(below.join('\n'), /^ {2}([a-z]+)/gm).filter((name) => name !== 'help');
  const options = found(text, /^ {2}(?:-\w, )?(--[a-z-]+)/gm);
  if (names.length === 0) return [{ words: words.join(' '), options }];
  const deeper = await Promise.all(names.map((name) => commandTree([...words, name])));
  return deeper.flat();
}

describe('docs/cli.md', () => {
  const page = readText('docs/cli.md');

  it('lists every command of lbctl with every option, and no other', async () => {
    const tree = await commandTree();
    const inCode = tree.map(({ words }) => words).sort();
    const inDocs = found(section(page, '## Commands'), /^ {4}lbctl ([a-z]+(?: [a-z]+)?)\b/gm).map((words) =>
      inCode.includes(words) ? words : (words.split(' ')[0] ?? ''),
    );
    assert.deepEqual([...new Set(inDocs)].sort(), inCode);
    const options = [...new Set(tree.flatMap((command) => command.options))]
      .filter((name) => name !== '--help')
      .sort();
    assert.deepEqual(found(page, /(--[a-z][a-z-]+)/g), options);
  });
});

describe('docs/errors.md', () => {
  it('lists every code with its status, and no other', () => {
    const page = readText('docs/errors.md');
    assert.deepEqual(codeCells(page), [...ERROR_CODES].sort());
    for (const name of GRPC_STATUS_NAMES)
      assert.match(page, new RegExp(`^\\| \`${name}\` \\| \`${name}\` \\|`, 'm'));
    assert.equal(Object.keys(STATUS_OF).length, ERROR_CODES.length);
  });
});

describe('docs/concepts.md', () => {
  const page = readText('docs/concepts.md');

  it('names every strategy, and no other', () => {
    assert.deepEqual(codeCells(section(page, '## Strategies')), [...STRATEGIES].sort());
  });

  it('gives every default as the code has it', () => {
    const { strategy, healthCheck, connect, timeouts, drainTimeoutMs } = POLICY_DEFAULTS;
    const defaults: Readonly<Record<string, string | number>> = {
      strategy,
      'health_check.type': healthCheck.type,
      'health_check.interval': formatDuration(healthCheck.intervalMs),
      'health_check.timeout': formatDuration(healthCheck.timeoutMs),
      'health_check.healthy_threshold': healthCheck.healthyThreshold,
      'health_check.unhealthy_threshold': healthCheck.unhealthyThreshold,
      'connect.timeout': formatDuration(connect.timeoutMs),
      'connect.retries': connect.retries,
      'timeouts.idle': formatDuration(timeouts.idleMs),
      'timeouts.half_closed': formatDuration(timeouts.halfClosedMs),
      drain_timeout: formatDuration(drainTimeoutMs),
      'health_check.proxy_protocol': 'auto',
      'connection_log.one_in': LOG_ONE_IN,
      on_unhealthy: 'keep',
      slow_start: '0s',
      max_lifetime: '0s',
    };
    const rows = section(page, '## Defaults');
    for (const [name, value] of Object.entries(defaults)) {
      assert.ok(rows.includes(`| \`${name}\` | \`${value}\` |`), `${name}: ${value}`);
    }
    const depending = ['health_check.unhealthy_interval', 'health_check.port', 'health_check.http'];
    depending.push('health_check.tls', 'health_check.script', 'when_none_healthy', 'expect_healthy');
    assert.deepEqual(codeCells(rows), [...Object.keys(defaults), ...depending].sort());
    assert.ok(rows.includes(`| a pool's \`policy\` | \`${DEFAULT_POLICY_NAME}\` |`));
    assert.ok(rows.includes(`| a backend's \`weight\` | \`${BACKEND_DEFAULTS.weight}\` |`));
  });
});

describe('docs/concepts.md, on pools and listeners', () => {
  const page = readText('docs/concepts.md');
  for (const kind of ['pool', 'listener'] as const) {
    it(`names every field of a ${kind}`, () => {
      const rows = section(page, `## Fields of a ${kind}`);
      for (const { path, field } of pathsOf(FIELDS[kind])) {
        if (path === 'policy') continue;
        assert.ok(rows.includes(`\`${path}\``), path);
        const inner = field.type === 'list' && field.item.type === 'group' ? field.item.fields : {};
        for (const name of Object.keys(inner)) assert.ok(rows.includes(`\`${name}\``), `${path}: ${name}`);
      }
    });
  }
});

describe('README.md', () => {
  it('shows a newcomer what npm start prints', () => {
    const options = { dataDir: './data', demo: true, verbose: false, portOffset: 0 };
    const text = hintText(options, addresses(0), 'examples/more.yaml').trim();
    assert.ok(text.includes('npx lbctl get pools'));
    assert.ok(readText('README.md').includes(`${text}\n`));
  });
});

describe('every page', () => {
  for (const page of pages) {
    it(`${page} has manifests that parse and links that lead somewhere`, () => {
      const text = readText(page);
      for (const [, manifest = ''] of text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)) {
        assert.deepEqual(parseManifest(page, manifest).problems, []);
      }
      for (const [, link = ''] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
        if (!/^https?:/.test(link)) assert.ok(existsSync(join(CHECKOUT, dirname(page), link)), link);
      }
    });
  }

  it('and every manifest in examples/ parses', () => {
    for (const file of filesBelow('examples', '.yaml')) {
      const { problems, resources } = parseManifest(file, readText(file));
      assert.deepEqual(problems, []);
      assert.ok(resources.length > 0);
    }
  });
});
