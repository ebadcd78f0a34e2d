// The part of fl_call (runtime/runtime.h) that the loop reads and writes; invoke.c asserts the offsets.

/** Indexes of 32-bit numbers. */
export const METHOD_AT = 1;
export const METHOD_LENGTH = 2;
export const TARGET_AT = 3;
export const TARGET_LENGTH = 4;
export const FIELD_COUNT = 5;
export const LAST = 6;
export const WINDOW_LENGTH = 7;
export const OUTCOME = 8;
export const COMPLAINT = 9;
export const STATUS = 11;
export const HEAD_LENGTH = 12;
export const FIELDS_AT = 13;
export const FIELDS_LENGTH = 14;
export const REASON_LENGTH = 15;
export const HEAP = 16;
export const SLOW = 17;

/** Indexes of 64-bit floating-point numbers. */
export const BYTES = 9;
export const CONTENT = 10;
export const CONTENT_LENGTH = 11;
export const DEADLINE = 12;
export const LIBRARY = 13;
export const WINDOW = 14;
export const BODY_LENGTH = 15;
export const STARTED = 16;
export const RETURNED = 17;
export const PRE_ALLOC = 18;
export const ALLOC = 19;
export const OUT = 20;
export const LEFT = 21;

/** Byte offset and length of the table of fields: 100 times four 32-bit numbers. */
export const FIELDS = 176;
export const FIELDS_SIZE = 1600;
export const SIZE = 1776;

/** Where the reason phrase begins in an answer: «HTTP/1.1 200 ». */
export const REASON_AT = 13;
