/** One defect in a copy of a machine, and the world in which it shows. */
import type { Machines } from './machines.ts';
import type { Fault } from './world/world.ts';

export interface Defect {
  readonly machine: string;
  readonly name: string;
  readonly machines: Machines;
  /** What the explorer has to find. */
  readonly finds: RegExp;
  readonly kinds: readonly Fault[];
  readonly changes: number;
  readonly proxy: boolean;
  readonly faults?: number;
  /** What is sent is not judged: there the property of the sender would break first. */
  readonly trustsSender?: boolean;
}
