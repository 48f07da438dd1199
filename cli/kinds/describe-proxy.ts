/** `describe proxy` and `describe revision`. */
import type { AppliedSnapshot__Output } from '../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import type { Proxy__Output } from '../../core/wire/generated/lb/v1/Proxy.ts';
import type { Context } from '../context.ts';
import { age } from '../output/human.ts';
import type { Cell } from '../output/table.ts';
import { named } from './one.ts';
import type { Describer } from './page.ts';
import { connectedCell, infoOf, proxyPlain, revisionCell } from './proxies.ts';
import { readRevisions, revisionFacts, revisionPlain } from './revisions.ts';

/** The proxy, its listeners and its workers. */
export const describeProxy: Describer = async (session, context, name) => {
  const { proxies } = await session.read('fleet', 'ListProxies', {});
  const items = proxies.map((proxy) => ({ name: infoOf(proxy).id, proxy }));
  const { proxy } = named('proxies', name, items);
  const failed = proxy.applied?.failedListeners ?? [];
  return {
    name,
    plain: proxyPlain(proxy),
    facts: factsOf(proxy, context),
    tables: [
      {
        title: 'Listeners',
        header: ['LISTENER', 'CONNECTIONS', 'ACCEPTED', 'REJECTED'],
        rows: [
          ...proxy.listeners
            .filter(({ listener }) => !failed.some((other) => other.listener === listener))
            .map(({ listener, connectionsActive, connectionsTotal }) => [
              listener,
              String(connectionsActive),
              connectionsTotal,
              'no',
            ]),
          ...failed.map(({ listener, address, reason }): Cell[] => [
            listener,
            '0',
            '',
            { text: `${address}: ${reason}`, tone: 'bad' },
          ]),
        ],
        none: 'none',
      },
      {
        title: 'Workers',
        header: ['WORKER', 'CONNECTIONS', 'RESTARTS'],
        rows: proxy.workers.map(({ index, connectionsActive, restarts }) => [
          String(index),
          String(connectionsActive),
          String(restarts),
        ]),
        none: 'none reported',
      },
    ],
  };
};

function factsOf(proxy: Proxy__Output, context: Context): [string, Cell][] {
  const { applied } = proxy;
  const info = infoOf(proxy);
  const started = age(info.startedAt, context.clock.wallMs());
  const facts: [string, Cell][] = [
    ['Proxy', info.id],
    ['Zone', info.zone],
    ['Connected', connectedCell(proxy, context)],
    ['Revision', revisionCell(proxy)],
    ['Engine', info.engine],
    ['Version', info.version],
    ['Admin address', info.adminAddress],
    ['Started', started === '' ? '' : `${started} ago`],
    ['Connections', String(proxy.connectionsActive)],
  ];
  if (applied) facts.push(...troubles(applied));
  return facts;
}

function troubles({ fromDisk, stale, rejected }: AppliedSnapshot__Output): [string, Cell][] {
  const label = `Rejected ${rejected?.position?.revision ?? ''}`;
  const facts = (rejected?.violations ?? []).map(({ field, description }): [string, Cell] => [
    label,
    { text: `${field}: ${description}`, tone: 'bad' },
  ]);
  const doubts = [
    ...(fromDisk ? ['read from its disk, not confirmed since'] : []),
    ...(stale ? ['stale: it has no control plane to take it from'] : []),
  ];
  return [...doubts.map((text): [string, Cell] => ['Configuration', { text, tone: 'doubtful' }]), ...facts];
}

/** The commit, and each thing it changed. */
export const describeRevision: Describer = async (session, _context, name) => {
  const revisions = await readRevisions(session, { name, limit: 0 });
  const { found } = named(
    'revisions',
    name,
    revisions.map((revision) => ({ name: revision.revision, found: revision })),
  );
  return {
    name,
    plain: revisionPlain(found),
    facts: revisionFacts(found),
    tables: [
      { title: 'Changes', header: ['CHANGE'], rows: found.changes.map((change) => [change]), none: 'none' },
    ],
  };
};
