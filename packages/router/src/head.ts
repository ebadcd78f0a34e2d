/** A request's head as both doors have it: bytes, and where in them the parts are. */
export interface Head {
  readonly bytes: Uint8Array;
  /** The request target as sent, query included. */
  readonly targetStart: number;
  readonly targetLength: number;
  /** Four numbers a field: nameOffset, nameLength, valueOffset, valueLength; values without blanks around them. */
  readonly fields: Int32Array;
  readonly fieldCount: number;
}

/** Whether a field has this name, given in lower case. */
export function hasName({ bytes, fields }: Head, field: number, name: Uint8Array): boolean {
  if (fields[field * 4 + 1] !== name.length) return false;
  const start = fields[field * 4]!;
  for (let i = 0; i < name.length; i++) {
    if (lowerCase(bytes[start + i]!) !== name[i]) return false;
  }
  return true;
}

/** An upper-case letter's lower-case one; any other byte as it is. */
export function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** A head made from text (as UTF-8), for checks and tests; a door makes its own from what it has read. */
export function encodeHead(
  target: string,
  fields: readonly (readonly [name: string, value: string])[],
): Head {
  const texts = fields.flat();
  const bytes = Buffer.from(target + texts.join(''));
  const table = new Int32Array(fields.length * 4);
  const targetLength = Buffer.byteLength(target);
  let offset = targetLength;
  for (let i = 0; i < texts.length; i++) {
    const length = Buffer.byteLength(texts[i]!);
    table[2 * i] = offset;
    table[2 * i + 1] = length;
    offset += length;
  }
  return { bytes, targetStart: 0, targetLength, fields: table, fieldCount: fields.length };
}
