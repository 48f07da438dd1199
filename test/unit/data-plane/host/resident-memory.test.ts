import assert from 'node:assert/strict';
import { it } from 'node:test';
import { residentBytes } from '../../../../data-plane/host/resident-memory.ts';

it('reports the resident memory that was read last while every descriptor is in use', () => {
  const outOfDescriptors = () => {
    throw new Error('EMFILE: too many open files, uv_resident_set_memory');
  };
  assert.equal(
    residentBytes(() => 5_000),
    5_000,
  );
  assert.equal(residentBytes(outOfDescriptors), 5_000);
  assert.ok(residentBytes() > 1_000_000);
});
