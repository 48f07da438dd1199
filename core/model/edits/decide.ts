/**
 * What all edits share: the ways to refuse, and the validation of the state that they lead to.
 *
 * Invariant: a request learns everything that is wrong with it at once. So what is refused for one reason is validated for
 * all others, too: an update of a resource that does not exist is checked as if it existed.
 */
import type { Change } from '../commit.ts';
import type { EditResult, Refusal } from './edit.ts';
import { applyChanges } from '../fold.ts';
import { canonicalJson } from '../hash.ts';
import { didYouMean } from '../did-you-mean.ts';
import { isFarTooLarge, validateSize } from '../limits.ts';
import { type Kind, nameOf, type Resource } from '../resources.ts';
import type { State, Stored } from '../state.ts';
import { pathOf, referencesOf, validateChanges } from '../validate.ts';
import { type Violation, violationText } from '../violation.ts';

/** The changes, if they lead to a valid state; `known` are violations that were found before. */
export function decide(
  state: State,
  changes: readonly Change[],
  known: readonly Violation[] = [],
): EditResult {
  const after = applyChanges(state, changes, state.head.revision + 1);
  const size = validateSize(state, after);
  // A request that makes it far too large is not compared with itself, which would take minutes.
  const others = size.length > 0 && isFarTooLarge(after) ? [] : validateChanges(after, changes);
  const violations = [...known, ...size, ...others];
  return violations.length === 0 ? { ok: true, changes } : refuseInvalid(violations);
}

export interface Refused {
  readonly ok: false;
  readonly refusal: Refusal;
}

/** A refusal as an edit's result. */
export function refuse(
  code: Refusal['code'],
  message: string,
  violations: readonly Violation[] = [],
): Refused {
  return { ok: false, refusal: { code, message, violations } };
}

/** What is wrong with a request itself. */
export function refuseInvalid(found: readonly Violation[]): Refused {
  const violations = [...new Map(found.map((violation) => [violationText(violation), violation])).values()];
  return refuse('INVALID_ARGUMENT', summary(violations), violations);
}

/**
 * Both refusals in one, or the only one. `isSaid`: what the second refusal has in these fields, the first one says.
 */
export function refuseBoth(
  first: Refused | undefined,
  second: EditResult,
  isSaid: (field: string) => boolean = () => false,
): EditResult {
  if (first === undefined) return second;
  if (second.ok) return first;
  const others = violationsOf(second).filter(({ field }) => !isSaid(field));
  if (others.length === 0) return first;
  const violations = [...violationsOf(first), ...others];
  const isInvalid = [first, second].some(({ refusal }) => refusal.code === 'INVALID_ARGUMENT');
  if (isInvalid) return refuseInvalid(violations);
  return refuse(first.refusal.code, first.refusal.message, violations);
}

function violationsOf({ refusal: { message, violations } }: Refused): readonly Violation[] {
  return violations.length > 0 ? violations : [{ field: '', description: message.replace(/\.$/, '') }];
}

/**
 * The result of `edit` for the stored resource. If there is none, or the caller expects another revision of it, it is
 * refused, with all that `edit` finds wrong with `absent` in its place.
 */
export function editStored<T extends { readonly revision: number }>(
  absent: Resource & { readonly kind: 'policy' | 'pool' | 'listener' },
  state: State,
  stored: (state: State) => ReadonlyMap<string, T>,
  expectedRevision: number | undefined,
  edit: (stored: T, state: State) => EditResult,
  isLeftOut: (field: string) => boolean = () => false,
): EditResult {
  const { kind } = absent;
  const { name } = absent.value;
  const found = stored(state).get(name);
  if (found !== undefined) {
    return refuseBoth(refuseStale(kind, name, found, expectedRevision), edit(found, state));
  }
  const standIn = applyChanges(state, [{ op: 'put', resource: absent }], 0);
  // `!`: it was put under this name.
  const result = edit(stored(standIn).get(name)!, standIn);
  return refuseBoth(refuseUnknown(kind, name, stored(state)), result, (field) => {
    return field === `${pathOf(absent)}.name` || isLeftOut(field);
  });
}

function refuseUnknown(kind: Kind, name: string, all: ReadonlyMap<string, unknown>): Refused {
  if (name === '') return refuseInvalid([{ field: kind, description: `is missing; name the ${kind}` }]);
  const message = `There is no ${kind} "${name}"${didYouMean(name, all.keys())}; check the name.`;
  return refuse('NOT_FOUND', message);
}

/** The resource exists already, and whatever else `result` says. */
export function refuseTaken(kind: Kind, name: string, result: EditResult): EditResult {
  const message = `The ${kind} "${name}" already exists; update it, or choose another name.`;
  return refuseBoth(refuse('ALREADY_EXISTS', message), result);
}

/** A refusal when the caller saw another revision of the resource than the current one. */
export function refuseStale(
  kind: Kind,
  name: string,
  stored: { readonly revision: number },
  expectedRevision: number | undefined,
): Refused | undefined {
  if (expectedRevision === undefined || expectedRevision === stored.revision) return undefined;
  const message = `The ${kind} "${name}" is at revision ${stored.revision}, not ${expectedRevision}: somebody changed it meanwhile; read it again, then decide.`;
  return refuse('ABORTED', message);
}

/** The resource is still in use; lists the users. */
export function refuseReferenced(
  kind: 'policy' | 'pool',
  name: string,
  users: readonly Resource[],
): EditResult {
  const violations = users.flatMap((user) =>
    referencesOf(user, name).map((field) => ({ field, description: `refers to the ${kind} "${name}"` })),
  );
  const names = users.map((user) => `${user.kind} "${nameOf(user)}"`).join(', ');
  const message = `The ${kind} "${name}" is still used by ${names}; give each another ${kind}, or delete it first.`;
  return refuse('FAILED_PRECONDITION', message, violations);
}

/** The change that stores `resource`; none when it is stored like this already. */
export function put(resource: Resource, stored: Stored<unknown> | undefined): Change[] {
  if (stored !== undefined && canonicalJson(stored.value) === canonicalJson(resource.value)) return [];
  return [{ op: 'put', resource }];
}

function summary(violations: readonly Violation[]): string {
  const [first, ...others] = violations;
  if (first !== undefined && others.length === 0) return `${violationText(first)}.`;
  return `The request has ${violations.length} errors; nothing was changed.`;
}
