// Programs that print what each language's compiler makes of the structs and constants, as lines of `name value`.
import { pascal } from '../src/generate/text.ts';
import { constants, type StructName, structs } from '../src/index.ts';

interface Language {
  print: (name: string, expression: string) => string;
  size: (struct: StructName) => string;
  alignment: (struct: StructName) => string;
  offset: (struct: StructName, field: string) => string;
  fieldSize: (struct: StructName, field: string) => string;
  constant: (name: string) => string;
}

/** The statements that print all there is to know of the layout. */
function statements(language: Language): string {
  const ofStruct = structs.flatMap(({ name, fields }) => [
    language.print(`sizeof ${name}`, language.size(name)),
    language.print(`alignof ${name}`, language.alignment(name)),
    ...fields.flatMap((field) => [
      language.print(`offsetof ${name}.${field.name}`, language.offset(name, field.name)),
      language.print(`sizeof ${name}.${field.name}`, language.fieldSize(name, field.name)),
    ]),
  ]);
  const ofConstants = constants.map(({ name }) => language.print(name, language.constant(name)));
  return [...ofStruct, ...ofConstants].join('\n');
}

/** `alignof` is a word of C11 and of C++11. */
function cFamily(include: string): string {
  const body = statements({
    print: (name, expression) => `  printf("${name} %zu\\n", (size_t)${expression});`,
    size: (struct) => `sizeof(flexilib_${struct})`,
    alignment: (struct) => `alignof(flexilib_${struct})`,
    offset: (struct, field) => `offsetof(flexilib_${struct}, ${field})`,
    fieldSize: (struct, field) => `sizeof(((flexilib_${struct} *)0)->${field})`,
    constant: (name) => `FLEXILIB_${name}`,
  });
  return `#include "flexilib.h"\n#include <stdio.h>\n${include}\nint main(void) {\n${body}\n  return 0;\n}\n`;
}

export const programs: Record<'c' | 'cpp' | 'zig' | 'rust', string> = {
  c: cFamily('#include <stdalign.h>'),
  cpp: cFamily(''),
  zig: `const abi = @import("flexilib").abi;
extern fn printf(format: [*:0]const u8, ...) c_int;
pub fn main() void {
${statements({
  print: (name, expression) => `_ = printf("${name} %zu\\n", @as(usize, ${expression}));`,
  size: (struct) => `@sizeOf(abi.${pascal(struct)})`,
  alignment: (struct) => `@alignOf(abi.${pascal(struct)})`,
  offset: (struct, field) => `@offsetOf(abi.${pascal(struct)}, "${field}")`,
  fieldSize: (struct, field) => `@sizeOf(@FieldType(abi.${pascal(struct)}, "${field}"))`,
  constant: (name) => `abi.${name.toLowerCase()}`,
})}
}
`,
  rust: `#[path = "SOURCE"]
#[allow(dead_code)]
mod abi;
use std::mem::{align_of, offset_of, size_of};
fn size_of_field<S, F>(_: fn(&S) -> &F) -> usize {
size_of::<F>()
}
fn main() {
${statements({
  print: (name, expression) => `println!("${name} {}", ${expression});`,
  size: (struct) => `size_of::<abi::${pascal(struct)}>()`,
  alignment: (struct) => `align_of::<abi::${pascal(struct)}>()`,
  offset: (struct, field) => `offset_of!(abi::${pascal(struct)}, ${field})`,
  fieldSize: (struct, field) => `size_of_field(|it: &abi::${pascal(struct)}| &it.${field})`,
  constant: (name) => `abi::${name}`,
})}
}
`,
};
