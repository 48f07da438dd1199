/**
 * ConfigService.AdoptStore: an operator accepts the store as it is now.
 *
 * It is decided on a log that is read anew, because what this replica followed may be of another store. The commit names
 * everything that is known to run here or at a proxy; whoever else follows one of those finds it in the head.
 */
import { randomUUID } from 'node:crypto';
import { adoptStore as adoption } from '../../core/model/edits/adopt.ts';
import type { ConfigServiceHandlers } from '../../core/wire/generated/lb/v1/ConfigService.ts';
import type { ApiDeps } from './api-deps.ts';

const MAX_REPLACES = 100;

export function adoptStore({
  unary,
  changeAnew,
  follower,
  fleet,
}: ApiDeps): ConfigServiceHandlers['AdoptStore'] {
  return unary(async (request, call) => {
    const known = new Set(request.replaces);
    const followed = follower.current()?.position.storeId;
    if (followed !== undefined) known.add(followed);
    for (const { applied } of fleet.list()) if (applied?.position) known.add(applied.position.storeId);
    const storeId = randomUUID();
    // The same words at every replica, or a repeated request would be another one.
    const asked = { ...request, message: request.message || 'the store was adopted' };
    const result = await changeAnew('AdoptStore', asked, call, (violations) => {
      if (request.replaces.length > MAX_REPLACES || request.replaces.includes('')) {
        const description = `must hold ids of stores, at most ${MAX_REPLACES}`;
        violations.push({ field: 'replaces', description });
      }
      return adoption({ storeId, replaces: [...known], force: request.force });
    });
    // So that who asked finds it in what this replica serves next.
    await follower.catchUp().catch(() => undefined);
    return result;
  });
}
