/** The counters and gauges of listeners in /metrics, and the histograms of listeners and pools. */
import { DRY_RUN, REFUSALS } from '../../core/wire/close-reasons.ts';
import { Histograms, inSlices, labelText } from './exposition.ts';
import type { ListenerObservation } from './observation.ts';
import type { TrafficTotals } from './observer.ts';
import { counter, gauge, type ProxyFamily } from './proxy-family.ts';
import {
  CONNECT_SECONDS,
  DURATION_SECONDS,
  FIRST_BYTE_SECONDS,
  QUEUE_SECONDS,
} from '../memory/shared-memory.ts';

export const LISTENER_FAMILIES: readonly ProxyFamily[] = [
  counter('lb_listener_connections_total', 'Connections accepted.', (add, { observation }) => {
    for (const [listener, { accepted }] of observation.listeners) add({ listener }, accepted);
  }),
  gauge('lb_listener_connections_active', 'Connections open now.', (add, { observation }) => {
    for (const [listener, { active }] of observation.listeners) add({ listener }, active);
  }),
  counter('lb_listener_connections_closed_total', 'Connections ended, by reason.', (add, { observation }) => {
    for (const [listener, { closed }] of observation.listeners)
      for (const [reason, count] of Object.entries(closed)) add({ listener, reason }, count);
  }),
  counter(
    'lb_refused_connections_total',
    'Connections refused before a backend was chosen, by reason; dry_run: limits would have refused it.',
    (add, { observation }) => {
      for (const [listener, { closed, wouldBeLimited }] of observation.listeners) {
        for (const reason of REFUSALS) add({ listener, reason }, closed[reason]);
        add({ listener, reason: DRY_RUN }, wouldBeLimited);
      }
    },
  ),
  counter(
    'lb_listener_bytes_total',
    'Bytes relayed, by direction: from_client or to_client.',
    (add, { observation }) => {
      for (const [listener, counts] of observation.listeners) {
        add({ listener, direction: 'from_client' }, counts.bytesFromClients);
        add({ listener, direction: 'to_client' }, counts.bytesToClients);
      }
    },
  ),
  {
    ...gauge(
      'lb_listener_bound',
      '1 when the address of the listener is bound; 0 when the listener cannot run here.',
      (add, { observation }) => {
        const failed = new Set(observation.applied.failedListeners.map(({ listener }) => listener));
        for (const listener of new Set([...observation.listeners.keys(), ...failed]))
          add({ listener }, failed.has(listener) ? 0 : 1);
      },
    ),
    combine: Math.min,
  },
  gauge(
    'lb_certificate_expiry_seconds',
    'When a certificate that listeners use expires, in seconds since 1970.',
    (add, { observation }) => {
      for (const { name, expiresAtMs } of observation.applied.certificates)
        if (expiresAtMs !== null) add({ certificate: name }, expiresAtMs / 1_000);
    },
  ),
];

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
