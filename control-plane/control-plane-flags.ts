/** The flags of lb-control-plane. */
import { Command, InvalidArgumentError, type Option } from 'commander';
import { parseAddress } from '../core/model/address.ts';
import {
  exitOnWrongUsage,
  flag,
  formatHostPort,
  type HostPort,
  hostPort,
  logLevelFlag,
  type Parse,
  parseProgram,
  switchFlag,
  tokenFile,
} from '../core/runtime/flags.ts';
import type { LogLevel } from '../core/runtime/flags.ts';
import type { TokenFile } from '../core/runtime/token-file.ts';
import { exposureProblems } from './access/exposure.ts';
import { type EtcdAccess, type EtcdFlags, readEtcdAccess } from './store/etcd/etcd-flags.ts';
import { ETCD_PREFIX } from './store/keys.ts';
import { parseStoreUrl, type StoreUrl } from './store/store-url.ts';

interface ParsedFlags extends EtcdFlags {
  readonly grpcAddress: HostPort;
  readonly httpAddress: HostPort;
  readonly dashboardHost: readonly string[];
  readonly dnsServer: readonly string[];
  readonly store: StoreUrl;
  readonly tokenFile?: TokenFile;
  readonly insecure: boolean;
  readonly logLevel: LogLevel;
}

export interface ControlPlaneFlags extends Omit<ParsedFlags, keyof EtcdFlags> {
  readonly access: EtcdAccess;
}

const GRPC_ADDRESS: HostPort = { host: '127.0.0.1', port: 7_000 };
const HTTP_ADDRESS: HostPort = { host: '127.0.0.1', port: 7_080 };
const STORE = { kind: 'lmdb', directory: './data/control-plane' } as const;

const storeUrl: Parse<StoreUrl> = (text) => {
  const parsed = parseStoreUrl(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.description);
  return parsed.value;
};

const hostNames: Parse<readonly string[]> = (text) => {
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  const wrong = names.find((name) => !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name));
  if (wrong === undefined) return names;
  throw new InvalidArgumentError(
    `"${wrong}" is not a host name; use a name such as lb.example.com, without a port.`,
  );
};

const dnsServers: Parse<readonly string[]> = (text) =>
  text.split(',').map((address) => {
    const parsed = parseAddress(address.trim());
    if (!parsed.ok) throw new InvalidArgumentError(parsed.description);
    return parsed.value.canonical;
  });

/** Reads the arguments of this process. Exits with 0 after --help and --version, with 2 on wrong usage. */
export function parseControlPlaneFlags(): ControlPlaneFlags {
  const program = new Command('lb-control-plane')
    .description(
      'The control plane of Equipoise: stores the configuration of the fleet and serves the API and the dashboard.',
    )
    .addOption(
      flag(
        '--grpc-address <HOST:PORT>',
        'address of the API, which proxies and lbctl connect to; port 0 picks a free port',
        hostPort,
        GRPC_ADDRESS,
        formatHostPort(GRPC_ADDRESS),
      ),
    )
    .addOption(
      flag(
        '--http-address <HOST:PORT>',
        'address of the dashboard, /metrics, /healthz and /readyz',
        hostPort,
        HTTP_ADDRESS,
        formatHostPort(HTTP_ADDRESS),
      ),
    )
    .addOption(
      flag(
        '--dashboard-host <NAME[,NAME...]>',
        'host names that the dashboard is opened under, besides localhost and IP addresses',
        hostNames,
        [] as readonly string[],
        'none',
      ),
    )
    .addOption(
      flag(
        '--store <URL>',
        'where the configuration is stored: lmdb:DIR, or etcd:HOST:PORT[,HOST:PORT...]',
        storeUrl,
        STORE as StoreUrl,
        `lmdb:${STORE.directory}`,
      ),
    )
    .addOption(
      flag(
        '--dns-server <IP:PORT[,IP:PORT...]>',
        'DNS servers that the names of backends are resolved with',
        dnsServers,
        [] as readonly string[],
        'those of this host',
      ),
    )
    .addOption(
      flag(
        '--token-file <FILE>',
        'file of accepted tokens, one per line; every call must have one of them',
        tokenFile,
      ),
    )
    .addOption(switchFlag('--insecure', 'allow addresses that other machines can reach, without a token'))
    .addOption(logLevelFlag());
  for (const option of etcdFlags()) program.addOption(option);
  const flags = parseProgram<ParsedFlags>(program);
  const read = readEtcdAccess(flags, flags.store.kind);
  const problems = [
    ...exposureProblems({ ...flags, hasToken: flags.tokenFile !== undefined }),
    ...(read.ok ? [] : read.problems),
  ];
  if (!read.ok || problems.length > 0) exitOnWrongUsage(problems);
  return { ...flags, access: read.access };
}

/** Credentials for etcd are files, because everybody on the host can read a command line. */
function etcdFlags(): Option[] {
  return [
    flag('--etcd-ca <FILE>', "CA that signed etcd's certificates (PEM); turns on TLS", String),
    flag('--etcd-cert <FILE>', 'client certificate for etcd (PEM); needs --etcd-key', String),
    flag('--etcd-key <FILE>', 'private key of --etcd-cert (PEM)', String),
    flag('--etcd-user <NAME>', 'etcd user; needs --etcd-password-file', String),
    flag('--etcd-password-file <FILE>', 'file that holds nothing but the password of --etcd-user', String),
    flag(
      '--etcd-prefix <PREFIX>',
      `prefix of every key; fleets that share an etcd cluster need different ones (default: ${ETCD_PREFIX})`,
      String,
    ),
  ];
}
