/** The functions that the explored world is made of: the product's own, one by one replaceable by a broken copy. */
import { stepPublish } from '../../control-plane/snapshot/publish-machine.ts';
import {
  type BatchEvent,
  type BatchState,
  type BatchStep,
  openBatch,
  stepBatch,
} from '../../control-plane/store/log/batch-machine.ts';
import type { Proposed } from '../../control-plane/store/log/ticket.ts';
import { wayTo } from '../../control-plane/store/log/follow.ts';
import { openReadOn, stepReadOn } from '../../control-plane/store/log/read-on-machine.ts';
import { remembering } from './intern.ts';
import { applySteps, commitPrepared } from './plain-steps.ts';
import { openSubscription, stepSubscription } from '../../control-plane/distribution/subscription-machine.ts';
import { step } from '../../data-plane/subscription/subscription-machine.ts';
import { stepRollout } from '../../data-plane/worker/pool/rollout-machine.ts';

export const PRODUCT = {
  openBatch: openBatch<Proposed>,
  stepBatch: stepBatch<Proposed>,
  wayTo,
  openReadOn,
  stepReadOn,
  stepPublish,
  openSubscription,
  stepSubscription,
  stepProxy: step,
  applySteps,
  stepRollout,
  commitPrepared,
};

export type Machines = typeof PRODUCT;

/** The same machines, none of which decides the same twice. */
export function remembered(machines: Machines): Machines {
  return {
    ...machines,
    stepBatch: remembering<BatchState<Proposed>, BatchEvent<Proposed>, BatchStep<Proposed>>(
      machines.stepBatch,
    ),
    stepReadOn: remembering(machines.stepReadOn),
    stepPublish: remembering(machines.stepPublish),
    stepSubscription: remembering(machines.stepSubscription),
    stepProxy: remembering(machines.stepProxy),
    stepRollout: remembering(machines.stepRollout),
  };
}
