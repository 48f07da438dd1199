/** The backends of one host. */
import { parseAddress } from '../../core/model/address.ts';
import { formatIp, parseIp } from '../../core/model/ip.ts';
import { type Context, tell } from '../context.ts';
import type { Session } from './session.ts';
import type { DrainTarget } from './wait-drained.ts';

/** Those that are configured, in every pool. */
export async function backendsOfHost(session: Session, ip: string): Promise<DrainTarget[]> {
  const { pools } = await session.read('pools', 'ListPools', {});
  return pools.flatMap(({ name, backends }) =>
    backends.filter(({ address }) => isOnHost(address, ip)).map(({ address }) => ({ pool: name, address })),
  );
}

/** No configured state counts for those that registered themselves: they are drained where they run. */
export async function tellRegistered(context: Context, session: Session, ip: string): Promise<void> {
  const { registrations } = await session.read('registrations', 'ListRegistrations', {});
  for (const { pool, address } of registrations.filter((each) => isOnHost(each.address, ip))) {
    tell(
      context,
      `${address} registered itself in ${pool} and stays as it is: end its lbctl register to drain it`,
    );
  }
}

function isOnHost(address: string, ip: string): boolean {
  const parsed = parseAddress(address);
  const bytes = parseIp(ip);
  return parsed.ok && bytes !== null && parsed.value.host === formatIp(bytes);
}
