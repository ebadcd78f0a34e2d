// What a definition of the ABI is made of; definition.ts is the data.

/** What a value is. Each generator has one table that says how its language spells it. */
export type Type =
  | 'void'
  | 'int'
  | 'u8'
  | 'u32'
  | 'u64'
  | 'size'
  | 'chars' // read-only bytes
  | 'memory' // writable bytes
  | 'allocator' // a Zig `std.mem.Allocator`, opaque here
  | `const ${StructName}`
  | StructName;

export type StructName = 'header' | 'request' | 'response' | 'host';

/** The ABI version that brought it; 0 is the interface of the original FlexiLib. */
export type Since = 0 | 1;

export interface Constant {
  readonly name: string;
  readonly value: number;
  readonly docs: string;
}

/** A value inside a struct or an argument; `nullable` pointers may be null. */
export interface Field {
  readonly name: string;
  readonly type: Type;
  readonly nullable?: true;
  readonly docs: string;
}

export interface Parameter {
  readonly name: string;
  readonly type: Type;
}

/** A function, and what its two sides promise each other. */
export interface Func {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** A pointer that is returned may be null; `failure` says when. */
  readonly result: Type;
  readonly docs: string;
  readonly ownership: string;
  readonly lifetime: string;
  readonly thread: string;
  readonly failure: string;
  readonly since: Since;
}

export interface Struct {
  readonly name: StructName;
  readonly docs: string;
  readonly since: Since;
  readonly fields: readonly (Field | Func)[];
}

/** A symbol that the server looks for in an executor: a function, or data whose presence is what counts. */
export interface Export {
  readonly symbol: Func | (Field & { readonly since: Since });
  readonly required: boolean;
}

export function isFunc(item: Field | Func): item is Func {
  return 'parameters' in item;
}
