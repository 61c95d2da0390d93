import { create, toBinary } from '@bufbuild/protobuf';
import { Random } from '../core/random.js';
import { bytesOf, float32, int64, type Tensor, tensor } from '../core/tensor.js';
import { narrow } from '../formats/half.js';
import { float, GraphBuilder, int, ints, type Value } from '../onnx/builder.js';
import { AttributeProto_AttributeType as Kind, ModelProtoSchema, NodeProtoSchema, TensorProto_DataLocation } from '../onnx/gen/onnx_pb.js';
import type { Dim, Graph } from '../onnx/graph.js';
import { decodeProto } from '../onnx/read.js';
import { writeModel } from '../onnx/write.js';

/** How a small model that another program might have written differs from the plainest one. */
export interface ForeignOptions {
  /** Default 13. */
  readonly opset?: number;
  /** Default `nchw`, 3 channels of 8 x 8. */
  readonly layout?: 'nchw' | 'nhwc';
  /** First axis of the input; default `N`. */
  readonly batch?: Dim;
  /** Height and width of the input; default 8. */
  readonly size?: Dim;
  /** Type of the input; a Cast follows where it is not that of the weights. Default that of the weights. */
  readonly input?: 'float32' | 'uint8';
  /** Type of the weights; default float32. */
  readonly weights?: 'float32' | 'float16';
  /** What comes first: nothing, or a division by 255, or the mean and deviation of pixels in [0, 1]. */
  readonly normalize?: 'none' | 'bytes' | 'unit';
  /** How the features become a row: `Flatten`, or a Reshape to this shape, or to [1, -1] put together by nodes. Default [0, -1]. */
  readonly rows?: 'flatten' | 'joined' | readonly number[];
  /** What comes last; default nothing. */
  readonly head?: 'Softmax' | 'LogSoftmax' | 'Sigmoid' | 'exponentials' | 'image';
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Classes of the small model. */
export const FOREIGN_CLASSES = 5;

/**
 * The bytes of a small classifier such as another program writes: convolution, normalisation, pooling, a convolution whose
 * weight is stored turned round, a linear layer. The same weights whatever the options.
 */
export function foreignModel(options: ForeignOptions = {}): Uint8Array<ArrayBuffer> {
  return writeModel({ graph: foreignGraph(options), opset: options.opset ?? 13, metadata: options.metadata ?? {} });
}

/** See {@link foreignModel}. */
export function foreignGraph(options: ForeignOptions = {}): Graph {
  const { opset = 13, layout = 'nchw', batch = 'N', size = 8, weights = 'float32', head, rows = [0, -1] } = options;
  const random = new Random(1);
  const builder = new GraphBuilder('main_graph');
  const values = (dims: readonly number[], draw: () => number): Tensor => {
    const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, draw);
    return weights === 'float16' ? tensor('float16', dims, narrow('float16', data)) : float32(dims, data);
  };
  const weight = (name: string, ...dims: number[]) =>
    builder.parameter(
      name,
      values(dims, () => random.between(-0.5, 0.5)),
    );
  const positive = (name: string, ...dims: number[]) =>
    builder.parameter(
      name,
      values(dims, () => random.between(0.5, 1.5)),
    );
  const constant = (...numbers: number[]) => {
    let next = 0;
    return builder.constant(values(numbers.length === 1 ? [] : [numbers.length, 1, 1], () => numbers[next++]));
  };
  const given = options.input ?? weights;
  const sides = [size, size];
  let x: Value = builder.input('input', given, [batch, ...(layout === 'nchw' ? [3, ...sides] : [...sides, 3])]);
  if (given !== weights) x = builder.cast(x, weights);
  if (layout === 'nhwc') x = builder.transpose(x, [0, 3, 1, 2]);
  if (options.normalize === 'bytes') x = builder.div(x, constant(255));
  if (options.normalize === 'unit') x = builder.div(builder.sub(x, constant(0.5, 0.45, 0.4)), constant(0.2, 0.25, 0.3));

