/** One configuration of examples/configurations and what is tried at it. */
import type { Scope } from '../programs/processes.ts';
import type { Front } from './front.ts';

export interface Configuration {
  /** Of its files below examples/configurations. */
  readonly name: string;
  /** The third part of its addresses, after 127.30. */
  readonly network: number;
  /** Where clients connect. */
  readonly port: number;
  /** Declares the tests; `begin` and `front` may be used in them alone. */
  declare(stage: Stage): void;
}

interface Stage {
  readonly scope: Scope;
  /** The first three parts of its addresses, as they are in this run. */
  readonly network: string;
  readonly front: Front;
  /** How long a connection is silent that must stay. */
  readonly silenceMs: number;
  /** Runs once, before the manifest is applied. */
  begin(action: () => Promise<void>): void;
}
