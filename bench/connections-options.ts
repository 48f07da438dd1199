/** The command line of `npm run bench:connections`. Pure. */
import { parseArgs } from 'node:util';
import { ENGINES, type Engine } from './engine-flag.ts';

export interface ConnectionsOptions {
  readonly engine: Engine;
  /** Through one proxy, in steps. */
  readonly steps: readonly number[];
  readonly proxies: number;
  /** Through each of them. */
  readonly perProxy: number;
}

export type ParsedConnections =
  | { readonly kind: 'run'; readonly options: ConnectionsOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly reason: string };

const FULL = { steps: [100, 1_000, 3_000, 6_000, 9_500], proxies: 5, perProxy: 9_000 };
const QUICK = { steps: [100, 1_000], proxies: 2, perProxy: 1_000 };

export const CONNECTIONS_HELP = `npm run bench:connections -- [flags]      how many connections one machine holds

  --engine ENGINE     ${ENGINES.join(', ')}: passed to lb-data-plane; auto when left out
  --quick             ${QUICK.proxies * QUICK.perProxy} connections instead of ${FULL.proxies * FULL.perProxy}
  --help              this text`;

/** Reads the arguments after the program's name. */
export function parseConnections(args: readonly string[]): ParsedConnections {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        engine: { type: 'string', default: 'auto' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const engine = ENGINES.find((each) => each === values.engine);
    if (engine === undefined) {
      return { kind: 'wrong', reason: `--engine ${values.engine}: ${ENGINES.join(', ')} are allowed` };
    }
    return { kind: 'run', options: { engine, ...(values.quick ? QUICK : FULL) } };
  } catch (error) {
    return { kind: 'wrong', reason: error instanceof Error ? error.message : String(error) };
  }
}
