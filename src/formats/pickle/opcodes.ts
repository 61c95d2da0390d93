import type { Cursor } from './cursor.js';
import { floatFromText, intFromText, longFromBytes, longFromText, quotedBytes, rawUnicode, utf8 } from './literals.js';
import type { Machine } from './machine.js';
import { latin1, Refusal } from './values.js';

export interface Opcode {
  /** As in Python's pickletools. */
  readonly name: string;
  readonly run: (machine: Machine, cursor: Cursor) => void;
}

/** The newest protocol there is. */
const PROTOCOL = 5;

const refuse = (why: string) => () => {
  throw new Refusal(why);
};
const sets = refuse('it makes a set, which is not supported');
const extensions = refuse('it asks for an entry of a registry that only the program that wrote it has');
const buffers = refuse('it asks for a buffer outside the pickle');

const table: readonly (readonly [string, string, Opcode['run']])[] = [
  ['\x80', 'PROTO', (_, cursor) => checkProtocol(cursor.uint8())],
  ['\x95', 'FRAME', (_, cursor) => checkFrame(cursor.uint64(), cursor.remaining)],
  ['(', 'MARK', (machine) => machine.mark()],
  ['0', 'POP', (machine) => machine.discard()],
  ['1', 'POP_MARK', (machine) => machine.popMark()],
  ['2', 'DUP', (machine) => machine.duplicate()],

  ['N', 'NONE', (machine) => machine.push(null)],
  ['\x88', 'NEWTRUE', (machine) => machine.push(true)],
  ['\x89', 'NEWFALSE', (machine) => machine.push(false)],
  ['I', 'INT', (machine, cursor) => machine.push(intFromText(cursor.line()))],
  ['J', 'BININT', (machine, cursor) => machine.push(cursor.int32())],
  ['K', 'BININT1', (machine, cursor) => machine.push(cursor.uint8())],
  ['M', 'BININT2', (machine, cursor) => machine.push(cursor.uint16())],
  ['L', 'LONG', (machine, cursor) => machine.push(longFromText(cursor.line()))],
  ['\x8a', 'LONG1', (machine, cursor) => machine.push(longFromBytes(cursor.take(cursor.uint8())))],
  ['\x8b', 'LONG4', (machine, cursor) => machine.push(longFromBytes(cursor.take(cursor.uint32())))],
  ['F', 'FLOAT', (machine, cursor) => machine.push(floatFromText(cursor.line()))],
  ['G', 'BINFLOAT', (machine, cursor) => machine.push(cursor.bigEndianDouble())],

  ['S', 'STRING', (machine, cursor) => machine.push(quotedBytes(cursor.line()))],
  ['T', 'BINSTRING', (machine, cursor) => machine.push(cursor.take(cursor.uint32()))],
  ['U', 'SHORT_BINSTRING', (machine, cursor) => machine.push(cursor.take(cursor.uint8()))],
  ['B', 'BINBYTES', (machine, cursor) => machine.push(cursor.take(cursor.uint32()))],
  ['C', 'SHORT_BINBYTES', (machine, cursor) => machine.push(cursor.take(cursor.uint8()))],
  ['\x8e', 'BINBYTES8', (machine, cursor) => machine.push(cursor.take(cursor.uint64()))],
  ['\x96', 'BYTEARRAY8', (machine, cursor) => machine.push(cursor.take(cursor.uint64()))],
  ['V', 'UNICODE', (machine, cursor) => machine.push(rawUnicode(cursor.line()))],
  ['X', 'BINUNICODE', (machine, cursor) => machine.push(utf8(cursor.take(cursor.uint32())))],
  ['\x8c', 'SHORT_BINUNICODE', (machine, cursor) => machine.push(utf8(cursor.take(cursor.uint8())))],
  ['\x8d', 'BINUNICODE8', (machine, cursor) => machine.push(utf8(cursor.take(cursor.uint64())))],

  [']', 'EMPTY_LIST', (machine) => machine.list([])],
  ['l', 'LIST', (machine) => machine.list(machine.popMark())],
  ['a', 'APPEND', (machine) => machine.append([machine.pop()])],
  ['e', 'APPENDS', (machine) => machine.append(machine.popMark())],
  [')', 'EMPTY_TUPLE', (machine) => machine.tuple([])],
  ['t', 'TUPLE', (machine) => machine.tuple(machine.popMark())],
  ['\x85', 'TUPLE1', (machine) => machine.tupleOf(1)],
  ['\x86', 'TUPLE2', (machine) => machine.tupleOf(2)],
  ['\x87', 'TUPLE3', (machine) => machine.tupleOf(3)],
  ['}', 'EMPTY_DICT', (machine) => machine.dictionary([])],
  ['d', 'DICT', (machine) => machine.dictionary(machine.popMark())],
  ['s', 'SETITEM', (machine) => setItem(machine)],
  ['u', 'SETITEMS', (machine) => machine.setItems(machine.popMark())],

  ['p', 'PUT', (machine, cursor) => machine.remember(Number(longFromText(cursor.line())))],
  ['q', 'BINPUT', (machine, cursor) => machine.remember(cursor.uint8())],
  ['r', 'LONG_BINPUT', (machine, cursor) => machine.remember(cursor.uint32())],
  ['\x94', 'MEMOIZE', (machine) => machine.remember()],
  ['g', 'GET', (machine, cursor) => machine.recall(longFromText(cursor.line()))],
  ['h', 'BINGET', (machine, cursor) => machine.recall(cursor.uint8())],
  ['j', 'LONG_BINGET', (machine, cursor) => machine.recall(cursor.uint32())],

  ['c', 'GLOBAL', (machine, cursor) => machine.push(machine.globalFromLines(cursor.line(), cursor.line()))],
  ['\x93', 'STACK_GLOBAL', (machine) => stackGlobal(machine)],
  ['R', 'REDUCE', (machine) => call(machine)],
  ['\x81', 'NEWOBJ', (machine) => call(machine)],
  ['\x92', 'NEWOBJ_EX', refuse('it makes an object from named arguments, which is not supported')],
  ['i', 'INST', (machine, cursor) => callMarked(machine, machine.globalFromLines(cursor.line(), cursor.line()))],
  ['o', 'OBJ', (machine) => callMarked(machine)],
  ['b', 'BUILD', (machine) => machine.build()],
  ['P', 'PERSID', (machine, cursor) => machine.persistent(latin1(cursor.line()))],
  ['Q', 'BINPERSID', (machine) => machine.persistent(machine.pop())],

  ['\x8f', 'EMPTY_SET', sets],
  ['\x90', 'ADDITEMS', sets],
  ['\x91', 'FROZENSET', sets],
  ['\x82', 'EXT1', extensions],
  ['\x83', 'EXT2', extensions],
  ['\x84', 'EXT4', extensions],
  ['\x97', 'NEXT_BUFFER', buffers],
  ['\x98', 'READONLY_BUFFER', buffers],
];

