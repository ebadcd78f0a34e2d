import { type Head, hasName } from './head.ts';
import type { FieldMatch } from './option.ts';

const encoder = new TextEncoder();

/** Whether a head has the field: any of its name (in any case), or one whose value is this one byte for byte. */
export function createFieldTest({ name, value }: FieldMatch): (head: Head) => boolean {
  const wantedName = encoder.encode(name.toLowerCase());
  const wanted = value === undefined ? null : encoder.encode(value);
  return (head) => {
    for (let field = 0; field < head.fieldCount; field++) {
      if (!hasName(head, field, wantedName)) continue;
      if (wanted === null || hasValue(head, field, wanted)) return true;
    }
    return false;
  };
}

function hasValue({ bytes, fields }: Head, field: number, value: Uint8Array): boolean {
  if (fields[field * 4 + 3] !== value.length) return false;
  const start = fields[field * 4 + 2]!;
  for (let i = 0; i < value.length; i++) if (bytes[start + i] !== value[i]) return false;
  return true;
}
