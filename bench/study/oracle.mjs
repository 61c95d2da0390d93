// The oracle: how strongly each feature map responds to the true trigger. It needs the trigger, so it measures rankings and is
// no defence.
import { float32 } from '../../dist/core/tensor.js';
import { writeUnitPixels } from '../../dist/nn/pixels.js';

/** Images with the true trigger on them. */
export async function triggered(engine, pixels, trigger) {
  const images = Uint8Array.from(pixels.data, (pixel) => Math.round(pixel * 255));
  const changed = new Float32Array(pixels.data.length);
  writeUnitPixels(await trigger.apply(images, engine), changed);
  return float32(pixels.dims, changed);
}

/** Spearman's rank correlation of two scores, mean over the layers. */
export function spearman(scores, oracle) {
  const each = Object.keys(oracle).map((layer) => correlation(ranks([...scores[layer]]), ranks([...oracle[layer]])));
  return each.reduce((sum, value) => sum + value, 0) / each.length;
}

/** Share of the oracle's highest maps that the score's highest maps hold, one in p of each layer. */
export function hits(scores, oracle, p) {
  let found = 0;
  let wanted = 0;
  for (const layer of Object.keys(oracle)) {
    const count = Math.max(1, Math.floor(oracle[layer].length / p));
    const best = new Set(highest([...oracle[layer]], count));
    found += highest([...scores[layer]], count).filter((channel) => best.has(channel)).length;
    wanted += count;
  }
  return found / wanted;
}

function highest(values, count) {
  return values
    .map((value, channel) => ({ value, channel }))
    .sort((a, b) => b.value - a.value || a.channel - b.channel)
    .slice(0, count)
    .map(({ channel }) => channel);
}

/** Ranks from 0; equal values share the mean of theirs. */
function ranks(values) {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const result = new Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end + 1 < order.length && values[order[end + 1]] === values[order[start]]) end++;
    for (let i = start; i <= end; i++) result[order[i]] = (start + end) / 2;
    start = end + 1;
  }
  return result;
}

/** Pearson's correlation; 0 where either is constant. */
function correlation(a, b) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((value, i) => {
    ab += (value - ma) * (b[i] - mb);
    aa += (value - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  });
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
