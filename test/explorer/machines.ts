/** The functions that the explored world is made of: the product's own, one by one replaceable by a broken copy. */
import { stepPublish } from '../../control-plane/snapshot/publish-machine.ts';
import {
  type BatchEvent,
  type BatchState,
  type BatchStep,
  openBatch,
  stepBatch,
} from '../../control-plane/store/log/batch-machine.ts';
import type { Proposal } from '../../control-plane/store/log/proposal.ts';
import { planCatchUp, readUpTo } from '../../control-plane/store/log/catch-up-plan.ts';
import { remembering } from './intern.ts';
import { applySteps, commitPrepared } from './plain-steps.ts';
import { openSubscription, stepSubscription } from '../../control-plane/distribution/subscription-machine.ts';
import { step } from '../../data-plane/subscription/subscription-machine.ts';
import { stepRollout } from '../../data-plane/worker/pool/rollout-machine.ts';

export const PRODUCT = {
  openBatch: openBatch<Proposal>,
  stepBatch: stepBatch<Proposal>,
  planCatchUp,
  readUpTo,
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
    stepBatch: remembering<BatchState<Proposal>, BatchEvent<Proposal>, BatchStep<Proposal>>(
      machines.stepBatch,
    ),
    stepPublish: remembering(machines.stepPublish),
    stepSubscription: remembering(machines.stepSubscription),
    stepProxy: remembering(machines.stepProxy),
    stepRollout: remembering(machines.stepRollout),
  };
}
