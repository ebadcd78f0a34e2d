// zig/abi.zig: the extern declarations under the hand-written module zig/flexilib.zig.
import { constants, exports, structs } from '../definition.ts';
import { type Field, type Func, isFunc, type Struct, type Type } from '../schema.ts';
import { contract, origin, pascal, pointee, typeName, wrap } from './text.ts';

const spelling: Partial<Record<Type, string>> = {
  void: 'void',
  int: 'c_int',
  u8: 'u8',
  u32: 'u32',
  u64: 'u64',
  size: 'usize',
  chars: '[*]const u8',
  memory: '[*]u8',
  allocator: '*const anyopaque',
};

/** Structs hold arrays, functions take and return single items. */
function zigType(type: Type, place: 'field' | 'argument'): string {
  const to = pointee(type);
  if (!to) return spelling[type]!;
  return `${place === 'field' ? '[*]' : '*'}${to.isConst ? 'const ' : ''}${pascal(to.name)}`;
}

function docs(paragraphs: string[], indent = ''): string {
  return paragraphs.map((paragraph) => `${wrap(paragraph, `${indent}/// `)}\n`).join('');
}

function signature(func: Func): string {
  const parameters = func.parameters
    .map(({ name, type }) => `${name}: ${zigType(type, 'argument')}`)
    .join(', ');
  const isPointer = pointee(func.result) !== undefined || func.result === 'memory';
  return `fn (${parameters}) callconv(.c) ${isPointer ? '?' : ''}${zigType(func.result, 'argument')}`;
}

function member(item: Field | Func): string {
  if (isFunc(item)) return `${docs(contract(item), '    ')}    ${item.name}: *const ${signature(item)},\n`;
  const type = `${item.nullable ? '?' : ''}${zigType(item.type, 'field')}`;
  return `${docs([item.docs], '    ')}    ${item.name}: ${type},\n`;
}

function struct(item: Struct): string {
  const members = item.fields.map(member).join('');
  return `${docs([item.docs])}pub const ${pascal(item.name)} = extern struct {\n${members}};\n`;
}

export function zig(): string {
  const functions = exports.map(({ symbol }) => symbol).filter(isFunc);
  return `// ${origin}

${constants.map(({ name, value, docs: text }) => `${docs([text])}pub const ${name.toLowerCase()} = ${value};\n`).join('')}
${structs.map(struct).join('\n')}
${functions.map((func) => `${docs(contract(func))}pub const ${typeName(func)} = ${signature(func)};\n`).join('\n')}`;
}
