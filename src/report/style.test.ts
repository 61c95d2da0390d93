import assert from 'node:assert/strict';
import { test } from 'node:test';
import { style } from './style.js';

test('texts have enough contrast in both schemes', () => {
  const colours = (css: string) => Object.fromEntries([...css.matchAll(/--([a-z-]+):#([0-9a-f]{6})/g)].map(([, name, hex]) => [name, hex]));
  const [light, dark] = style.split('@media(prefers-color-scheme:dark)').map((part) => colours(part.slice(0, 700)));
  const luminance = (hex: string) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
      const value = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16) / 255;
      return sum + weight * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    }, 0);
  for (const scheme of [light, dark]) {
    for (const [text, ground] of [
      ['ink', 'paper'],
      ['soft', 'paper'],
      ['ink', 'sunk'],
      ['right', 'paper'],
      ['bad', 'paper'],
      ['bad', 'bad-sunk'],
      ['odd', 'odd-sunk'],
      ['odd', 'paper'],
    ]) {
      const [low, high] = [luminance(scheme[text]), luminance(scheme[ground])].sort((a, b) => a - b);
      assert.ok((high + 0.05) / (low + 0.05) >= 4.5, `${text} on ${ground}: ${((high + 0.05) / (low + 0.05)).toFixed(2)}`);
    }
  }
});
