/** What is wrong, and how to mend it. */
export interface Fault {
  readonly message: string;
  readonly hint?: string;
}

/** A fault at its place; lines count from 1. */
export interface Diagnostic extends Fault {
  readonly file: string;
  readonly line: number;
}

/** The value, or why there is none. */
export type Outcome<T> = { readonly value: T } | { readonly fault: Fault };

/** `what; how to mend it`. */
export function formatFault({ message, hint }: Fault): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}

/** `FILE:LINE: what; how to mend it`. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  return `${diagnostic.file}:${diagnostic.line}: ${formatFault(diagnostic)}`;
}
