/**
 * What YAML allows and a manifest does not, anywhere in a document: tags, keys that are there twice, aliases of nothing.
 * One pass, so that a large file takes no longer than it is long; yaml itself compares every key with every other one.
 */
import { type Alias, type Document, isAlias, isMap, isScalar, type Node, visit, type YAMLMap } from 'yaml';

/** A text that is written as one. */
const ALLOWED_TAG = 'tag:yaml.org,2002:str';

export interface Inspection {
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly problems: readonly { readonly node: Node; readonly description: string }[];
}

export function inspect(document: Document, lineOf: (node: Node) => string): Inspection {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  const problems: { node: Node; description: string }[] = [];
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target) targets.set(node, target);
        else problems.push({ node, description: noAnchor(node.source) });
        return;
      }
      if (node.anchor) anchors.set(node.anchor, node);
      if (node.tag !== undefined && node.tag !== ALLOWED_TAG) {
        problems.push({
          node,
          description: `has the tag ${tagText(node.tag)}; manifests have no tags, remove it`,
        });
      }
      if (isMap(node)) problems.push(...repeatedKeys(node, lineOf));
    },
  });
  return { targets, problems };
}

function repeatedKeys(map: YAMLMap, lineOf: (node: Node) => string) {
  const seen = new Map<string, Node>();
  return map.items.flatMap(({ key }) => {
    if (!isScalar(key)) return [];
    const name = String(key.value);
    const first = seen.get(name);
    seen.set(name, first ?? key);
    return first
      ? [{ node: key as Node, description: `"${name}" is here again, after ${lineOf(first)}; keep one` }]
      : [];
  });
}

function noAnchor(name: string): string {
  return `the alias *${name} has no anchor &${name} before it in the same document; write the value here`;
}

function tagText(tag: string): string {
  return tag.startsWith('tag:yaml.org,2002:') ? `!!${tag.slice('tag:yaml.org,2002:'.length)}` : tag;
}
