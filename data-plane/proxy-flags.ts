/** The flags of lb-data-plane. */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { Command, InvalidArgumentError, type Option } from 'commander';
import {
  choice,
  duration,
  flag,
  type HostPort,
  hostPort,
  hostPortList,
  integer,
  logLevelFlag,
  type Parse,
  parseProgram,
  switchFlag,
  tokenFile,
} from '../core/runtime/flags.ts';
import type { LogLevel } from '../core/runtime/flags.ts';
import type { TokenFile } from '../core/runtime/token-file.ts';
import { MAX_CONNECTIONS } from './host/connection-limit.ts';
import { ENGINE_CHOICES, type EngineChoice } from './host/engine-choice.ts';
import { MAX_BACKENDS } from './memory/shared-memory.ts';
import { defaultWorkerCount } from './host/worker-count.ts';

const MAX_WORKERS = 256;
const METRIC_BACKENDS = 200;

export interface ProxyFlags {
  readonly proxyId: string;
  readonly zone: string;
  readonly controlPlane: readonly string[];
  readonly tokenFile?: TokenFile;
  readonly adminAddress: HostPort;
  readonly stateDir?: string;
  readonly workers: number;
  readonly shareListeners: boolean;
  readonly sourceAddress: readonly string[];
  readonly splice: boolean;
  readonly secrets?: string;
  readonly certificates?: string;
  readonly maxConnections: number;
  readonly engine: EngineChoice;
  readonly metricBackends: number;
  readonly connectionLog: string;
  readonly shutdownDelay: number;
  readonly drainTimeout: number;
  readonly logLevel: LogLevel;
}

/** Only characters that need no quoting in a path or a label. */
const proxyId: Parse<string> = (text) => {
  if (/^[A-Za-z0-9]([-_.A-Za-z0-9]{0,251}[A-Za-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Use 1 to 253 of A-Z, a-z, 0-9, -, _ and ., with a letter or digit at both ends.',
  );
};

const zone: Parse<string> = (text) => {
  if (/^[-_.A-Za-z0-9]{0,63}$/.test(text)) return text;
  throw new InvalidArgumentError('Use at most 63 of A-Z, a-z, 0-9, -, _ and .');
};

/** Repeatable; separated by commas in the environment. */
function sourceAddress(text: string, before: readonly string[] = []): readonly string[] {
  const addresses = text.split(',').map((address) => address.trim());
  for (const address of addresses) {
    if (isIP(address) === 0) throw new InvalidArgumentError(`"${address}" is not an IP address.`);
  }
  return [...before, ...addresses];
}

/** Parses the arguments of this process. Exits with 0 after --help and --version, with 2 on wrong usage. */
export function parseProxyFlags(): ProxyFlags {
  const program = new Command('lb-data-plane').description(
    'A proxy: gets its configuration from a control plane and balances TCP connections.',
  );
  for (const option of [...identityFlags(), ...servingFlags(), ...observationFlags(), logLevelFlag()])
    program.addOption(option);
  return parseProgram<ProxyFlags>(program);
}

/** Its identity and its control planes. */
function identityFlags(): Option[] {
  const controlPlane = ['127.0.0.1:7000'];
  const admin = { host: '127.0.0.1', port: 7_100 };
  return [
    flag('--proxy-id <ID>', 'name of this proxy, unique in the fleet', proxyId, hostname(), 'the host name'),
    flag('--zone <ZONE>', 'zone that this proxy runs in', zone, ''),
    flag(
      '--control-plane <HOST:PORT,...>',
      'addresses of one or more control-plane replicas',
      hostPortList,
      controlPlane,
      controlPlane.join(','),
    ),
    flag('--token-file <FILE>', 'sends the first token in the file with every call', tokenFile),
    flag(
      '--admin-address <HOST:PORT>',
      'serves /metrics, /healthz and /readyz; port 0 picks a free port',
      hostPort,
      admin,
      `${admin.host}:${admin.port}`,
    ),
    flag('--state-dir <DIR>', 'directory for the last good snapshot (default: ./data/proxy-ID)', String),
  ];
}

/** How it serves. */
function servingFlags(): Option[] {
  const cpus = defaultWorkerCount();
  return [
    flag(
      '--workers <N>',
      'number of worker threads',
      integer(1, MAX_WORKERS),
      cpus,
      `the CPUs it may use, here ${cpus}`,
    ),
    switchFlag('--share-listeners', 'let another process on this host listen on the same addresses'),
    flag(
      '--source-address <IP>',
      'local address of connections to backends; repeatable',
      sourceAddress as Parse<readonly string[]>,
    ),
    flag(
      '--engine <ENGINE>',
      `the engine that moves bytes: ${ENGINE_CHOICES.join('|')}`,
      choice(ENGINE_CHOICES),
      'auto',
    ),
    flag(
      '--secrets <DIR>',
      'directory of the files that send_secret in health checks names; without it such checks fail',
      String,
    ),
    flag(
      '--certificates <DIR>',
      'directory of NAME.pem, chain and private key, that listeners terminate TLS with; read again when they change',
      String,
    ),
    switchFlag('--splice', 'move bulk transfers inside the kernel, through pipes (epoll engine only)'),
    flag(
      '--max-connections <N>',
      'clients beyond this number wait; a fifth of it is kept for all listeners, in equal parts; it can only lower what descriptors and memory allow',
      integer(0, MAX_CONNECTIONS),
      0,
      '0, what those allow',
    ),
    flag(
      '--shutdown-delay <DURATION>',
      'how long it stays accepting, but not ready, after SIGTERM',
      duration,
      0,
      '0s',
    ),
    flag(
      '--drain-timeout <DURATION>',
      'how long open connections may then take to finish',
      duration,
      30_000,
      '30s',
    ),
  ];
}

/** What it exposes about itself. */
function observationFlags(): Option[] {
  return [
    flag(
      '--metric-backends <N>',
      'how many backends, pools and listeners /metrics shows by name: the busiest; the rest are `other`',
      integer(1, MAX_BACKENDS),
      METRIC_BACKENDS,
      String(METRIC_BACKENDS),
    ),
    flag(
      '--connection-log <FILE>',
      'where to write a line of JSON for each connection that ended: `off`, a file, or `-` for standard output',
      String,
      'off',
    ),
  ];
}
