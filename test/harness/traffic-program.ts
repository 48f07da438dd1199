/** A program that opens connections through workers, says so, and ends as its argument says. */
import { backend, listener, pool } from './snapshots.ts';
import { ask, dial, freePort, startEcho } from './tcp.ts';
import { TrafficRig } from './traffic-rig.ts';

const rig = await TrafficRig.start();
const server = await startEcho('echo');
const port = await freePort();
await rig.apply([pool('web'), backend('web', server.address), listener('web', `127.0.0.1:${port}`, 'web')]);
await Promise.all(Array.from({ length: 10 }, async () => ask(await dial(port), 'hi')));
process.stdout.write('open\n');
const [, , how] = process.argv;
setTimeout(() => {
  if (how === 'exit') process.exit(7);
  if (how === 'throw') throw new Error('thrown, as the test asked');
  void Promise.reject(new Error('rejected, as the test asked'));
}, 20);
