// What is asked of the servers.

export interface Workload {
  title: string;
  target: string;
  method: 'GET' | 'POST';
  bodyBytes: number;
  /** Requests a write. */
  depth: number;
  connections: readonly number[];
  /** Fields as a browser sends them: twelve, Host included. */
  browser?: true;
}

export const workloadNames = ['text', 'json', 'echo', 'spin', 'pipelined'] as const;
/** Of proxies. */
export const proxyWorkloadNames = ['small', 'fields', '16k', '1m'] as const;
export type WorkloadName = (typeof workloadNames)[number] | (typeof proxyWorkloadNames)[number];

const get = { method: 'GET', bodyBytes: 0, depth: 1, connections: [64] } as const;

export const workloads: Record<WorkloadName, Workload> = {
  text: { ...get, title: 'text, 12 bytes', target: '/x', connections: [64, 1, 1000] },
  json: { ...get, title: 'JSON, 1 KiB', target: '/json' },
  echo: { ...get, title: 'POST echoed, 4 KiB', target: '/echo', method: 'POST', bodyBytes: 4096 },
  spin: { ...get, title: '1 ms of computing', target: '/spin' },
  small: { ...get, title: '12 bytes', target: '/x', connections: [64, 512] },
  fields: { ...get, title: '12 and 9 fields', target: '/fields', browser: true },
  '16k': { ...get, title: '16 KiB', target: '/16k' },
  '1m': { ...get, title: '1 MiB', target: '/1m' },
  pipelined: { ...get, title: 'text, pipelined 16 deep', target: '/x', depth: 16 },
};

/** A workload at a number of connections: `text@64`. */
export type CellName = `${WorkloadName}@${number}`;

export function cellsOf(
  names: readonly WorkloadName[],
): { cell: CellName; workload: Workload; connections: number }[] {
  return names.flatMap((name) => {
    const workload = workloads[name];
    return workload.connections.map((connections) => ({
      cell: `${name}@${connections}` as const,
      workload,
      connections,
    }));
  });
}
