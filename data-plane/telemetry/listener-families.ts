/** The histograms of listeners and pools in /metrics. */
import { Histograms, inSlices, labelText } from './exposition.ts';
import type { ListenerObservation } from './observation.ts';
import type { TrafficTotals } from './observer.ts';
import {
  CONNECT_SECONDS,
  DURATION_SECONDS,
  FIRST_BYTE_SECONDS,
  QUEUE_SECONDS,
} from '../memory/shared-memory.ts';

/** `named`: the listeners that have histograms. */
export async function listenerFamilies(
  listeners: ReadonlyMap<string, ListenerObservation>,
  named: ReadonlySet<string>,
): Promise<string> {
  const connect = new Histograms(
    'lb_listener_connect_duration_seconds',
    CONNECT_SECONDS,
    'Time to connect to a backend, successful attempts only.',
  );
  const firstByte = new Histograms(
    'lb_first_byte_duration_seconds',
    FIRST_BYTE_SECONDS,
    'Time from accept to the first byte that the client got.',
  );
  const duration = new Histograms(
    'lb_connection_duration_seconds',
    DURATION_SECONDS,
    'Life of a connection, from accept to close.',
  );
  await inSlices(listeners, ([listener, counts]) => {
    if (!named.has(listener)) return;
    const labels = labelText({ listener });
    connect.add(labels, counts.connect);
    firstByte.add(labels, counts.firstByte);
    duration.add(labels, counts.duration);
  });
  return [connect, firstByte, duration].join('');
}

/** `named`: the pools that have histograms. */
export async function poolFamilies(
  { poolConnectSeconds, queues }: Pick<TrafficTotals, 'poolConnectSeconds' | 'queues'>,
  named: ReadonlySet<string>,
): Promise<string> {
  const connect = new Histograms(
    'lb_connect_duration_seconds',
    CONNECT_SECONDS,
    'Time to connect to a backend, successful attempts only.',
  );
  const queue = new Histograms(
    'lb_queue_wait_seconds',
    QUEUE_SECONDS,
    'Time that connections waited for a place at a backend, whether they got one or not.',
  );
  await inSlices(poolConnectSeconds, ([pool, counts]) => {
    if (named.has(pool)) connect.add(labelText({ pool }), counts);
  });
  for (const [pool, { seconds }] of queues) if (named.has(pool)) queue.add(labelText({ pool }), seconds);
  return [connect, queue].join('');
}
