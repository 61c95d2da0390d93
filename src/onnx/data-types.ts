import { UserError } from '../core/errors.js';
import type { DataType } from '../core/tensor.js';

/** ONNX's numbers for the element types that are supported here. */
const codes: Record<DataType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};

const names = new Map<number, DataType>(Object.entries(codes).map(([name, code]) => [code, name as DataType]));

/** The type that an ONNX number stands for. `where` begins the error. */
export function dataTypeName(code: number, where: string): DataType {
  const name = names.get(code);
  if (!name) throw new UserError(`${where}: element type ${code} is not supported`);
  return name;
}

/** ONNX's number for a type, as stored in models and in `Cast`'s attribute `to`. */
export function dataTypeCode(type: DataType): number {
  return codes[type];
}
