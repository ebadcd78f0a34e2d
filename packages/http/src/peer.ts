/** «127.0.0.1» of «127.0.0.1:59940», «::1» of «[::1]:59940» or «::1:59940»; «» of a Unix socket's client. */
export function addressOfPeer(peer: string): string {
  return peer.startsWith('unix:') ? '' : peer.slice(0, peer.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
