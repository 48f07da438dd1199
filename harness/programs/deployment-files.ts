/** What the files for deployment start: each command with its variables, wherever it is written down. */
import assert from 'node:assert/strict';
import { parse, parseAllDocuments } from 'yaml';
import { parseDuration } from '../../core/model/duration.ts';
import { readComposeFile } from '../containers/compose-file.ts';
import { readDockerfile } from '../containers/dockerfile.ts';
import { built, run } from './processes.ts';
import { filesBelow, readText } from '../source-tree.ts';

const PROGRAMS = {
  'lb-control-plane': 'control-plane/main.js',
  'lb-data-plane': 'data-plane/main.js',
  lbctl: 'cli/main.js',
} as const;
export type ProgramName = keyof typeof PROGRAMS;

/** How a file starts one of our programs. */
export interface Start {
  readonly where: string;
  readonly program: ProgramName;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** How long it may take to stop before it is killed. */
  readonly graceMs: number;
  /** Where its health is probed, as `PORT/PATH`. */
  readonly probes: readonly string[];
}

export interface ProgramOptions {
  readonly flags: ReadonlySet<string>;
  readonly variables: ReadonlySet<string>;
}

/** What the help of a program lists. */
export async function optionsOf(program: ProgramName): Promise<ProgramOptions> {
  const { code, stdout } = await run(process.execPath, [built(PROGRAMS[program]), '--help'], {
    env: { COLUMNS: '200' },
  });
  assert.equal(code, 0);
  const all = (pattern: RegExp) => new Set([...stdout.matchAll(pattern)].map(([, name = '']) => name));
  return { flags: all(/^\s+(?:-\w, )?(--[a-z-]+)/gm), variables: all(/\b((?:LB|LBCTL)_[A-Z_]+)\b/g) };
}

function isProgram(name: string): name is ProgramName {
  return Object.hasOwn(PROGRAMS, name);
}

const flagsOf = (words: readonly string[]) =>
  words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0] ?? '');

/** `http://127.0.0.1:7080/readyz` → `7080/readyz`. */
function probesOf(words: readonly string[]): readonly string[] {
  return words.flatMap((word) => /^http:\/\/127\.0\.0\.1:(\d+\/\S+)$/.exec(word)?.[1] ?? []);
}

export function composeStarts(): readonly Start[] {
  return [...readComposeFile(readText('docker-compose.yml')).values()].flatMap((service) => {
    const [program = '', ...words] = service.command;
    if (!isProgram(program)) return [];
    return [
      {
        where: `docker-compose.yml, ${service.name}`,
        program,
        flags: flagsOf(words),
        env: service.environment,
        graceMs: service.stopGraceMs,
        probes: probesOf(service.healthcheck ?? []),
      },
    ];
  });
}

/** URLs of the image's own check. */
export function imageProbes(): readonly string[] {
  const check = readDockerfile(readText('Dockerfile')).find(({ word }) => word === 'HEALTHCHECK')?.rest ?? '';
  return probesOf(JSON.parse(/CMD (\[.*\])$/.exec(check)?.[1] ?? '[]') as string[]);
}

/** One section of a unit: all values of a key. */
export function unitValues(text: string, key: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

export function systemdStarts(): readonly Start[] {
  return filesBelow('deploy/systemd', '.service').map((file) => {
    const text = readText(file);
    const name = /([\w-]+)\.service$/.exec(file)?.[1] ?? '';
    assert.ok(isProgram(name), file);
    const settings = readText(`deploy/systemd/${name.replace(/^lb-/, '')}.env`).split('\n');
    const pairs = [...settings.filter((line) => /^[A-Z]/.test(line)), ...unitValues(text, 'Environment')];
    const [, program = '', ...words] = (unitValues(text, 'ExecStart')[0] ?? '').split(' ');
    assert.equal(program, `/opt/equipoise/dist/${PROGRAMS[name]}`);
    return {
      where: file,
      program: name,
      flags: flagsOf(words),
      env: Object.fromEntries(
        pairs.map((pair) => [pair.split('=')[0], pair.slice(pair.indexOf('=') + 1)]),
      ) as Record<string, string>,
      graceMs: Number(unitValues(text, 'TimeoutStopSec')[0]) * 1_000,
      probes: [],
    };
  });
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface KubernetesContainer {
  readonly image: string;
  readonly command: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}

export interface KubernetesResource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly selector?: unknown;
    readonly ports?: readonly { readonly targetPort: string | number }[];
    readonly template?: {
      readonly metadata: {
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations: Readonly<Record<string, string>>;
      };
      readonly spec: {
        readonly containers: readonly KubernetesContainer[];
        readonly terminationGracePeriodSeconds: number;
      };
    };
  };
}

export function kubernetesResources(): readonly KubernetesResource[] {
  return filesBelow('deploy/kubernetes', '.yaml').flatMap((file) =>
    parseAllDocuments(readText(file)).map((document) => {
      assert.deepEqual(document.errors, [], file);
      return document.toJS() as KubernetesResource;
    }),
  );
}

export function kubernetesStarts(): readonly Start[] {
  return kubernetesResources().flatMap(({ metadata, spec }) =>
    (spec?.template?.spec.containers ?? []).map((container) => {
      const [program = '', ...words] = container.command;
      assert.ok(isProgram(program), program);
      const number = (name: string) => container.ports?.find((port) => port.name === name)?.containerPort;
      const probes = [container.livenessProbe, container.readinessProbe].flatMap((probe) =>
        probe === undefined ? [] : [`${number(probe.httpGet.port)}${probe.httpGet.path}`],
      );
      return {
        where: `kubernetes, ${metadata.name}`,
        program,
        flags: flagsOf(words),
        env: Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value ?? ''])),
        graceMs: (spec?.template?.spec.terminationGracePeriodSeconds ?? 0) * 1_000,
        probes,
      };
    }),
  );
}

/** Milliseconds of a variable that holds a duration. */
export function durationIn(env: Readonly<Record<string, string>>, name: string, fallback: string): number {
  const parsed = parseDuration(env[name] ?? fallback);
  assert.ok(parsed.ok, name);
  return parsed.ms;
}

export const readYaml = (file: string): unknown => parse(readText(file));
