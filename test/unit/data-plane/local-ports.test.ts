import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localPortAdvice } from '../../../data-plane/local-ports.ts';

describe('the advice on local ports', () => {
  for (const setting of ['0\n', '2\n']) {
    it(`names the setting, what happens and both ways out at ${setting.trim()}`, () => {
      const advice = localPortAdvice(setting) ?? '';
      assert.match(advice, new RegExp(`tcp_tw_reuse is ${setting.trim()}: .*470 a second`));
      assert.match(advice, /sysctl -w net\.ipv4\.tcp_tw_reuse=1.*--source-address/);
    });
  }

  for (const setting of ['1\n', null]) {
    it(`is silent at ${String(setting).trim()}`, () => assert.equal(localPortAdvice(setting), null));
  }
});
