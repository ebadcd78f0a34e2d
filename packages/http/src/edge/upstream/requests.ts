// A request as it is sent to an upstream: written into one slab that all share, again for each try.
import { addressOf, Errno } from '@flexilib/native';
import type { Backend } from '@flexilib/proxy';
import type { Connection } from '../connection.ts';
import { CONTENT_MAX, FIELDS_MAX, parseRequest } from '../parse.ts';
import type { Parts } from '../parts.ts';
import { SLAB_SIZE } from '../slabs.ts';
import type { Link } from './link.ts';
import { planOf } from './plan.ts';

export interface Requests {
  /** The fields of the request that is at connection.from, for which nobody has a call any more. */
  fieldsOf(connection: Connection): Int32Array;
  /** Writes the request for a backend. False: it isn't plain enough. */
  write(connection: Connection, fields: Int32Array, backend: Backend): boolean;
  /** Sends what was written last; 0: it is sent, or will be; else why that failed, as a negative errno. */
  send(link: Link): number;
  /** The upstream takes more of it. As send. */
  sendRest(link: Link): number;
  /** Gives back the memory that requests are written in. */
  trim(): void;
}

export function createRequests({ sockets, slabs }: Parts): Requests {
  const { bytes } = slabs;
  const reparsed = new Int32Array(4 * FIELDS_MAX);
  let output = -1; // the slab
  let end = 0; // of what was written

  const requests: Requests = {
    fieldsOf(connection) {
      parseRequest(bytes, connection.from, connection.to, CONTENT_MAX, reparsed, connection);
      return reparsed;
    },
    write(connection, fields, backend) {
      if (output < 0) output = slabs.take();
      if (output < 0) return false;
      const { compose } = planOf(connection.exchange!.route);
      const limit = output + SLAB_SIZE;
      end = compose(bytes, connection, fields, connection.client!, backend.target, output, limit);
      return end >= 0;
    },
    send(link) {
      const sent = sockets.send(link.fd, slabs.address + output, end - output);
      if (sent === Errno.again) {
        link.unsent = true;
        link.writable = false;
        return 0;
      }
      if (sent < 0) return sent;
      link.spoken = true;
      if (output + sent === end) return 0;
      link.writable = false;
      link.rest = Buffer.from(new ArrayBuffer(end - output - sent));
      bytes.copy(link.rest, 0, output + sent, end);
      return 0;
    },
    sendRest(link) {
      if (link.unsent) {
        link.unsent = false;
        const connection = link.client!;
        const isWritten = requests.write(connection, requests.fieldsOf(connection), link.backend);
        return isWritten ? requests.send(link) : Errno.reset;
      }
      const rest = link.rest!;
      const address = addressOf(rest.buffer as ArrayBuffer) + rest.byteOffset;
      const sent = sockets.send(link.fd, address, rest.length);
      if (sent < rest.length) link.writable = false;
      // When it is broken there may be an answer, which says why.
      link.rest = sent === rest.length ? null : rest.subarray(Math.max(0, sent));
      return 0;
    },
    trim() {
      if (output >= 0) slabs.give(output, SLAB_SIZE);
      output = -1;
    },
  };
  return requests;
}
