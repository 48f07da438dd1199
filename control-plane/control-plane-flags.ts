/** The flags of lb-control-plane. */
import { Command, InvalidArgumentError } from 'commander';
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
import type { LogLevel } from '../core/runtime/log-level.ts';
import type { TokenFile } from '../core/runtime/token-file.ts';
import { exposureProblems } from './access/exposure.ts';
import { parseStoreUrl, type StoreUrl } from './store/store-url.ts';

export interface ControlPlaneFlags {
  readonly grpcAddress: HostPort;
  readonly httpAddress: HostPort;
  readonly store: StoreUrl;
  readonly tokenFile?: TokenFile;
  readonly insecure: boolean;
  readonly logLevel: LogLevel;
}

const GRPC_ADDRESS: HostPort = { host: '127.0.0.1', port: 7_000 };
const HTTP_ADDRESS: HostPort = { host: '127.0.0.1', port: 7_080 };
const STORE = { kind: 'lmdb', directory: './data/control-plane' } as const;

const storeUrl: Parse<StoreUrl> = (text) => {
  const parsed = parseStoreUrl(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.description);
  return parsed.value;
};

/** Reads the arguments of this process. Exits with 0 after --help, with 2 on wrong usage. */
export function parseControlPlaneFlags(): ControlPlaneFlags {
  const program = new Command('lb-control-plane')
    .description('Knows what the fleet of proxies should do: the API, the store and the status page.')
    .addOption(
      flag(
        '--grpc-address <HOST:PORT>',
        'the API, and what proxies connect to; port 0 picks a free one',
        hostPort,
        GRPC_ADDRESS,
        formatHostPort(GRPC_ADDRESS),
      ),
    )
    .addOption(
      flag(
        '--http-address <HOST:PORT>',
        'the status page, /metrics, /healthz and /readyz',
        hostPort,
        HTTP_ADDRESS,
        formatHostPort(HTTP_ADDRESS),
      ),
    )
    .addOption(
      flag(
        '--store <URL>',
        'lmdb:DIR, or etcd:HOST:PORT[,HOST:PORT...]',
        storeUrl,
        STORE as StoreUrl,
        `lmdb:${STORE.directory}`,
      ),
    )
    .addOption(flag('--token-file <FILE>', 'every call needs one of the tokens in it, one a line', tokenFile))
    .addOption(switchFlag('--insecure', 'without a token, use addresses that other machines may reach'))
    .addOption(logLevelFlag());
  const flags = parseProgram<ControlPlaneFlags>(program);
  const problems = exposureProblems({ ...flags, hasToken: flags.tokenFile !== undefined });
  if (problems.length > 0) exitOnWrongUsage(problems);
  return flags;
}
