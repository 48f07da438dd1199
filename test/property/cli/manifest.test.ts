import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseManifest } from '../../../cli/manifest/parse.ts';
import { toManifest } from '../../../cli/manifest/shape.ts';
import { jsonText, yamlText } from '../../../cli/output/emit.ts';
import { stateToWire } from '../../../control-plane/api/stored-codec.ts';
import {
  completeBackend,
  completeListener,
  completePolicy,
  completePool,
  type ResourceDraft,
} from '../../../core/model/draft.ts';
import { applyChanges, emptyState } from '../../../core/model/fold.ts';
import type { Resource } from '../../../core/model/resources.ts';
import { resourcesOf, type State } from '../../../core/model/state.ts';
import { loadDefinitions } from '../../../core/wire/definitions.ts';
import { resourceDraftFromWire } from '../../../core/wire/resource-codec.ts';
import { resourceDraft } from '../../../harness/arbitraries.ts';

const { Export } = loadDefinitions().services.config;

/** As apply does, whatever they refer to. */
function stateOf(draft: ResourceDraft): State {
  const put = (resource: Resource) => ({ op: 'put', resource }) as const;
  const changes = () => {
    switch (draft.kind) {
      case 'policy':
        return [put({ kind: 'policy', value: completePolicy(draft.value) })];
      case 'listener':
        return [put({ kind: 'listener', value: completeListener(draft.value) })];
      case 'pool': {
        const { name, backends, ...fields } = draft.value;
        const all = backends.map((one) => put({ kind: 'backend', value: completeBackend(name, one) }));
        return [put({ kind: 'pool', value: completePool({ name, ...fields }) }), ...all];
      }
    }
  };
  return applyChanges(emptyState('s'), changes(), 1);
}

/** What `lbctl export` writes of it, through real bytes. */
function exported(state: State): ReturnType<typeof toManifest>[] {
  const bytes = Export.responseSerialize({ resources: stateToWire(state) });
  return Export.responseDeserialize(bytes).resources.map((wire, index) => {
    const draft = resourceDraftFromWire(wire, `resources[${index}]`, []);
    assert.ok(draft);
    return toManifest(draft);
  });
}

function read(text: string): ResourceDraft {
  const { resources, problems } = parseManifest('a.yaml', text);
  assert.deepEqual(problems, []);
  assert.equal(resources.length, 1);
  return resources[0]?.draft ?? assert.fail();
}

describe('a manifest', () => {
  it('is exported as what recreates the same, whatever it left out and in whatever form its texts were', () => {
    fc.assert(
      fc.property(resourceDraft, (draft) => {
        const declared = read(yamlText(toManifest(draft)));
        const state = stateOf(declared);
        const [manifest] = exported(state);
        assert.ok(manifest);
        for (const text of [yamlText(manifest), jsonText([manifest])]) {
          assert.deepEqual([...resourcesOf(stateOf(read(text)))], [...resourcesOf(state)]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
