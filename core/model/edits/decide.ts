/** What all edits share: the ways to refuse, and the validation of the state that they lead to. */
import type { Change } from '../commit.ts';
import type { EditResult, Refusal } from '../edit.ts';
import { applyChanges } from '../fold.ts';
import { canonicalJson } from '../hash.ts';
import { didYouMean } from '../did-you-mean.ts';
import { validateSize } from '../limits.ts';
import { type Kind, nameOf, type Resource } from '../resources.ts';
import type { State, Stored } from '../state.ts';
import { pathOf, validateChanges } from '../validate.ts';
import { type Violation, violationText } from '../violation.ts';

/** The changes, if they lead to a valid state; `known` are violations that were found before. */
export function decide(
  state: State,
  changes: readonly Change[],
  known: readonly Violation[] = [],
): EditResult {
  const after = applyChanges(state, changes, state.head.revision + 1);
  const violations = [...known, ...validateSize(state, after), ...validateChanges(after, changes)];
  if (violations.length === 0) return { ok: true, changes };
  return refuse('INVALID_ARGUMENT', summary(violations), violations);
}

/** A refusal as an edit's result. */
export function refuse(
  code: Refusal['code'],
  message: string,
  violations: readonly Violation[] = [],
): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { code, message, violations } };
}

/** The result of `edit` for the stored resource, unless there is none or the caller expects another revision of it. */
export function editStored<T extends { readonly revision: number }>(
  kind: Kind,
  name: string,
  all: ReadonlyMap<string, T>,
  expectedRevision: number | undefined,
  edit: (stored: T) => EditResult,
): EditResult {
  const stored = all.get(name);
  if (stored === undefined)
    return refuse(
      'NOT_FOUND',
      `There is no ${kind} "${name}"${didYouMean(name, all.keys())}; check the name.`,
    );
  return refuseStale(kind, name, stored, expectedRevision) ?? edit(stored);
}

/** The resource exists already. */
export function refuseTaken(kind: Kind, name: string): EditResult {
  return refuse('ALREADY_EXISTS', `The ${kind} "${name}" already exists; update it, or choose another name.`);
}

/** A refusal when the caller saw another revision of the resource than the current one. */
export function refuseStale(
  kind: Kind,
  name: string,
  stored: { readonly revision: number },
  expectedRevision: number | undefined,
): EditResult | undefined {
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
  const violations = users.map((user) => ({
    field: `${pathOf(user)}.${kind}`,
    description: `refers to the ${kind} "${name}"`,
  }));
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
