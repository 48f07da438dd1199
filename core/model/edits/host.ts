/** The edit of all backends of one host. */
import { parseAddress } from '../address.ts';
import type { Change } from '../commit.ts';
import type { Edit } from './edit.ts';
import { formatIp, parseIp } from '../ip.ts';
import type { BackendState } from '../resources.ts';
import { decide, put, refuse } from './decide.ts';

/** Gives every backend with this IP address, in every pool, the state. */
export function setHostState(ip: string, next: BackendState): Edit {
  return (state) => {
    const bytes = parseIp(ip);
    if (bytes === null) {
      const description = `"${ip}" is not an IP address; write it without a port, such as 10.0.0.1 or 2001:db8::1`;
      return decide(state, [], [{ field: 'ip', description }]);
    }
    const host = formatIp(bytes);
    const own = [...state.pools.values()].flatMap(({ backends }) =>
      [...backends.values()].filter(({ value }) => hostOf(value.address) === host),
    );
    if (own.length === 0) return refuse('NOT_FOUND', `No pool has a backend with the address ${host}.`);
    const changes = own.flatMap((stored): Change[] =>
      put({ kind: 'backend', value: { ...stored.value, state: next } }, stored),
    );
    return decide(state, changes);
  };
}

function hostOf(address: string): string | undefined {
  const parsed = parseAddress(address, 'backend');
  return parsed.ok ? parsed.value.host : undefined;
}
