/** What happened, as the page lists it and as its charts mark it. Pure. */
import type { Event__Output } from '../../../core/wire/generated/lb/v1/Event.ts';
import { timestampFromWire } from '../../../core/wire/timestamp-codec.ts';
import { subjectOf } from './rows.ts';

/** More marks than this can't be told apart on a chart. */
const MAX_MARKS = 200;

/** The tone in which the page shows events of a kind; all others are plain. */
const TONES: Partial<Record<Event__Output['kind'], string>> = {
  KIND_BACKEND_HEALTHY: 'good',
  KIND_BACKEND_UNHEALTHY: 'bad',
  KIND_BACKEND_EJECTED: 'bad',
  KIND_POOL_NONE_HEALTHY: 'bad',
  KIND_POOL_RECOVERED: 'good',
  KIND_PROXY_CONNECTED: 'good',
  KIND_PROXY_LOST: 'bad',
  KIND_PROXY_REFUSED: 'bad',
  KIND_PROXY_DUPLICATE: 'bad',
  KIND_LISTENER_FAILED: 'bad',
  KIND_LISTENER_RECOVERED: 'good',
  KIND_CERTIFICATE_READ: 'good',
  KIND_CERTIFICATE_FAILED: 'bad',
};
const MARKED = /^KIND_(BACKEND_(HEALTHY|UNHEALTHY|EJECTED)|POOL_.*|COMMIT)$/;

/** The page of events shows all of them. Others only mark them on their charts, and that of a pool only its own. */
export function eventRows(events: readonly Event__Output[], page: string) {
  if (page === 'events') return events.map(eventRow);
  const { kind, name } = subjectOf(page);
  const isOwn = ({ pool }: Event__Output) => kind !== 'pools' || pool === '' || pool === name;
  const marks = events.filter((event) => MARKED.test(event.kind) && isOwn(event));
  return marks.slice(-MAX_MARKS).map(eventRow);
}

function eventRow({ kind, id, time, pool, proxyId, listener, revision, text, message }: Event__Output) {
  return {
    id: Number(id),
    timeMs: time === null ? 0 : timestampFromWire(time),
    kind: kind.slice('KIND_'.length).replaceAll('_', ' ').toLowerCase(),
    tone: TONES[kind] ?? 'plain',
    pool,
    proxy: proxyId,
    listener,
    revision: revision === '0' ? '' : revision,
    text,
    message,
  };
}
