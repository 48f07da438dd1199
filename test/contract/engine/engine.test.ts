/** The contract of engines: which of its groups holds for which engine. */
import type { EngineName } from '../../../harness/engine/engine-host.ts';
import { atOnceContract } from './engine-at-once.contract.ts';
import { connectContract } from './engine-connect.contract.ts';
import { limitsContract, ordersContract, timeoutsContract } from './engine-limits.contract.ts';
import { pressureContract } from './engine-pressure.contract.ts';
import { randomContract } from './engine-random.contract.ts';
import { bytesContract, endsContract, resetContract } from './engine-relay.contract.ts';

type Contract = (engine: EngineName) => void;

/** What the portable engine is for: it relays, half-closes, resets, times out and keeps its limits. */
const EVERY_ENGINE: readonly Contract[] = [
  bytesContract,
  endsContract,
  connectContract,
  timeoutsContract,
  ordersContract,
  limitsContract,
];
/** Beyond that: no byte is lost whatever the peers do, and everybody is served under pressure. */
const NO_LOSS: readonly Contract[] = [resetContract, atOnceContract, pressureContract];

const CONTRACTS: Readonly<Record<EngineName, readonly Contract[]>> = {
  portable: EVERY_ENGINE,
  epoll: [...EVERY_ENGINE, ...NO_LOSS],
  // splice differs from copying only in how it moves bytes.
  'epoll with splice': [bytesContract, endsContract, ...NO_LOSS],
};

for (const [engine, contracts] of Object.entries(CONTRACTS)) {
  for (const contract of contracts) contract(engine as EngineName);
}
for (const engine of ['epoll', 'epoll with splice'] as const) randomContract(engine);
