import { parseDocument } from 'yaml';
import { UserError } from '../../core/errors.js';
import { unknownOption } from '../../jobs/options.js';
import { readFileBounded } from '../../runtime/node/files.js';
import type { Field } from './fields.js';

/** Options from a file. */
export interface Config {
  /** By {@link Field.key}. */
  readonly values: ReadonlyMap<string, unknown>;
  /** Keys that BackdoorBench has and that mean nothing here. */
  readonly ignored: readonly string[];
}

/** A file of options is a few hundred bytes long. */
const LIMIT = 65_536;

/** BackdoorBench's names where they differ from those here. */
const aliases: Readonly<Record<string, string>> = { random_seed: 'seed', dataset: 'data', random_crop: 'crop_padding' };

/** Keys of BackdoorBench's files about how PyTorch computes, where its own files lie, or what the command says already. */
const meaningless = new Set(
  `amp attack checkpoint_load checkpoint_save dataset_path defense device frequency_save img_size input_channel input_height
  input_width log model non_blocking num_classes num_workers patch_mask_path pin_memory prefetch prefetch_transform_attr_name
  result_file save_folder_name save_parameters save_path terminal_info yaml_path`.split(/\s+/),
);

/**
 * Reads options from a YAML file, under the names that they have here or in BackdoorBench.
 * @throws UserError when the file is missing, too large, no mapping, or holds a key that is not known.
 */
export async function readConfig(path: string, fields: readonly Field[]): Promise<Config> {
  const entries = Object.entries(parseMapping(new TextDecoder().decode(await readFileBounded(path, LIMIT)), path));
  const known = new Map(fields.map((field) => [field.key, field]));
  const values = new Map<string, unknown>();
  const ignored: string[] = [];
  for (const [written, value] of entries) {
    const key = written.replaceAll('-', '_');
    const field = known.get(key) ?? known.get(aliases[key]);
    // BackdoorBench's `device: cuda:0` names a PyTorch device; the values that are known here count.
    const foreign = field?.key === 'device' && !field.choices.includes(String(value));
    if (field && !foreign) {
      if (values.has(field.key)) throw new UserError(`${path} gives option ${field.key} twice; keep one`);
      values.set(field.key, value);
    } else if (meaningless.has(key)) ignored.push(written);
    else throw unknownOption(written, [...known.keys()], path);
  }
  return { values, ignored };
}

function parseMapping(text: string, path: string): Record<string, unknown> {
  const document = parseDocument(text, { logLevel: 'error' });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw new UserError(`${path} is not proper YAML: ${problem.message.split('\n')[0].replace(/:$/, '')}; correct it`);
  let value: unknown;
  try {
    // Options have no use for aliases, and nested ones can blow up a small file to any size.
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new UserError(`${path} uses YAML aliases; write each value out`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError(`${path} holds no options; write one 'name: value' on each line`);
  }
  return value as Record<string, unknown>;
}
