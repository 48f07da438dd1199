/** Who takes part in a comparison, and all of them started. */
import type { Scope } from '../harness/programs/processes.ts';
import type { Balancer, BalancerKind } from './balancers/balancer.ts';
import { equipoise, equipoiseSplice } from './balancers/equipoise.ts';
import { haproxy, haproxyAgain, haproxyLargeBuffers, haproxySplice } from './balancers/haproxy.ts';
import { nginxStream } from './balancers/nginx-stream.ts';
import type { Engine } from './engine-flag.ts';
import type { Cpus } from './pinning.ts';
import { findStreamModule, findTool } from './tools.ts';

/** We, HAProxy, HAProxy once more, nginx: as far as they are on this machine. */
export function everybody(engine: Engine): readonly BalancerKind[] {
  return [
    equipoise(engine),
    ...(findTool('haproxy') === undefined ? [] : [haproxy, haproxyAgain]),
    ...(findStreamModule() === undefined ? [] : [nginxStream]),
  ];
}

/** As people tune for bulk: we, where the engine can splice, and HAProxy. */
export function tunedForms(engine: Engine): readonly BalancerKind[] {
  return [
    ...(engine === 'portable' ? [] : [equipoiseSplice(engine)]),
    ...(findTool('haproxy') === undefined ? [] : [haproxyLargeBuffers, haproxySplice]),
  ];
}

/** Room for every load but the 9,000 idle connections. */
const CONNECTIONS = 4_000;

export async function startAll(
  scope: Scope,
  kinds: readonly BalancerKind[],
  cpus: Cpus,
  backends: readonly string[],
): Promise<readonly Balancer[]> {
  const started: Balancer[] = [];
  for (const kind of kinds)
    started.push(await kind.start(scope, { cpus, backends, connections: CONNECTIONS }));
  return started;
}
