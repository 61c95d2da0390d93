import { numpyGlobals } from '../numpy/pickled.js';
import { countOf, countsOf, mergeGlobals } from '../pickle/globals.js';
import { type Global, GlobalReference, type Globals, kindOf, Refusal, type Value } from '../pickle/values.js';
import { elementTypes, Storage, type StoredType, storageTypes } from './storage.js';
import { TorchTensor } from './tensor.js';

const mentioned: Global = {};

function rebuild([storage, offset, dims, strides]: readonly Value[], type?: StoredType): TorchTensor {
  if (!(storage instanceof Storage)) throw new Refusal(`it makes a tensor of ${kindOf(storage)}`);
  return new TorchTensor(
    storage,
    countOf(offset, "a tensor's offset"),
    countsOf(dims, "a tensor's shape"),
    countsOf(strides, "a tensor's strides"),
    type,
  );
}

/** Its first arguments are those of a view; whether it wants a gradient, and hooks, do not matter. */
const rebuildTensor: Global = { call: (args) => rebuild(args) };

/** The form for element types that no class of storages has; the type comes behind the others. */
const rebuildTyped: Global = {
  call: (args) => {
    const dtype = args[6];
    const type = dtype instanceof GlobalReference ? elementTypes[dtype.name] : undefined;
    if (!type) throw new Refusal(`it gives ${kindOf(dtype)} for an element type`);
    return rebuild(args, type);
  },
};

/** A parameter is its tensor here. */
const rebuildParameter: Global = {
  call: ([value]) => {
    if (!(value instanceof TorchTensor)) throw new Refusal(`it makes a parameter of ${kindOf(value)}`);
    return value;
  },
};

/** A tensor to which a program has attached something else, which is left out. */
const rebuildFromType: Global = {
  call: ([rebuilder, , args]) => {
    const direct = rebuilder instanceof GlobalReference && [rebuildTensor, rebuildTyped, rebuildParameter].includes(rebuilder.global);
    if (!direct || !rebuilder.global.call || !Array.isArray(args)) throw new Refusal(`it makes a tensor by ${kindOf(rebuilder)}`);
    return rebuilder.global.call(args);
  },
};

const size: Global = { call: ([dims]) => countsOf(dims, 'a shape') };

const device: Global = {
  call: (parts) => parts.filter((part) => typeof part === 'string' || typeof part === 'number').join(':'),
};

/** The allow-list for files of PyTorch: plain data, NumPy's arrays, and tensors. */
export const torchGlobals: Globals = mergeGlobals(
  numpyGlobals,
  new Map<string, Global>([
    ['torch._utils._rebuild_tensor', rebuildTensor],
    ['torch._utils._rebuild_tensor_v2', rebuildTensor],
    ['torch._utils._rebuild_tensor_v3', rebuildTyped],
    ['torch._utils._rebuild_parameter', rebuildParameter],
    ['torch._utils._rebuild_parameter_with_state', rebuildParameter],
    ['torch._tensor._rebuild_from_type_v2', rebuildFromType],
    ['torch.Size', size],
    ['torch.device', device],
    ['torch.Tensor', mentioned],
    ['torch.nn.parameter.Parameter', mentioned],
    ...[...Object.keys(storageTypes), ...Object.keys(elementTypes)].map((name): [string, Global] => [name, mentioned]),
  ]),
);

/** Modules of Python that can run programs, change files or make code, but for plain types among them. No model needs any of them. */
const HARMFUL =
  /^(os|posix|nt|sys|subprocess|builtins(?!\.(?:set|frozenset|complex|bytearray|range|slice)$)|shutil|socket|runpy|importlib|types|marshal|code|pty|ctypes|operator|functools|pickle|webbrowser|urllib|asyncio|multiprocessing|threading|timeit|pdb|bdb|pip|pkgutil)\./;

/** What to do about a file that holds more than such data. */
export function remedyFor(name: string): string {
  if (HARMFUL.test(name))
    return 'no model needs that, and it can do harm; do not open the file in Python either, and get the model elsewhere';
  if (name.startsWith('PIL.'))
    return 'it holds pictures as Python objects, as old records do; make the record anew with a current BackdoorBench';
  return 'it holds Python objects, not numbers alone; if you trust it, load it in Python and save torch.save(model.state_dict(), "model.pt")';
}
