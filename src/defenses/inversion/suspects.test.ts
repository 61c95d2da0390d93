import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { additive } from './families/additive.js';
import { patch } from './families/patch.js';
import { anomalyIndex, bySuspicion, describeFinding, type Finding } from './suspects.js';

describe('the class that stands out', () => {
  it('is measured in robust deviations below the median', () => {
    // Median 10; absolute deviations 0, 1, 1, 2, 8: median 1.
    assert.ok(Math.abs(anomalyIndex([10, 11, 9, 12, 2]) - 8 / 1.4826) < 1e-9);
    // Median 9.5 of an even number; deviations 0.5, 0.5, 1.5, 7.5: median 1.
    assert.ok(Math.abs(anomalyIndex([10, 9, 11, 2]) - 7.5 / 1.4826) < 1e-9);
  });

  it('is no outlier among classes that are all alike', () => {
    assert.equal(anomalyIndex([3, 3, 3, 3]), 0);
    assert.ok(anomalyIndex([3, 3, 3, 2.9]) < 1);
    // A class that stands out above is no shortcut.
    assert.ok(anomalyIndex([3, 3, 3, 3, 30]) < 1);
  });

  it('is taken from a family in which it stands out, from that in which it is cheapest beside the others, or else least by chance', () => {
    const suspect = { target: 4, cost: 12.34, success: 0.98 } as Finding['suspect'];
    const patches = { family: patch, suspect, anomaly: 3, advantage: 5, chance: 0.0123 } as unknown as Finding;
    const faint = { family: additive, suspect, anomaly: 4, advantage: 2, chance: 0.001 } as unknown as Finding;
    const guess = { ...patches, anomaly: 1.2, advantage: 9, chance: 0.3 };
    const easy = { ...guess, advantage: 20, chance: 0.9 };
    assert.deepEqual(bySuspicion([easy, guess, faint, patches]), [patches, faint, guess, easy]);
    assert.match(
      describeFinding(patches, 4),
      /^a small patch that leads to class 4 \(12\.3 pixels, .* 98 % .* 5\.0 times .* 3\.0, chance 1\.2 %: an outlier\)$/,
    );
    // Of four families one falls below 2 % by chance far more often than 2 %.
    assert.match(describeFinding({ ...patches, chance: 0.02 }, 4), /chance 2.0 %: no outlier/);
    assert.match(describeFinding(guess, 4), /no outlier, so this is a guess/);
  });
});
