// include/flexilib.h: C99 to C23 and C++.
import { constants, exports, structs } from '../definition.ts';
import { type Field, type Func, isFunc, type Struct, type Type } from '../schema.ts';
import { contract, origin, pointee, wrap } from './text.ts';

const spelling: Partial<Record<Type, string>> = {
  void: 'void ',
  int: 'int ',
  u8: 'uint8_t ',
  u32: 'uint32_t ',
  u64: 'uint64_t ',
  size: 'size_t ',
  chars: 'const char *',
  memory: 'void *',
  allocator: 'void *',
};

function ctype(type: Type): string {
  const to = pointee(type);
  return to ? `${to.isConst ? 'const ' : ''}flexilib_${to.name} *` : spelling[type]!;
}

function comment(paragraphs: string[], indent = ''): string {
  const text = paragraphs.map((paragraph) => wrap(paragraph, `${indent} * `)).join('\n');
  const body = text.slice(indent.length + 3);
  return `${indent}/* ${body}${paragraphs.length > 1 ? `\n${indent}` : ''} */\n`;
}

function parameters(func: Func): string {
  return func.parameters.map(({ name, type }) => ctype(type) + name).join(', ') || 'void';
}

/** A field, a member function or, as 'export', an exported symbol; without the semicolon. */
export function declaration(item: Field | Func, kind: 'member' | 'export' = 'member'): string {
  if (!isFunc(item)) return `${kind === 'export' ? 'extern const ' : ''}${ctype(item.type)}${item.name}`;
  const name = kind === 'export' ? item.name : `(*${item.name})`;
  return `${ctype(item.result)}${name}(${parameters(item)})`;
}

function member(item: Field | Func): string {
  return `${comment(isFunc(item) ? contract(item) : [item.docs], '    ')}    ${declaration(item)};\n`;
}

function struct({ name, docs, fields }: Struct): string {
  const type = `flexilib_${name}`;
  return `${comment([docs])}typedef struct ${type} {\n${fields.map(member).join('')}} ${type};\n`;
}

function exported({ symbol, required }: (typeof exports)[number]): string {
  const [docs, ...rest] = isFunc(symbol) ? contract(symbol) : [symbol.docs];
  const head = comment([`${required ? 'Required' : 'Optional'}. ${docs}`, ...rest]);
  return `${head}FLEXILIB_EXPORT ${declaration(symbol, 'export')};\n`;
}

export function header(): string {
  return `/* ${origin} */
#ifndef FLEXILIB_H
#define FLEXILIB_H

#include <stddef.h>
#include <stdint.h>

${constants.map(({ name, value, docs }) => `${comment([docs])}#define FLEXILIB_${name} ${value}\n`).join('')}
/* Makes a symbol visible in a library that is built with -fvisibility=hidden. */
#ifndef FLEXILIB_EXPORT
#if defined(__GNUC__)
#define FLEXILIB_EXPORT __attribute__((visibility("default")))
#else
#define FLEXILIB_EXPORT
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

${structs.map(struct).join('\n')}
/* What an executor exports. */

${exports.map(exported).join('\n')}
#ifdef __cplusplus
}
#endif

#endif
`;
}
