// docs/abi.md: the reference page.
import { constants, exports, structs, version } from '../definition.ts';
import { type Field, type Func, isFunc, type Since, type Struct } from '../schema.ts';
import { declaration } from './c.ts';
import { origin } from './text.ts';

function since(value: Since): string {
  return value === 0 ? 'the original FlexiLib' : `version ${value}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function fieldRow(item: Field | Func, index: number): string {
  return `| ${index * 8} | \`${cell(declaration(item))}\` | ${cell(item.docs)} |\n`;
}

function struct({ name, docs, fields, since: from }: Struct): string {
  return `### flexilib_${name}

${docs} ${fields.length * 8} bytes; since ${since(from)}.

| Offset | Member | Meaning |
|---:|---|---|
${fields.map(fieldRow).join('')}`;
}

function promises(func: Func): string {
  return `| | |
|---|---|
| Ownership | ${cell(func.ownership)} |
| Lifetime | ${cell(func.lifetime)} |
| Thread | ${cell(func.thread)} |
| Failure | ${cell(func.failure)} |
| Since | ${since(func.since)} |
`;
}

function hostMember(func: Func): string {
  return `### host->${func.name}

\`${declaration(func)}\`

${func.docs}

${promises(func)}`;
}

function exported({ symbol, required }: (typeof exports)[number]): string {
  const head = `### ${symbol.name}\n\n\`${declaration(symbol, 'export')}\`\n\n`;
  const docs = `${required ? 'Required.' : 'Optional.'} ${symbol.docs}\n`;
  if (!isFunc(symbol)) return `${head}${docs}\nSince ${since(symbol.since)}.\n`;
  return `${head}${docs}\n${promises(symbol)}`;
}

export function docs(): string {
  const host = structs.find(({ name }) => name === 'host')!;
  return `<!-- ${origin} -->

# The executor ABI, version ${version}

An executor is a shared library that answers requests. The server loads it and calls it through what is
described here: C linkage, and structs whose fields are 8 bytes each. Strings are a pointer and a length.
\`flexilib.h\` declares all of it for C and C++; the Zig module \`flexilib\` and the Rust crate \`flexilib\` wrap it.

The order of calls: \`flexilib_abi_version\`, \`flexilib_load\`; for each request \`zigInit\`, \`handle_request\`,
\`request_deinit\`; at the end \`flexilib_unload\`. All but \`handle_request\` are optional, and looked up by name.

## What an executor exports

${exports.map(exported).join('\n')}
## Structs

${structs.map(struct).join('\n')}
## What the server offers

${host.fields.filter(isFunc).map(hostMember).join('\n')}
## Constants

| Name | Value | Meaning |
|---|---:|---|
${constants.map(({ name, value, docs: text }) => `| \`FLEXILIB_${name}\` | ${value} | ${cell(text)} |\n`).join('')}`;
}
