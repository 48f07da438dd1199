// Creating, editing and deleting a resource of any kind, by the description of its fields.

import { change } from './change.mjs';
import { aboutPath, createRequest, KINDS, textAt, updateRequest } from './resource-fields.mjs';

const inputs = (kind, view, resource, isNew) =>
  KINDS[kind].fields
    .filter(({ onlyNew }) => isNew || !onlyNew)
    .map(({ path, options, ...rest }) => {
      const choices = options?.(view);
      const value = resource === null ? (choices?.[0]?.[0] ?? '') : textAt(resource, path);
      const known = choices === undefined || choices.some(([one]) => one === value);
      return {
        ...rest,
        name: path,
        value,
        options: known ? choices : [[value, value], ...choices],
        about: aboutPath(path),
      };
    });

/** `now()`: the newest view. */
export function create(kind, now, preset = {}) {
  const first = kind === 'pool' ? { policy: 'default', ...preset } : preset;
  change({
    title: `New ${kind}`,
    done: 'Created',
    subject: `the ${kind}`,
    fields: inputs(kind, now(), null, true).map((one) => ({ ...one, value: first[one.name] ?? one.value })),
    read: (values) => values,
    request: (values) => createRequest(kind, values),
  });
}

/** `find(view)`: the resource in a view, with its revision. What is changed must be what the newest preview shows. */
export function edit(kind, now, find) {
  const opened = find(now());
  change({
    title: `Edit ${kind} ${opened.name}`,
    done: 'Changed',
    subject: `the ${kind}`,
    lead: KINDS[kind].lead?.(opened),
    fields: inputs(kind, now(), opened, false),
    read: (values) => values,
    request: (values) => updateRequest(kind, opened, values, (find(now()) ?? opened).revision),
  });
}

export function remove(kind, now, find) {
  const opened = find(now());
  change({
    title: `Delete ${kind} ${opened.name}`,
    done: 'Deleted',
    subject: `the ${kind}`,
    danger: true,
    request: () => ({
      method: `Delete${KINDS[kind].method}`,
      request: { name: opened.name, revision: String((find(now()) ?? opened).revision) },
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
