// The order is that of fl_complaint in runtime/runtime.h.
const texts = [
  'no complaint',
  'its status is not within 200 to 999',
  'a header has an illegal name',
  'a header value contains CR, LF, NUL or another control byte',
  'its reason phrase contains a control byte or is longer than 512 bytes',
  'it has more than 1000 headers',
  'its headers are larger than 64 KiB',
  'its body is larger than 1 GiB',
  'memory is short',
];

/** Why a response was refused (Outcome.badResponse), to follow «the response was refused: ». */
export function complaintText(complaint: number): string {
  return texts[complaint] ?? `complaint ${complaint}`;
}
