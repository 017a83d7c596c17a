import {closeSync} from 'node:fs'

import {loadKoffi, type Koffi} from './koffi.js'

/** Sockets without node:net, for a ring to work on or to be asked without waiting. Errors are negative errno numbers where a descriptor would be, 0 is success. */
export interface Listening {
  /** Listens at a path that must not exist. Only its owner may connect. */
  unix(path: string, backlog: number): number
  /** Listens on an address. @param address 4 or 16 bytes */
  inet(address: Uint8Array, port: number, backlog: number): number
  /** Where a socket is bound; undefined for one without a name in the file system and without an address. */
  boundTo(fd: number): BoundAddress | undefined
  /** Somebody has made it a stream socket that listens. */
  listens(fd: number): boolean
  /** Lets a ring wait on it: with O_NONBLOCK an accept that finds nobody would end at once. */
  makeBlocking(fd: number): void
  /** Sends small messages at once. Does nothing to sockets that are not TCP. */
  noDelay(fd: number): void
  /** Lets a unix socket hold so many bytes that wait to be read, or as many as the system allows. TCP finds its own measure. */
  sendBuffer(fd: number, bytes: number): void
  /** Takes what has come, without waiting. @returns bytes, 0 when the peer has closed, or a negative errno: -EAGAIN when nothing has come */
  receive(fd: number, address: number, lengthBytes: number): number
  /** Sends a message, as much of it as the socket takes without waiting. @param address of a struct msghdr @returns bytes or a negative errno */
  send(fd: number, address: number): number
  /** Ends both directions: whatever waits on the socket ends. */
  shutdown(fd: number): void
}

export type BoundAddress =
  {readonly kind: 'unix'; readonly path: string} | {readonly kind: 'tcp'; readonly host: string; readonly port: number}

export type ListeningAnswer =
  {readonly ok: true; readonly listening: Listening} | {readonly ok: false; readonly reason: string}

/** Binds the socket calls. Never throws: without koffi, or on a system that is not Linux, it says why not. */
export async function loadListening(): Promise<ListeningAnswer> {
  const loaded = await loadKoffi()
  return loaded.ok ? {ok: true, listening: bindListening(loaded.koffi)} : loaded
}

const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10
const SOCK_STREAM_CLOEXEC = 0x80001
const MSG_DONTWAIT = 0x40
const MSG_DONTWAIT_NOSIGNAL = 0x4040
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_SNDBUF = 7
const SO_SNDBUFFORCE = 32
const SO_DOMAIN = 39
const SO_ACCEPTCONN = 30
const F_GETFL = 3
const F_SETFL = 4
const O_NONBLOCK = 0o4000
const IPPROTO_TCP = 6
const TCP_NODELAY = 1
const SHUT_RDWR = 2
/** struct sockaddr_un ends with a path of 108 bytes, NUL included. */
const UNIX_PATH_MAX_BYTES = 107

