/** The contract of engines, run against each of them. */
import { ENGINES, type EngineName } from '../../../harness/engine/engine-host.ts';
import { atOnceContract } from './engine-at-once.contract.ts';
import { connectContract } from './engine-connect.contract.ts';
import { limitsContract } from './engine-limits.contract.ts';
import { pressureContract } from './engine-pressure.contract.ts';
import { randomContract } from './engine-random.contract.ts';
import { relayContract } from './engine-relay.contract.ts';

for (const engine of Object.keys(ENGINES) as EngineName[]) {
  relayContract(engine);
  connectContract(engine);
  limitsContract(engine);
  pressureContract(engine);
  atOnceContract(engine);
  randomContract(engine);
}
