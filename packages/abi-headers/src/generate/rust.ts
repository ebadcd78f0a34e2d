// rust/src/abi.rs: the repr(C) declarations under the hand-written crate.
import { constants, exports, structs } from '../definition.ts';
import { type Field, type Func, isFunc, type Struct, type Type } from '../schema.ts';
import { contract, origin, pascal, pointee, typeName, wrap } from './text.ts';

const spelling: Partial<Record<Type, string>> = {
  int: 'c_int',
  u8: 'u8',
  u32: 'u32',
  u64: 'u64',
  size: 'usize',
  chars: '*const u8',
  memory: '*mut u8',
  allocator: '*mut c_void',
};

function rustType(type: Type): string {
  const to = pointee(type);
  return to ? `*${to.isConst ? 'const' : 'mut'} ${pascal(to.name)}` : spelling[type]!;
}

/** Each paragraph is one of its own, so that rustdoc does not join them. */
function docs(paragraphs: string[], indent = ''): string {
  return paragraphs.map((paragraph) => `${wrap(paragraph, `${indent}/// `)}\n`).join(`${indent}///\n`);
}

function signature(func: Func): string {
  const parameters = func.parameters.map(({ name, type }) => `${name}: ${rustType(type)}`).join(', ');
  const result = func.result === 'void' ? '' : ` -> ${rustType(func.result)}`;
  return `unsafe extern "C" fn(${parameters})${result}`;
}

function member(item: Field | Func): string {
  const [text, type] = isFunc(item) ? [contract(item), signature(item)] : [[item.docs], rustType(item.type)];
  return `${docs(text, '    ')}    pub ${item.name}: ${type},\n`;
}

function struct(item: Struct): string {
  const members = item.fields.map(member).join('');
  return `${docs([item.docs])}#[repr(C)]\n#[derive(Clone, Copy)]\npub struct ${pascal(item.name)} {\n${members}}\n`;
}

export function rust(): string {
  const functions = exports.map(({ symbol }) => symbol).filter(isFunc);
  return `// ${origin}
//! The executor ABI as it crosses the boundary: raw pointers and C functions.

use std::ffi::{c_int, c_void};

${constants.map(({ name, value, docs: text }) => `${docs([text])}pub const ${name}: ${name === 'ABI_VERSION' ? 'u32' : 'usize'} = ${value};\n`).join('')}
${structs.map(struct).join('\n')}
${functions.map((func) => `${docs(contract(func))}pub type ${typeName(func)} = ${signature(func)};\n`).join('\n')}`;
}
