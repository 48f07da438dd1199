/**
 * ConfigService.AdoptStore: an operator accepts the store as it is now.
 *
 * The decision is made on a freshly read log, because this replica may have followed another store. The commit lists the
 * ids of all stores that this replica or a proxy is known to run, so that whoever follows one of them accepts this one.
 */
import { randomUUID } from 'node:crypto';
import { adoptStore as adoption } from '../../core/model/edits/adopt.ts';
import { MAX_LENGTH } from '../../core/model/limits.ts';
import type { ConfigServiceHandlers } from '../../core/wire/generated/lb/v1/ConfigService.ts';
import type { ApiDeps } from './api-deps.ts';

const MAX_REPLACES = 100;

export function adoptStore({
  unary,
  changeOnFreshLog,
  follower,
  fleet,
}: ApiDeps): ConfigServiceHandlers['AdoptStore'] {
  return unary(async (request, call) => {
    const known = new Set(request.replaces);
    const followed = follower.current()?.position.storeId;
    if (followed !== undefined) known.add(followed);
    for (const { applied } of fleet.list()) if (applied?.position) known.add(applied.position.storeId);
    const storeId = randomUUID();
    // Every replica uses the same text, or a repeated request would count as a different one.
    const named = { ...request, message: request.message || 'the store was adopted' };
    const result = await changeOnFreshLog('AdoptStore', named, call, (violations) => {
      const isId = (id: string) => id !== '' && id.length <= MAX_LENGTH.storeId;
      if (request.replaces.length > MAX_REPLACES || !request.replaces.every(isId)) {
        const description = `must hold at most ${MAX_REPLACES} store ids, each of 1 to ${MAX_LENGTH.storeId} characters`;
        violations.push({ field: 'replaces', description });
      }
      return adoption({ storeId, replaces: [...known], force: request.force });
    });
    // So that the caller sees the new store in what this replica serves next.
    await follower.catchUp().catch(() => undefined);
    return result;
  });
}
