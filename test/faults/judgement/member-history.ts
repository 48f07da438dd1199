/** Every write of a member that etcd has seen, and what must be true of each removal. */
import { ALIVE_PREFIX, ETCD_PREFIX, MEMBER_END, MEMBER_PREFIX } from '../../../control-plane/store/keys.ts';

export interface MemberEvent {
  /** etcd's. One transaction has one. */
  readonly revision: number;
  readonly type: 'put' | 'delete';
  /** Without the prefix of the fleet. */
  readonly key: string;
}

/** Written once all is over, so that a reader knows that it has read everything. No member is called that. */
const LAST = `${MEMBER_PREFIX}~last`;

interface WatchLine {
  readonly result?: {
    readonly events?: readonly {
      readonly type?: string;
      readonly kv: { readonly key: string; readonly mod_revision: string };
    }[];
  };
}

/** From one member. Nothing of it was compacted away: the fleets of fault runs are young. */
export async function readMemberHistory(member: string): Promise<readonly MemberEvent[]> {
  await post(member, 'kv/put', { key: base64(ETCD_PREFIX + LAST), value: '' });
  const range = { key: base64(ETCD_PREFIX + MEMBER_PREFIX), range_end: base64(ETCD_PREFIX + MEMBER_END) };
  const answer = await post(member, 'watch', { create_request: { ...range, start_revision: 1 } });
  const events: MemberEvent[] = [];
  let text = '';
  for await (const bytes of answer.body ?? []) {
    text += Buffer.from(bytes as Uint8Array).toString('latin1');
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) events.push(...eventsIn(JSON.parse(line) as WatchLine));
    if (events.some(({ key }) => key === LAST)) break;
  }
  return events.filter(({ key }) => key !== LAST);
}

function eventsIn({ result }: WatchLine): MemberEvent[] {
  return (result?.events ?? []).map(({ type, kv }) => ({
    revision: Number(kv.mod_revision),
    type: type === 'DELETE' ? 'delete' : 'put',
    key: Buffer.from(kv.key, 'base64').toString().slice(ETCD_PREFIX.length),
  }));
}

/** Nobody left in order: whoever was removed had no lease any more, so nobody had renewed it. */
export function verifyRemovals(events: readonly MemberEvent[]): string[] {
  const alive = new Set<string>();
  const violations: string[] = [];
  const revisions = [...new Set(events.map(({ revision }) => revision))].sort((a, b) => a - b);
  for (const each of revisions) {
    const now = events.filter(({ revision }) => revision === each);
    for (const { type, key } of now) {
      if (key.startsWith(ALIVE_PREFIX) || type === 'put') continue;
      const name = key.slice(MEMBER_PREFIX.length);
      if (alive.has(name)) violations.push(`${name} was removed at ${each} of etcd although its lease lived`);
    }
    for (const { type, key } of now) {
      if (!key.startsWith(ALIVE_PREFIX)) continue;
      const name = key.slice(ALIVE_PREFIX.length);
      if (type === 'put') alive.add(name);
      else alive.delete(name);
    }
  }
  return violations;
}

/** A call of etcd's JSON gateway. */
export async function post(member: string, path: string, body: object): Promise<Response> {
  const answer = await fetch(`http://${member}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd does not answer: ${await answer.text()}`);
  return answer;
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
