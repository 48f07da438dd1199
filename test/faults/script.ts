/**
 * The faults of a run, drawn from a seed: what happens to whom, when, and for how long. The same seed gives the same
 * script; how the processes interleave under it is theirs.
 *
 * Invariants, so that every promise stays applicable
 *  - at most one proxy and at most one backend is out at a time, and each has a while to come back;
 *  - nothing has two faults at once; all faults are over at the end. All else goes: etcd without a quorum, no control
 *    plane at all, everything cut from everything.
 */
import { type Random, randomBelow, seededRandom } from '../../core/runtime/random.ts';
import type { Trouble } from './link.ts';

export type Kind = 'etcd' | 'control-plane' | 'proxy' | 'backend' | 'registrant';

/** How many of each there are. */
export type FleetShape = Readonly<Record<Kind, number>>;

export interface Fault {
  readonly atMs: number;
  readonly forMs: number;
  readonly what: 'kill' | 'stop' | Trouble;
  /** Of processes, such as `etcd-1`, or of links, such as `proxy-2~control-plane-1`. */
  readonly targets: readonly string[];
}

/** Who asks the control planes: the far end of their links. */
export const WRITERS = 'writers';

/** A process that is back is left alone for so long. */
const RECOVERY_MS = 2_500;
const FIRST_AT_MS = 1_000;
const FAULT_MS = { min: 200, max: 3_000 };
const GAP_MS = { min: 50, max: 1_200 };

/** What may happen, and how often against the others. */
const MENU: readonly { readonly often: number; readonly draw: (draw: Draw) => Hit }[] = [
  { often: 3, draw: (draw) => draw.processes('etcd', 1) },
  { often: 2, draw: (draw) => draw.processes('etcd', 2) },
  { often: 1, draw: (draw) => draw.processes('etcd', draw.shape.etcd) },
  { often: 4, draw: (draw) => draw.processes('control-plane', 1) },
  { often: 1, draw: (draw) => draw.processes('control-plane', draw.shape['control-plane']) },
  { often: 3, draw: (draw) => draw.processes('proxy', 1) },
  { often: 2, draw: (draw) => draw.processes('backend', 1) },
  { often: 5, draw: (draw) => draw.processes('registrant', 1) },
  { often: 2, draw: (draw) => draw.processes('registrant', draw.shape.registrant) },
  { often: 3, draw: (draw) => draw.links([draw.one('control-plane')], [draw.one('etcd')]) },
  { often: 2, draw: (draw) => draw.links([draw.one('control-plane')], draw.all('etcd')) },
  { often: 5, draw: (draw) => draw.links([draw.one('control-plane')], draw.all('etcd'), ['lossy']) },
  { often: 3, draw: (draw) => draw.links([draw.one('proxy')], [draw.one('control-plane')]) },
  { often: 1, draw: (draw) => draw.links([draw.one('proxy')], draw.all('control-plane')) },
  { often: 2, draw: (draw) => draw.links([WRITERS], [draw.one('control-plane')]) },
  { often: 3, draw: (draw) => draw.links([WRITERS], [draw.one('control-plane')], ['lossy']) },
];

type Hit = Pick<Fault, 'what' | 'targets'>;

export function nameOf(kind: Kind, index: number): string {
  return `${kind}-${index + 1}`;
}

export function linkName(from: string, to: string): string {
  return `${from}~${to}`;
}

export function drawScript(seed: number, seconds: number, shape: FleetShape): readonly Fault[] {
  const random = seededRandom(seed);
  const draw = new Draw(random, shape);
  const endMs = seconds * 1_000;
  const freeAtMs = new Map<string, number>();
  const faults: Fault[] = [];
  for (let atMs = FIRST_AT_MS; atMs < endMs - FAULT_MS.min; atMs += between(random, GAP_MS)) {
    const hit = draw.hit();
    const forMs = Math.min(between(random, FAULT_MS), endMs - atMs);
    const claims = hit.targets.map(claimOf);
    if (claims.some((claim) => (freeAtMs.get(claim) ?? 0) > atMs)) continue;
    for (const claim of claims) freeAtMs.set(claim, atMs + forMs + RECOVERY_MS);
    faults.push({ atMs, forMs, ...hit });
  }
  return faults;
}

/** What a fault of this target keeps others from. */
function claimOf(target: string): string {
  return /^(proxy|backend)-\d+$/.exec(target)?.[1] ?? target;
}

class Draw {
  readonly shape: FleetShape;
  readonly #random: Random;

  constructor(random: Random, shape: FleetShape) {
    this.#random = random;
    this.shape = shape;
  }

  hit(): Hit {
    let left = randomBelow(
      this.#random,
      MENU.reduce((sum, { often }) => sum + often, 0),
    );
    for (const { often, draw } of MENU) {
      left -= often;
      if (left < 0) return draw(this);
    }
    throw new RangeError('the menu is shorter than it said');
  }

  processes(kind: Kind, count: number): Hit {
    const names = this.all(kind);
    while (names.length > count) names.splice(randomBelow(this.#random, names.length), 1);
    return { what: this.#oneOf(['kill', 'stop']), targets: names };
  }

  links(
    from: readonly string[],
    to: readonly string[],
    troubles: readonly Trouble[] = ['cut', 'silent', 'slow'],
  ): Hit {
    return {
      what: this.#oneOf(troubles),
      targets: from.flatMap((near) => to.map((far) => linkName(near, far))),
    };
  }

  one(kind: Kind): string {
    return this.#oneOf(this.all(kind));
  }

  all(kind: Kind): string[] {
    return Array.from({ length: this.shape[kind] }, (_, index) => nameOf(kind, index));
  }

  #oneOf<T>(items: readonly T[]): T {
    return items[randomBelow(this.#random, items.length)] as T;
  }
}

function between(random: Random, { min, max }: { readonly min: number; readonly max: number }): number {
  return min + randomBelow(random, max - min);
}

/** One line a fault. */
export function describeScript(faults: readonly Fault[]): readonly string[] {
  return faults.map(({ atMs, forMs, what, targets }) => {
    const at = `${(atMs / 1_000).toFixed(1).padStart(5)} s`;
    return `${at}  ${what.padEnd(6)} ${(forMs / 1_000).toFixed(1)} s  ${targets.join(', ')}`;
  });
}