/** The opcode that ends a pickle. */
export const STOP = '.'.charCodeAt(0);

/** Every opcode but {@link STOP}, by its byte. */
export const opcodes: readonly (Opcode | undefined)[] = table.reduce<(Opcode | undefined)[]>((all, [byte, name, run]) => {
  all[byte.charCodeAt(0)] = { name, run };
  return all;
}, new Array(256));

function checkProtocol(version: number): void {
  if (version > PROTOCOL) throw new Refusal(`it is written in protocol ${version}, only those up to ${PROTOCOL} are known`);
}

function checkFrame(length: number, remaining: number): void {
  if (length > remaining) throw new Refusal(`it announces ${length} bytes, but only ${remaining} are left`);
}

function setItem(machine: Machine): void {
  const value = machine.pop();
  machine.setItems([machine.pop(), value]);
}

function stackGlobal(machine: Machine): void {
  const name = machine.pop();
  machine.global(machine.pop(), name);
}

function call(machine: Machine): void {
  const args = machine.pop();
  machine.call(machine.pop(), args);
}

/** Calls what is given, or the first value above the mark, with the (other) values above the mark. */
function callMarked(machine: Machine, callee?: Parameters<Machine['call']>[0]): void {
  const marked = machine.popMark();
  const called = callee ?? marked.shift();
  machine.tuple(marked);
  const args = machine.pop();
  machine.call(called ?? null, args);
}
