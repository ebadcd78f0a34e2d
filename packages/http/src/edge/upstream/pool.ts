// Connections to upstreams: made, kept for the next request, closed.
import type { Sockets } from '@flexilib/native';
import { avoidAddress, type Backend, nextAddress } from '@flexilib/proxy';
import type { Wheel } from '../wheel.ts';
import { Link, LinkPhase } from './link.ts';

/** Idle connections a backend; further ones are closed. More than a burst leaves behind would be opened anew in the next. */
const IDLE_MAX = 1024;
/** How long one stays idle, at most: shorter than most servers allow, since who closes first decides who fails. */
const IDLE_MS = 15_000;
/** So much earlier than the upstream says that it will close. */
const MARGIN_MS = 1000;

export interface Pool {
  /** By descriptor. */
  readonly links: Map<number, Link>;
  /** A connection to the backend: an idle one, or one that is begun; a negative errno when that fails. */
  take(backend: Backend, fresh: boolean): Link | number;
  /** Its answer is read to the end: the next request may have it. */
  give(link: Link): void;
  /** Closes it. */
  destroy(link: Link): void;
  /** Closes those that are idle, and keeps none from here on. */
  close(): void;
}

export function createPool(sockets: Sockets, wheel: Wheel): Pool {
  const links = new Map<number, Link>();
  const idle = new WeakMap<Backend, Link[]>();
  let closing = false;

  function idleOf(backend: Backend): Link[] {
    let list = idle.get(backend);
    if (!list) {
      list = [];
      idle.set(backend, list);
    }
    return list;
  }

  function destroy(link: Link): void {
    const { fd } = link;
    if (fd < 0) return;
    if (link.phase === LinkPhase.idle) link.idle.splice(link.idle.indexOf(link), 1);
    wheel.remove(link);
    links.delete(fd);
    link.fd = -1;
    link.rest = null;
    sockets.unwatch(fd);
    sockets.close(fd);
  }

  return {
    links,
    destroy,
    take(backend, fresh) {
      const list = idleOf(backend);
      // One that has an event is closed, most likely, or has said what nobody asked for.
      for (let kept = fresh ? undefined : list.pop(); kept; kept = list.pop()) {
        if (!kept.readable) return kept;
        kept.phase = LinkPhase.head; // it is not in the list
        destroy(kept);
      }
      const { socket, port } = backend.target;
      const address = socket ?? nextAddress(backend);
      const fd = sockets.connect(address, port);
      if (fd < 0) {
        avoidAddress(backend, address);
        return fd;
      }
      const link = new Link(fd, backend, address, list);
      links.set(fd, link);
      return link;
    },
    give(link) {
      const keepFor = link.keepFor < 0 ? IDLE_MS : Math.min(IDLE_MS, link.keepFor * 1000 - MARGIN_MS);
      if (closing || keepFor <= 0 || link.idle.length >= IDLE_MAX) {
        destroy(link);
        return;
      }
      link.phase = LinkPhase.idle;
      link.used = true;
      link.idle.push(link);
      wheel.set(link, keepFor);
    },
    close() {
      closing = true;
      for (const link of links.values()) if (link.phase === LinkPhase.idle) destroy(link);
    },
  };
}
