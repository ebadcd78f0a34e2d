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

const encoder = new TextEncoder();

/** A head made from text (as UTF-8), for checks and tests; a door makes its own from what it has read. */
export function encodeHead(
  target: string,
  fields: readonly (readonly [name: string, value: string])[],
): Head {
  const bytes = encoder.encode(target + fields.flat().join(''));
  const table = new Int32Array(fields.length * 4);
  let offset = encoder.encode(target).length;
  const targetLength = offset;
  fields.flat().forEach((text, i) => {
    const length = encoder.encode(text).length;
    table.set([offset, length], i * 2);
    offset += length;
  });
  return { bytes, targetStart: 0, targetLength, fields: table, fieldCount: fields.length };
}
