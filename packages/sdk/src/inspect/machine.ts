// The machine that the library is looked at for: this one. Tests look at libraries with the eyes of another.
import { definesSymbol } from '@flexilib/native';

export interface Machine {
  /** The C library's version, such as 2.36; null: it isn't glibc. */
  glibc: string | null;
  /** The dynamic linker's path, as it is loaded here; null: there is none to be asked. */
  linker: string | null;
  /** Whether the process that loads executors defines the symbol: then it comes before a library's own. */
  defines(symbol: string): boolean;
}

/** What @types/node doesn't know of process.report. */
interface ReportMaker {
  excludeNetwork: boolean;
  getReport(): { header: { glibcVersionRuntime?: string }; sharedObjects: string[] };
}

export function thisMachine(): Machine {
  const report = process.report as unknown as ReportMaker;
  report.excludeNetwork = true; // else it asks for the names of its peers
  const { header, sharedObjects } = report.getReport();
  const glibc = header.glibcVersionRuntime ?? null;
  // glibc's only: what musl's does when it is asked to list is another thing.
  const linker = sharedObjects.find((path) => /\/ld-(linux|\d)[^/]*\.so[^/]*$/.test(path)) ?? null;
  return { glibc, linker: glibc && linker, defines: definesSymbol };
}
