/** docker-compose.yml as far as ours uses it. What it does not know it refuses, so that nothing is passed over. */
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { parseDuration } from '../../core/model/duration.ts';

export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

export interface Publication {
  readonly host: string;
  /** The first and last port that may be taken. */
  readonly from: number;
  readonly to: number;
  readonly containerPort: number;
}

export interface Volume {
  /** A path below the checkout, the name of a volume, or none: one of its own for each container. */
  readonly source?: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface Service {
  readonly name: string;
  readonly image: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly Publication[];
  readonly volumes: readonly Volume[];
  readonly replicas: number;
  readonly dependsOn: Readonly<Record<string, Condition>>;
  /** What is run to see whether it is healthy; undefined: what the image says. `disable` makes it empty. */
  readonly healthcheck: readonly string[] | undefined;
  readonly stopGraceMs: number;
  readonly descriptors: number | undefined;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly readOnly: boolean;
  readonly restart: string | undefined;
}

/** A service as it is written. */
interface RawService {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly deploy?: { readonly replicas: number };
  readonly depends_on?: Readonly<Record<string, { readonly condition: Condition }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly stop_grace_period?: string;
  readonly ulimits?: { readonly nofile?: { readonly soft: number } };
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly restart?: string;
}

const KNOWN = new Set(
  (
    'image build entrypoint command environment ports volumes deploy depends_on healthcheck stop_grace_period ' +
    'ulimits sysctls read_only restart init cap_drop security_opt'
  ).split(' '),
);

/** All services of a Compose file, by name. */
export function readComposeFile(text: string): ReadonlyMap<string, Service> {
  const file = parse(text, { merge: true }) as { services: Readonly<Record<string, RawService>> };
  return new Map(Object.entries(file.services).map(([name, raw]) => [name, readService(name, raw)]));
}

function readService(name: string, raw: RawService): Service {
  const unknown = Object.keys(raw).filter((key) => !KNOWN.has(key));
  assert.deepEqual(unknown, [], `service ${name} has what this reader does not know`);
  const { entrypoint = [], command = [], environment = {}, ports = [], volumes = [] } = raw;
  const { depends_on: dependsOn = {}, sysctls = {} } = raw;
  return {
    name,
    image: raw.image,
    entrypoint: entrypoint.map(unescape),
    command: command.map(unescape),
    environment: mapValues(environment, unescape),
    ports: ports.map(readPort),
    volumes: volumes.map(readVolume),
    replicas: raw.deploy?.replicas ?? 1,
    dependsOn: mapValues(dependsOn, ({ condition }) => condition),
    healthcheck: checkOf(raw),
    stopGraceMs: milliseconds(raw.stop_grace_period ?? '10s'),
    descriptors: raw.ulimits?.nofile?.soft,
    sysctls,
    readOnly: raw.read_only === true,
    restart: raw.restart,
  };
}

function checkOf({ healthcheck }: RawService): readonly string[] | undefined {
  return healthcheck?.disable === true ? [] : healthcheck?.test?.slice(1);
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** `$$` stands for a dollar. Anything else with one would be replaced by Compose. */
function unescape(text: string): string {
  assert.equal(typeof text, 'string', `${text} has to be in quotes`);
  assert.doesNotMatch(
    text.replaceAll('$$', ''),
    /\$/,
    `Compose would replace what follows the dollar in ${text}`,
  );
  return text.replaceAll('$$', '$');
}

/** `[HOST:]PORT[-PORT]:PORT`. */
function readPort(text: string): Publication {
  const [, host = '0.0.0.0', from = '', to = from, containerPort = ''] =
    /^(?:([\d.]+):)?(\d+)(?:-(\d+))?:(\d+)$/.exec(text) ?? [];
  assert.notEqual(containerPort, '', `not a published port: ${text}`);
  return { host, from: Number(from), to: Number(to), containerPort: Number(containerPort) };
}

/** `TARGET`, or `SOURCE:TARGET[:ro]`. */
function readVolume(text: string): Volume {
  const [first = '', second, mode] = text.split(':');
  const readOnly = mode === 'ro';
  return second === undefined ? { target: first, readOnly } : { source: first, target: second, readOnly };
}

function milliseconds(text: string): number {
  const parsed = parseDuration(text);
  assert.ok(parsed.ok, `not a duration: ${text}`);
  return parsed.ms;
}
