/** `get listeners` and `describe listener`. */
import { isoTimeOf } from '../../core/view/figures.ts';
import { completeListener } from '../../core/model/draft.ts';
import { poolsOf } from '../../core/model/resources.ts';
import { otherFields, type Plain, plainOf } from '../../core/view/plain.ts';
import {
  certificatesOf,
  type ListenersOfProxy,
  refusalsOf,
  summarizeListeners,
  UNREPORTED_LISTENER,
} from '../../core/view/reports.ts';
import type { Listener__Output } from '../../core/wire/generated/lb/v1/Listener.ts';
import type { Proxy__Output } from '../../core/wire/generated/lb/v1/Proxy.ts';
import { listenerDraftFromWire } from '../../core/wire/resource-codec.ts';
import type { Context } from '../context.ts';
import { type Listing, listing } from '../output/listing.ts';
import type { Page } from '../output/page.ts';
import type { Cell } from '../output/table.ts';
import type { Session } from '../session/session.ts';
import { findNamed } from './find-named.ts';

export async function listListeners(session: Session, context: Context): Promise<Listing> {
  const { listeners, proxies } = await readListeners(session);
  const summaries = summarizeListeners(proxies.map(listenersOf));
  const summaryOf = ({ name }: Listener__Output) => summaries.get(name) ?? UNREPORTED_LISTENER;
  return listing(
    context,
    listeners,
    (listener) => ({ name: listener.name, pool: listener.pool, plain: listenerPlain(listener) }),
    [
      ['NAME', ({ name }) => name],
      ['ADDRESS', ({ address }) => address],
      ['POOL', (listener) => poolsLedTo(listener).join(', ')],
    ],
    [
      ['CONNECTIONS', (listener) => String(summaryOf(listener).connections)],
      ['REVISION', ({ revision }) => revision],
      [
        'REJECTED BY',
        (listener) =>
          summaryOf(listener)
            .failures.map(({ proxy }) => proxy)
            .join(' '),
      ],
    ],
  );
}

/** The listener, its pool, and its state on each proxy. */
export async function describeListener(session: Session, _context: Context, name: string): Promise<Page> {
  const { listeners, proxies } = await readListeners(session);
  const listener = findNamed('listeners', name, listeners);
  const byProxy = proxies
    .filter(({ connected }) => connected)
    .map((proxy) => {
      const own = listenersOf(proxy);
      const { connections, failures } = summarizeListeners([own]).get(name) ?? UNREPORTED_LISTENER;
      const report = proxy.listeners.find(({ listener }) => listener === name);
      const refused = report === undefined ? {} : refusalsOf(report);
      return { proxy: own.proxy, connections, refused, rejected: failures[0]?.reason ?? null };
    });
  const names = listener.tls?.certificates ?? [];
  const certificates = proxies
    .filter(({ connected }) => connected)
    .flatMap(({ info, applied }) => certificatesOf(info?.id ?? '', applied?.certificates ?? []))
    .filter((certificate) => names.includes(certificate.name))
    .map(({ name: certificate, proxy, expiresAtMs, problem }) => {
      return { certificate, proxy, validUntil: isoTimeOf(expiresAtMs), problem };
    });
  return {
    name,
    plain: { ...listenerPlain(listener), proxies: byProxy, ...(listener.tls && { certificates }) },
    facts: [
      ['Listener', name],
      ['Address', listener.address],
      ['Pool', listener.pool || 'none: what no route takes is refused'],
      ...otherFields(listenerPlain(listener), ['kind', 'name', 'address', 'pool', 'revision']),
      ['Revision', listener.revision],
    ],
    tables: [
      {
        title: 'Proxies',
        header: ['PROXY', 'CONNECTIONS', 'REFUSED', 'REJECTED'],
        rows: byProxy.map(({ proxy, connections, refused, rejected }) => [
          proxy,
          String(connections),
          Object.entries(refused)
            .map(([reason, count]) => `${reason} ${count}`)
            .join(', ') || 'none',
          rejected === null ? 'no' : { text: rejected, tone: 'bad' },
        ]),
        none: 'no proxy is connected',
      },
      ...(listener.tls
        ? [
            {
              title: 'Certificates',
              header: ['CERTIFICATE', 'PROXY', 'VALID UNTIL', 'PROBLEM'],
              rows: certificates.map(({ certificate, proxy, validUntil, problem }): Cell[] => [
                certificate,
                proxy,
                validUntil ?? { text: 'missing', tone: 'bad' },
                problem === '' ? 'none' : { text: problem, tone: 'bad' },
              ]),
              none: 'no proxy has reported them',
            },
          ]
        : []),
    ],
  };
}

async function readListeners(session: Session) {
  const [{ listeners }, { proxies }] = await Promise.all([
    session.read('listeners', 'ListListeners', {}),
    session.read('fleet', 'ListProxies', {}),
  ]);
  return { listeners, proxies };
}

/** An absent proxy has no connections that count, but what it could not bind is still to be fixed. */
function listenersOf({ info, connected, listeners, applied }: Proxy__Output): ListenersOfProxy {
  return {
    proxy: info?.id ?? '',
    listeners: connected ? listeners : [],
    failed: applied?.failedListeners ?? [],
  };
}

/** Its own pool and those of its routes. */
export function poolsLedTo(wire: Listener__Output): string[] {
  return poolsOf(completeListener(listenerDraftFromWire(wire, '', [])));
}

/** The manifest, with its revision. */
function listenerPlain(wire: Listener__Output): Plain {
  return { kind: 'Listener', ...plainOf(listenerDraftFromWire(wire, '', [])), revision: wire.revision };
}
