// What the benchmark must know of a server. Each peers/*/peer.ts and proxies/*/peer.ts exports a list of these.
import type { WorkloadName } from './workloads.ts';

export interface Site {
  port: number;
  /** For its configuration and its logs. */
  folder: string;
  /** The executor to call. */
  library: string;
  /** What a proxy asks: a port. */
  upstream: number;
}

export interface Launch {
  argv: string[];
  environment?: Record<string, string>;
  /** Instead of a file in the folder. */
  stdout?: string;
}

/** A program or a file, and how to come by it. */
export type Need = { program: string; get: string } | { file: string; get: string };

export interface Peer {
  /** For the command line and for file names. */
  name: string;
  title: string;
  /** What a reader of the tables has to know beside the title. */
  note: string;
  /** The workloads that it can answer. */
  workloads: readonly WorkloadName[];
  needs: Need[];
  /** Makes it from its source if that changed. */
  build?(): Promise<void>;
  /** A program and its arguments that print its version. */
  version: string[];
  launch(site: Site): Launch;
}
