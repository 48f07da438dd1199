// Elements as values, and a function that makes the document like them. Whatever is the same is left alone, so focus,
// selection and scroll positions survive. Strings are always inserted as text, never as markup.

/** An element: `h('td', {class: 'number'}, 12)`. Null, undefined and false children are left out. */
export function h(tag, { key, ...properties } = {}, ...children) {
  return { tag, key, properties, children: flat(children) };
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== '')
    .map((child) => (typeof child === 'object' ? child : String(child)));
}

/** Makes the children of `container` like `nodes`. */
export function render(container, ...nodes) {
  patchChildren(container, flat(nodes));
}

function patchChildren(parent, nodes) {
  const old = [...parent.childNodes];
  const keyed = new Map(
    old.filter((child) => child.madeOf?.key !== undefined).map((child) => [child.madeOf.key, child]),
  );
  const used = new Set();
  let cursor = parent.firstChild;
  for (const node of nodes) {
    const match = find(node, old, keyed, used);
    const element = match ?? create(node);
    used.add(element);
    if (match !== undefined) update(element, node);
    // An element in the right place is not touched, because moving it would take away its focus.
    while (cursor !== null && cursor !== element && !used.has(cursor) && !isNeeded(cursor, nodes)) {
      const gone = cursor;
      cursor = cursor.nextSibling;
      remove(gone);
    }
    if (cursor === element) cursor = cursor.nextSibling;
    else parent.insertBefore(element, cursor);
  }
  for (const child of old) if (!used.has(child) && child.parentNode === parent) remove(child);
}

function isNeeded(child, nodes) {
  const { key, tag } = child.madeOf ?? {};
  return key === undefined || nodes.some((node) => node.key === key && node.tag === tag);
}

function find(node, old, keyed, used) {
  if (typeof node === 'string')
    return old.find((child) => child.nodeType === Node.TEXT_NODE && !used.has(child));
  if (node.key !== undefined) {
    const child = keyed.get(node.key);
    return child !== undefined && child.madeOf.tag === node.tag && !used.has(child) ? child : undefined;
  }
  return old.find(
    (child) => child.madeOf?.tag === node.tag && child.madeOf.key === undefined && !used.has(child),
  );
}

function create(node) {
  if (typeof node === 'string') return document.createTextNode(node);
  const element = document.createElement(node.tag);
  element.madeOf = { ...node, properties: {}, children: [] };
  node.properties.mount?.(element);
  update(element, node);
  return element;
}

function update(element, node) {
  if (typeof node === 'string') {
    if (element.data !== node) element.data = node;
    return;
  }
  const before = element.madeOf.properties;
  for (const name of Object.keys(before)) if (!(name in node.properties)) set(element, name, undefined);
  for (const [name, value] of Object.entries(node.properties)) {
    if (before[name] !== value || name === 'on') set(element, name, value, before[name]);
  }
  element.madeOf = node;
  if (!node.properties.own) patchChildren(element, node.children);
  node.properties.sync?.(element);
}

function remove(child) {
  unmount(child);
  child.remove();
}

function unmount(child) {
  child.madeOf?.properties.unmount?.(child);
  for (const inner of child.childNodes) unmount(inner);
}

/** Not attributes: functions for when an element is added, redrawn or removed; `own`: the element fills itself. */
const HOOKS = new Set(['mount', 'unmount', 'sync', 'own']);

function set(element, name, value, before) {
  if (HOOKS.has(name)) return;
  if (name === 'on') listen(element, value ?? {}, before ?? {});
  else if (name === 'style') setStyle(element, value ?? {});
  else if (name === 'value') element.value = value ?? '';
  else if (value === undefined || value === null || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? '' : String(value));
}

function listen(element, now, before) {
  element.heard ??= {};
  for (const type of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (!(type in element.heard)) element.addEventListener(type, (event) => element.heard[type]?.(event));
    element.heard[type] = now[type];
  }
}

function setStyle(element, rules) {
  for (const [name, value] of Object.entries(rules)) element.style.setProperty(name, value);
}
