/** What /metrics says of listeners and pools in histograms and by reason: a thousand listeners have tens of thousands of series. */
import type { HistogramCounts } from './counters.ts';
import { familyHeader, histogramLines, inSlices, sampleLine } from './exposition.ts';
import type { ListenerObservation } from './observation.ts';
import { CONNECT_SECONDS, DURATION_SECONDS, FIRST_BYTE_SECONDS } from './shared-memory.ts';

const CLOSED = 'lb_listener_connections_closed_total';
const CONNECT = 'lb_listener_connect_duration_seconds';
const FIRST_BYTE = 'lb_first_byte_duration_seconds';
const DURATION = 'lb_connection_duration_seconds';
const POOL_CONNECT = 'lb_connect_duration_seconds';

export async function listenerFamilies(listeners: ReadonlyMap<string, ListenerObservation>): Promise<string> {
  let closed = familyHeader(CLOSED, 'counter', 'Connections ended, by reason.');
  let connect = familyHeader(CONNECT, 'histogram', 'Time to connect to a backend, successful attempts only.');
  let firstByte = familyHeader(
    FIRST_BYTE,
    'histogram',
    'Time from accept to the first byte that the client got.',
  );
  let duration = familyHeader(DURATION, 'histogram', 'Life of a connection, from accept to close.');
  await inSlices(listeners, ([listener, counts]) => {
    for (const [reason, count] of Object.entries(counts.closed)) {
      closed += sampleLine(CLOSED, { listener, reason }, count);
    }
    connect += histogramLines(CONNECT, { listener }, CONNECT_SECONDS, counts.connect);
    firstByte += histogramLines(FIRST_BYTE, { listener }, FIRST_BYTE_SECONDS, counts.firstByte);
    duration += histogramLines(DURATION, { listener }, DURATION_SECONDS, counts.duration);
  });
  return closed + connect + firstByte + duration;
}

export async function poolFamilies(connectSeconds: ReadonlyMap<string, HistogramCounts>): Promise<string> {
  let text = familyHeader(
    POOL_CONNECT,
    'histogram',
    'Time to connect to a backend, successful attempts only.',
  );
  await inSlices(connectSeconds, ([pool, counts]) => {
    text += histogramLines(POOL_CONNECT, { pool }, CONNECT_SECONDS, counts);
  });
  return text;
}
