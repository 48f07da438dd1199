/**
 * Makes of a Dockerfile what its last stage would be, without a container engine: its COPY and RUN lines are obeyed on
 * top of this machine's own files. What comes from a registry is taken from the checkout instead.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readText } from '../source-tree.ts';
import { CHECKOUT, run, type Scope, temporaryFolder } from '../programs/processes.ts';

export interface Image {
  /** Folders that the image adds, below here as in the container: `FOLDER/opt/equipoise`. */
  readonly folder: string;
  /** Their paths in a container. */
  readonly paths: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number;
  readonly gid: number;
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  readonly volumes: readonly string[];
}

export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

const BUILD_FOLDER = '/build/';
/** Folders of the base image's own are not looked into for what was added. */
const ADDED = ['/opt/equipoise', '/var/lib/equipoise'];

/** All instructions, lines that go on joined, comments dropped. */
export function readDockerfile(text: string): readonly Instruction[] {
  const joined = text.replace(/^#.*\n/gm, '').replace(/\\\n/g, ' ');
  return joined
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, word = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line.trim()) ?? [];
      assert.notEqual(word, '', `not an instruction: ${line}`);
      return { word, rest: rest.replace(/ +/g, ' ') };
    });
}

/** Those of the last stage. */
function lastStage(instructions: readonly Instruction[]): readonly Instruction[] {
  return instructions.slice(instructions.findLastIndex(({ word }) => word === 'FROM') + 1);
}

/** Builds `Dockerfile` of the checkout. */
export async function buildImage(scope: Scope): Promise<Image> {
  const steps = lastStage(readDockerfile(readText('Dockerfile')));
  const folder = join(temporaryFolder(scope), 'image');
  for (const path of ADDED) mkdirSync(dirname(join(folder, path)), { recursive: true });
  const lines = [
    'set -eu',
    'mount --make-rprivate /; mount -t tmpfs tmpfs /mnt; mkdir /mnt/up /mnt/work /mnt/root',
    'mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work /mnt/root',
    'for each in /proc /dev; do mount --rbind $each /mnt/root$each; done',
    'rm -rf /mnt/root/opt/equipoise /mnt/root/var/lib/equipoise',
    ...scriptOf(steps),
    ...ADDED.map((path) => `cp -a /mnt/root${path} '${folder}${path}'`),
  ];
  const done = await run('unshare', ['--mount', 'sh', '-c', lines.join('\n')], { cwd: CHECKOUT });
  assert.equal(done.code, 0, `the image: ${done.stderr}`);
  return { folder, paths: ADDED, ...settingsOf(steps) };
}

/** What the instructions do to the files, as lines of a shell script that runs in the checkout. */
function scriptOf(steps: readonly Instruction[]): readonly string[] {
  let workdir = '/';
  return steps.flatMap(({ word, rest }) => {
    if (word === 'WORKDIR') {
      workdir = rest;
      return [`mkdir -p /mnt/root${workdir}`];
    }
    if (word === 'COPY') return copyOf(rest, workdir);
    if (word !== 'RUN') return [];
    return rest.startsWith('npm ci --omit=dev')
      ? installOf(workdir)
      : [`chroot /mnt/root sh -c 'cd ${workdir} && ${rest}'`];
  });
}

function copyOf(rest: string, workdir: string): readonly string[] {
  const words = rest.split(' ').filter((word) => !word.startsWith('--'));
  const target = `/mnt/root${join(workdir, words.at(-1) ?? '')}`;
  const sources = words.slice(0, -1).map((source) => source.replace(BUILD_FOLDER, ''));
  return [`mkdir -p $(dirname ${target}) && cp -R ${sources.join(' ')} ${target}`];
}

/** The packages that are there without those for developers. */
function installOf(workdir: string): readonly string[] {
  const { packages } = JSON.parse(readText('package-lock.json')) as {
    packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
  };
  const wanted = Object.keys(packages).filter((name) => name !== '' && packages[name]?.dev !== true);
  const target = `/mnt/root${workdir}`;
  return wanted.map(
    (name) =>
      `[ ! -d ${name} ] || { mkdir -p ${target}/${dirname(name)} && cp -R ${name} ${target}/${dirname(name)}/; }`,
  );
}

function settingsOf(steps: readonly Instruction[]): Omit<Image, 'folder' | 'paths'> {
  const all = (word: string) => steps.filter((step) => step.word === word).map(({ rest }) => rest);
  const list = (word: string) => JSON.parse(all(word).at(-1) ?? '[]') as string[];
  const [uid = 0, gid = 0] = (all('USER').at(-1) ?? '0:0').split(':').map(Number);
  const pairs = all('ENV').flatMap((rest) =>
    rest.split(' ').map((pair) => pair.split('=') as [string, string]),
  );
  const check = /CMD (\[.*\])$/.exec(all('HEALTHCHECK').at(-1) ?? '')?.[1] ?? '[]';
  return {
    env: Object.fromEntries(pairs),
    uid,
    gid,
    workdir: all('WORKDIR').at(-1) ?? '/',
    entrypoint: list('ENTRYPOINT'),
    command: list('CMD'),
    healthcheck: JSON.parse(check) as string[],
    volumes: all('VOLUME'),
  };
}
