/** The command line of `npm run bench`. Pure. */
import { parseArgs } from 'node:util';
import { ENGINES, type Engine } from './engine-flag.ts';
import { SCENARIO_NAMES, type ScenarioName } from './scenario.ts';

export interface BenchOptions {
  readonly only: readonly ScenarioName[];
  readonly pairs: number;
  /** Of one run; some kinds take a multiple. */
  readonly seconds: number;
  readonly engine: Engine;
  /** Fill-and-drain cycles. */
  readonly cycles: number;
  readonly jsonFile?: string;
}

export type ParsedBench =
  | { readonly kind: 'run'; readonly options: BenchOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly reason: string };

const FULL = { pairs: 5, seconds: 2, cycles: 20 };
const QUICK = { pairs: 1, seconds: 1, cycles: 3 };
const MAX_PAIRS = 50;
const MAX_SECONDS = 20;

export const HELP = `npm run bench -- [flags]      this load balancer, HAProxy and nginx side by side, on loopback

  --only NAME[,NAME]  ${SCENARIO_NAMES.join(', ')}; all when left out
  --pairs N           interleaved pairs (1 to ${MAX_PAIRS}; ${FULL.pairs} when left out)
  --seconds N         of one run; some kinds take a multiple (0.5 to ${MAX_SECONDS}; ${FULL.seconds} when left out)
  --engine ENGINE     ${ENGINES.join(', ')}: passed to lb-data-plane; auto when left out
  --quick             ${QUICK.pairs} pair of ${QUICK.seconds} s, ${QUICK.cycles} cycles instead of ${FULL.cycles}: for development, not for figures
  --json FILE         where the figures go; bench/results/TIME.json when left out
  --help              this text

bench/README.md says what is measured and how to read it. It needs two CPUs and nothing else running on them.`;

/** Reads the arguments after the program's name. */
export function parseBench(args: readonly string[]): ParsedBench {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        pairs: { type: 'string' },
        seconds: { type: 'string' },
        engine: { type: 'string', default: 'auto' },
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const basis = values.quick ? QUICK : FULL;
    const options: BenchOptions = {
      only: values.only === undefined ? SCENARIO_NAMES : oneOfEach('--only', values.only, SCENARIO_NAMES),
      pairs: Math.round(inRange('--pairs', values.pairs, basis.pairs, 1, MAX_PAIRS)),
      seconds: inRange('--seconds', values.seconds, basis.seconds, 0.5, MAX_SECONDS),
      engine: oneOf('--engine', values.engine, ENGINES),
      cycles: basis.cycles,
      ...(values.json !== undefined && { jsonFile: values.json }),
    };
    return { kind: 'run', options };
  } catch (error) {
    return { kind: 'wrong', reason: error instanceof Error ? error.message : String(error) };
  }
}

function inRange(
  flag: string,
  text: string | undefined,
  otherwise: number,
  min: number,
  max: number,
): number {
  const value = text === undefined ? otherwise : Number(text);
  if (text === '' || !(value >= min && value <= max)) {
    throw new Error(`${flag} ${text}: a number from ${min} to ${max} is allowed`);
  }
  return value;
}

function oneOf<T extends string>(flag: string, word: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === word);
  if (found === undefined) throw new Error(`${flag} ${word}: ${allowed.join(', ')} are allowed`);
  return found;
}

/** In the order of `allowed`. */
function oneOfEach<T extends string>(flag: string, text: string, allowed: readonly T[]): readonly T[] {
  const wanted = text.split(',').map((word) => oneOf(flag, word.trim(), allowed));
  return allowed.filter((each) => wanted.includes(each));
}
