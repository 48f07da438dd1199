/**
 * The page that balancers ask, as `clustercheck` answers it: 200 while the server beside it is in step with a cluster that has a majority.
 * Run with the address of its machine. After `/disable` it answers 503 for ten seconds, as clustercheck does while its file for maintenance is there.
 */
import { createServer } from 'node:http';
import { askOnce } from './cluster.ts';
import { MYSQL } from './mysql-protocol.ts';

const PORT = 9200;
const DISABLED_FOR_MS = 10_000;
const SYNCED = '4';
const [address = ''] = process.argv.slice(2);
let disabledUntil = 0;

const valueOf = async (name: string) =>
  (
    await askOnce(
      MYSQL,
      address,
      `SELECT variable_value FROM information_schema.global_status WHERE variable_name = '${name}'`,
    )
  )[0];

async function isReady(): Promise<boolean> {
  if (performance.now() < disabledUntil) return false;
  return (
    (await valueOf('wsrep_local_state')) === SYNCED && (await valueOf('wsrep_cluster_status')) === 'Primary'
  );
}

createServer((request, response) => {
  if (request.url === '/disable') {
    disabledUntil = performance.now() + DISABLED_FOR_MS;
    response.end();
    return;
  }
  const answer = (ready: boolean) => {
    response.statusCode = ready ? 200 : 503;
    response.end();
  };
  isReady().then(answer, () => answer(false));
}).listen(PORT, address);
