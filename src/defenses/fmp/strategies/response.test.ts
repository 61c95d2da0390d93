import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PseudoTrigger } from '../../inversion/pseudo-trigger.js';
import type { Finding } from '../../inversion/suspects.js';
import { suspectTriggers } from './response.js';

describe('the triggers to unlearn', () => {
  /** A family's finding among three classes; its triggers are told apart by name. */
  const finding = (name: string, target: number, advantage: number, chance: number) => {
    const triggers = [0, 1, 2].map((label) => `${name} to ${label}` as unknown as PseudoTrigger);
    const suspect = triggers.map((trigger) => Object.assign(Object(trigger), { target }) as PseudoTrigger)[target];
    return { triggers, suspect, advantage, chance } as unknown as Finding;
  };
  const names = (findings: readonly Finding[]) => suspectTriggers(findings).map(String);

  it('are those that stand out, the one with the largest advantage first', () => {
    const findings = [
      finding('patch', 1, 3, 0.01),
      finding('blend', 0, 9, 0.4),
      finding('warp', 1, 4, 0.012),
      finding('additive', 1, 8, 0.013),
    ];
    assert.deepEqual(names(findings), ['warp to 1', 'patch to 1']);
  });

  it('are those of all families to every suspect class where none stands out', () => {
    const findings = [finding('patch', 1, 3, 0.2), finding('blend', 0, 9, 0.4), finding('warp', 1, 4, 1)];
    assert.deepEqual(names(findings), ['patch to 1', 'blend to 1', 'warp to 1', 'patch to 0', 'blend to 0', 'warp to 0']);
  });
});