function bindListening(koffi: Koffi): Listening {
  const libc = koffi.load(null)
  const socket = libc.func('int socket(int domain, int type, int protocol)')
  const bind = libc.func('int bind(int fd, const void *address, uint32_t length)')
  const listen = libc.func('int listen(int fd, int backlog)')
  const getsockname = libc.func('int getsockname(int fd, void *address, void *length)')
  const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)')
  const getsockopt = libc.func('int getsockopt(int fd, int level, int name, void *value, void *length)')
  const fcntl = libc.func('int fcntl(int fd, int command, ...)')
  const shutdown = libc.func('int shutdown(int fd, int how)')
  const recv = libc.func('int64_t recv(int fd, int64_t memory, int64_t length, int flags)')
  const sendmsg = libc.func('int64_t sendmsg(int fd, int64_t message, int flags)')
  const one = new Int32Array([1])

  const open = (domain: number, address: Uint8Array, backlog: number): number => {
    // SAFETY: plain numbers.
    const fd = Number(socket(domain, SOCK_STREAM_CLOEXEC, 0))
    if (fd < 0) return -koffi.errno()
    // SAFETY: `one` holds the four bytes the call reads. It keeps a port from being busy for minutes after a server.
    if (domain !== AF_UNIX) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, 4)
    // SAFETY: `address` outlives the call, and its length is told.
    const failed = bind(fd, address, address.length) !== 0 || listen(fd, backlog) !== 0
    if (!failed) return fd
    const errno = koffi.errno()
    closeSync(fd)
    return -errno
  }

  return {
    unix(path, backlog) {
      const address = Buffer.alloc(UNIX_PATH_MAX_BYTES + 3)
      address.writeUInt16LE(AF_UNIX, 0)
      address.write(path, 2)
      const mask = process.umask(0o077)
      try {
        return open(AF_UNIX, address, backlog)
      } finally {
        process.umask(mask)
      }
    },
    inet(address, port, backlog) {
      const isV4 = address.length === 4
      const encoded = Buffer.alloc(isV4 ? 16 : 28)
      encoded.writeUInt16LE(isV4 ? AF_INET : AF_INET6, 0)
      encoded.writeUInt16BE(port, 2)
      encoded.set(address, isV4 ? 4 : 8)
      return open(isV4 ? AF_INET : AF_INET6, encoded, backlog)
    },
    boundTo(fd) {
      const address = Buffer.alloc(128)
      const length = new Uint32Array([address.length])
      // SAFETY: the kernel writes at most the length it is told, and that length back.
      return getsockname(fd, address, length) === 0 ? readAddress(address.subarray(0, length[0])) : undefined
    },
    listens(fd) {
      const value = new Int32Array(1)
      const length = new Uint32Array([4])
      // SAFETY: the kernel writes at most the four bytes it is told of, and the length back.
      return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, length) === 0 && value[0] === 1
    },
    makeBlocking(fd) {
      // SAFETY: plain numbers.
      const flags = Number(fcntl(fd, F_GETFL))
      // SAFETY: plain numbers; the variable argument is the int that F_SETFL takes.
      if (flags >= 0 && (flags & O_NONBLOCK) !== 0) fcntl(fd, F_SETFL, 'int', flags & ~O_NONBLOCK)
    },
    noDelay(fd) {
      // SAFETY: `one` holds the four bytes the call reads.
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one, 4)
    },
    sendBuffer(fd, bytes) {
      const [domain, length] = [new Int32Array(1), new Uint32Array([4])]
      // SAFETY: the kernel writes at most the four bytes it is told of, and how many it wrote.
      if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, domain, length) !== 0 || domain[0] !== AF_UNIX) return
      const value = new Int32Array([bytes])
      // SAFETY: `value` holds the four bytes that each call reads. The first goes beyond net.core.wmem_max, with CAP_NET_ADMIN.
      if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, value, 4) !== 0) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, value, 4)
    },
    receive(fd, address, lengthBytes) {
      // SAFETY: the caller names memory that stays where it is during this synchronous call.
      const result = Number(recv(fd, address, lengthBytes, MSG_DONTWAIT))
      return result < 0 ? -koffi.errno() : result
    },
    send(fd, address) {
      // SAFETY: as for receive; the kernel only reads the message and what it names.
      const result = Number(sendmsg(fd, address, MSG_DONTWAIT_NOSIGNAL))
      return result < 0 ? -koffi.errno() : result
    },
    shutdown(fd) {
      // SAFETY: plain numbers; a descriptor that is no connected socket is an errno that nobody needs.
      shutdown(fd, SHUT_RDWR)
    },
  }
}

/** Reads a struct sockaddr of the length the kernel told. */
function readAddress(bytes: Buffer): BoundAddress | undefined {
  const domain = bytes.length < 2 ? 0 : bytes.readUInt16LE(0)
  if (domain === AF_UNIX) {
    const end = bytes.indexOf(0, 2)
    const path = bytes.toString('utf8', 2, end < 0 ? bytes.length : end)
    return path === '' ? undefined : {kind: 'unix', path}
  }
  if (domain === AF_INET) return {kind: 'tcp', host: bytes.subarray(4, 8).join('.'), port: bytes.readUInt16BE(2)}
  if (domain !== AF_INET6) return undefined
  const words = Array.from({length: 8}, (_, i) => bytes.readUInt16BE(8 + i * 2).toString(16))
  // A URL writes it in the short form.
  return {kind: 'tcp', host: new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1), port: bytes.readUInt16BE(2)}
}
