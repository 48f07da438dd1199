/** What /metrics says of each backend, beside histograms: one sample a backend, by the ten thousand. */
import { familyHeader, inSlices, sampleLine } from './exposition.ts';
import type { BackendObservation } from './observation.ts';

export async function backendFamilies(backends: Iterable<BackendObservation>): Promise<string> {
  const all = [...backends];
  const family = async (
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    valueOf: (backend: BackendObservation) => number,
  ) => {
    let text = familyHeader(name, type, help);
    await inSlices(all, (backend) => {
      text += sampleLine(name, { pool: backend.pool, backend: backend.address }, valueOf(backend));
    });
    return text;
  };

  const families = [
    await family('lb_backend_connections_total', 'counter', 'Connections established.', (b) => b.connections),
    await family('lb_backend_connections_active', 'gauge', 'Connections open now.', (b) => b.active),
    await family(
      'lb_backend_connect_failures_total',
      'counter',
      'Failed connects.',
      (b) => b.connectFailures,
    ),
    await family('lb_backend_up', 'gauge', '1 when the backend is healthy.', (b) =>
      Number(b.health === 'healthy'),
    ),
    await bytesFamily(all),
  ];
  return families.join('');
}

async function bytesFamily(backends: readonly BackendObservation[]): Promise<string> {
  const name = 'lb_bytes_total';
  let text = familyHeader(name, 'counter', 'Bytes relayed, by direction: to_backend or from_backend.');
  await inSlices(backends, ({ pool, address, bytesToBackend, bytesFromBackend }) => {
    const labels = { pool, backend: address };
    text += sampleLine(name, { direction: 'to_backend', ...labels }, bytesToBackend);
    text += sampleLine(name, { direction: 'from_backend', ...labels }, bytesFromBackend);
  });
  return text;
}
