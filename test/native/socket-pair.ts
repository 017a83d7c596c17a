import {closeSync} from 'node:fs'

import {loadKoffi} from '../../src/native/koffi.js'

const AF_UNIX = 1
const SOCK_STREAM_CLOEXEC = 0x80001

/** Two connected unix sockets that wait, as those of a ring do. */
export class SocketPair {
  readonly fd: number
  readonly peerFd: number
  #open: number[]

  private constructor(fd: number, peerFd: number) {
    this.fd = fd
    this.peerFd = peerFd
    this.#open = [fd, peerFd]
  }

  static async make(): Promise<SocketPair> {
    const loaded = await loadKoffi()
    if (!loaded.ok) throw new Error(loaded.reason)
    const socketpair = loaded.koffi.load(null).func('int socketpair(int domain, int type, int protocol, void *fds)')
    const fds = new Int32Array(2)
    // SAFETY: `fds` has room for the two descriptors the kernel writes.
    if (Number(socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, fds)) !== 0) throw new Error('no socket pair')
    return new SocketPair(fds[0] as number, fds[1] as number)
  }

  /** The peer goes. */
  hangUp(): void {
    this.#open = [this.fd]
    closeSync(this.peerFd)
  }

  close(): void {
    for (const fd of this.#open.splice(0)) closeSync(fd)
  }
}
