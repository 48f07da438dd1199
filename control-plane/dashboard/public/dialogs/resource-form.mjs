// Creating, editing and deleting a resource of any kind, by the description of its fields.

import { change } from './change.mjs';
import { aboutPath, createRequest, KINDS, textAt, updateRequest } from './resource-fields.mjs';

/** The subject of the page in a view, and a policy in it: what `find` may be below. */
export const shown = ({ subject }) => subject;
export const policyNamed =
  (name) =>
  ({ policies }) =>
    policies.rows.find((one) => one.name === name);

const inputs = (kind, view, resource) =>
  KINDS[kind].fields
    .filter(({ onlyNew }) => resource === null || !onlyNew)
    .map(({ path, options, first, ...rest }) => {
      const choices = options?.(view);
      const value = resource === null ? (first ?? choices?.[0]?.[0] ?? '') : textAt(resource, path);
      const known = choices === undefined || choices.some(([one]) => one === value);
      return {
        ...rest,
        name: path,
        value,
        options: known ? choices : [[value, value], ...choices],
        about: aboutPath(path),
      };
    });

export const create = (kind, model) =>
  change({
    title: `New ${kind}`,
    done: 'Created',
    subject: `the ${kind}`,
    fields: inputs(kind, model.view, null),
    request: (texts) => createRequest(kind, texts),
  });

/** `find(view)`: the resource in a view, with its revision. What is changed must be what the newest preview shows. */
export function edit(kind, model, find) {
  const opened = find(model.view);
  change({
    title: `Edit ${kind} ${opened.name}`,
    done: 'Changed',
    subject: `the ${kind}`,
    lead: KINDS[kind].lead?.(opened),
    fields: inputs(kind, model.view, opened),
    request: (texts) => updateRequest(kind, opened, texts, (find(model.view) ?? opened).revision),
  });
}

export function remove(kind, model, find) {
  const opened = find(model.view);
  change({
    title: `Delete ${kind} ${opened.name}`,
    done: 'Deleted',
    subject: `the ${kind}`,
    danger: true,
    request: () => ({
      method: `Delete${KINDS[kind].method}`,
      request: { name: opened.name, revision: String((find(model.view) ?? opened).revision) },
    }),
  });
}

/** Takes a proxy off the roster. That is not a change of the configuration, so it has no preview and no revision. */
export function forget({ id }) {
  change({
    title: `Forget proxy ${id}`,
    lead: 'It leaves the roster, and nothing waits for it any more. If its process still runs, it comes back by itself.',
    done: 'Forgotten',
    danger: true,
    direct: 'Forget',
    request: () => ({ method: 'DeleteProxy', request: { proxyId: id } }),
  });
}
