/** `get listeners` and `describe listener`. */
import { type Plain, plainOf } from '../../core/view/plain.ts';
import { type ListenersOfProxy, summarizeListeners, UNREPORTED_LISTENER } from '../../core/view/reports.ts';
import type { Listener__Output } from '../../core/wire/generated/lb/v1/Listener.ts';
import type { Proxy__Output } from '../../core/wire/generated/lb/v1/Proxy.ts';
import { listenerDraftFromWire } from '../../core/wire/resource-codec.ts';
import type { Context } from '../context.ts';
import { type Listing, listing } from '../output/listing.ts';
import type { Page } from '../output/page.ts';
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
      ['POOL', ({ pool }) => pool],
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
      return { proxy: own.proxy, connections, rejected: failures[0]?.reason ?? null };
    });
  return {
    name,
    plain: { ...listenerPlain(listener), proxies: byProxy },
    facts: [
      ['Listener', name],
      ['Address', listener.address],
      ['Pool', listener.pool],
      ['Revision', listener.revision],
    ],
    tables: [
      {
        title: 'Proxies',
        header: ['PROXY', 'CONNECTIONS', 'REJECTED'],
        rows: byProxy.map(({ proxy, connections, rejected }) => [
          proxy,
          String(connections),
          rejected === null ? 'no' : { text: rejected, tone: 'bad' },
        ]),
        none: 'no proxy is connected',
      },
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

/** The manifest, with its revision. */
function listenerPlain(wire: Listener__Output): Plain {
  return { kind: 'Listener', ...plainOf(listenerDraftFromWire(wire, '', [])), revision: wire.revision };
}