  const window = { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] };
  x = builder.conv(x, weight('conv1.weight', 4, 3, 3, 3), window, weight('conv1.bias', 4), 'Conv_0');
  const norm = [positive('bn.weight', 4), weight('bn.bias', 4), weight('bn.mean', 4), positive('bn.var', 4)];
  x = builder.op('BatchNormalization', [x, ...norm], { epsilon: float(1e-5), momentum: float(0.9) }, 1, 'BatchNormalization_1')[0];
  x = builder.op('MaxPool', [builder.relu(x)], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) })[0];
  const turned = builder.transpose(weight('conv2.kernel', 1, 1, 4, 6), [3, 2, 0, 1]);
  x = builder.op('Conv', [x, turned], {}, 1, 'Conv_5')[0];
  x = builder.relu(x);
  // A graph of any size ends in an average.
  const side = size === 8 ? 4 : 1;
  if (size !== 8) x = builder.globalAveragePool(x);
  x = rows === 'flatten' ? builder.flatten(x) : builder.op('Reshape', [x, target(builder, rows)])[0];
  x = builder.gemm(x, weight('fc.weight', FOREIGN_CLASSES, 6 * side * side), weight('fc.bias', FOREIGN_CLASSES), {
    transB: true,
    label: 'Gemm_8',
  });
  x = ending(builder, x, head, opset);
  builder.output(x, 'output', weights, [batch, FOREIGN_CLASSES, ...(head === 'image' ? [1, 1] : [])]);
  return builder.build();
}

/** The shape that a Reshape is given; exporters that fold no constants leave it in parts. */
function target(builder: GraphBuilder, rows: 'joined' | readonly number[]): Value {
  if (rows !== 'joined') return builder.constant(int64([rows.length], rows));
  return builder.concat([builder.integers([1]), builder.integers([-1])], 0);
}

function ending(builder: GraphBuilder, x: Value, head: ForeignOptions['head'], opset: number): Value {
  switch (head) {
    case undefined:
      return x;
    case 'exponentials': {
      const powers = builder.exp(x);
      const axes = opset < 13 ? [powers] : [powers, builder.integers([1])];
      return builder.div(powers, builder.op('ReduceSum', axes, { keepdims: int(1), ...(opset < 13 && { axes: ints([1]) }) })[0]);
    }
    case 'image':
      return opset < 13 ? builder.op('Unsqueeze', [x], { axes: ints([2, 3]) })[0] : builder.unsqueeze(x, [2, 3]);
    case 'Sigmoid':
      return builder.sigmoid(x);
    default:
      return builder.op(head, [x], opset < 13 ? {} : { axis: int(1) }, 1, 'Softmax_9')[0];
  }
}

/** The model with its stored tensors as `Constant` nodes, and all nodes in the opposite order. */
export function asConstantsReversed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const proto = decodeProto(bytes, 'model');
  const { graph } = proto;
  const constants = graph.initializer.map((stored) =>
    create(NodeProtoSchema, { opType: 'Constant', output: [stored.name], attribute: [{ name: 'value', type: Kind.TENSOR, t: stored }] }),
  );
  graph.node = [...constants, ...graph.node].reverse();
  graph.initializer = [];
  return toBinary(ModelProtoSchema, proto);
}

/** The model with its float tensors in a file beside it, and that file's content. */
export function withDataBeside(bytes: Uint8Array, location: string): { model: Uint8Array<ArrayBuffer>; data: Uint8Array<ArrayBuffer> } {
  const proto = decodeProto(bytes, 'model');
  const pieces: number[] = [];
  for (const stored of proto.graph.initializer) {
    const entries = { location, offset: String(pieces.length), length: String(stored.rawData.length) };
    pieces.push(...bytesOf(tensor('uint8', [stored.rawData.length], stored.rawData)));
    stored.rawData = new Uint8Array();
    stored.dataLocation = TensorProto_DataLocation.EXTERNAL;
    stored.externalData = Object.entries(entries).map(([key, value]) => ({ $typeName: 'onnx.StringStringEntryProto', key, value }));
  }
  return { model: toBinary(ModelProtoSchema, proto), data: Uint8Array.from(pieces) };
}
