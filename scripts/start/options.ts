/** The command line of `npm start`. */
import { parseArgs } from 'node:util';

export interface StartOptions {
  /** Holds everything that lasts: store, snapshots, logs. */
  readonly dataDir: string;
  readonly demo: boolean;
  readonly verbose: boolean;
  /** Added to every port. */
  readonly portOffset: number;
}

export type ParsedStart =
  | { readonly kind: 'start'; readonly options: StartOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly reason: string };

/** The highest offset with which every port is valid. */
const MAX_PORT_OFFSET = 50_000;

export const HELP = `npm start -- [flags]      a whole load balancer on this machine: control plane, proxy, three demo backends

  --data DIR         where configuration, snapshots and logs are kept; ./data when left out
  --no-demo          without the demo backends and without their configuration
  --port-offset N    add N to every port, when others have them (0 to ${MAX_PORT_OFFSET}; 0 when left out)
  --verbose          show every log line here, not only warnings and errors
  --help             this text

Ctrl-C stops everything and loses nothing: the next start goes on with the configuration as it was left.
A second Ctrl-C does not wait for open connections.`;

/** Reads the arguments after the program's name. */
export function parseStart(args: readonly string[]): ParsedStart {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        data: { type: 'string', default: './data' },
        'no-demo': { type: 'boolean', default: false },
        'port-offset': { type: 'string', default: '0' },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const portOffset = /^\d+$/.test(values['port-offset']) ? Number(values['port-offset']) : Number.NaN;
    if (!(portOffset <= MAX_PORT_OFFSET)) {
      const reason = `--port-offset ${values['port-offset']}: use a whole number from 0 to ${MAX_PORT_OFFSET}`;
      return { kind: 'wrong', reason };
    }
    if (values.data === '') return { kind: 'wrong', reason: '--data: name a folder' };
    const { data: dataDir, verbose } = values;
    return { kind: 'start', options: { dataDir, demo: !values['no-demo'], verbose, portOffset } };
  } catch (error) {
    return { kind: 'wrong', reason: error instanceof Error ? error.message : String(error) };
  }
}
