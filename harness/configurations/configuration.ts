/** One configuration of examples/configurations and what is tried at it. */
import type { Scope } from '../programs/processes.ts';
import type { Front } from './front.ts';
import type { NameServer } from './name-server.ts';
import type { ServerIdentity } from './named-server.ts';

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

/** In PEM, with the authority that signed it. */
export interface Identity extends ServerIdentity {
  readonly ca: string;
}

export interface Stage {
  readonly scope: Scope;
  /** The first three parts of its addresses, as they are in this run. */
  readonly network: string;
  readonly front: Front;
  /** Names and their addresses, as the DNS server has them. */
  readonly names: NameServer;
  /** Of mqtt.trees.test. To be called in `begin` or later. */
  identity(): Identity;
  /** How long a connection is silent that must stay. */
  readonly silenceMs: number;
  /** Runs once, before the manifest is applied. */
  begin(action: () => Promise<void>): void;
}
