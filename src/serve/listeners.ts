import {closeSync, mkdtempSync, rmSync} from 'node:fs'
import net from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {errnoName, errnoOf, ToolError} from '../base/index.js'
import type {Listening} from '../native/index.js'
import {addressBytes, isLocal, type ListenAddress} from './address.js'

const BACKLOG = 128

/** Sockets that listen, and where. */
export interface Listeners<T> {
  readonly sockets: readonly T[]
  /** As asked for, with the port that was taken. */
  readonly address: ListenAddress
  /** Ends them, and removes a socket's name. */
  readonly close: () => void
}

/** A socket in a folder that nobody else can enter, for servers that are told no address. */
export function privateAddress(): {readonly address: ListenAddress; readonly remove: () => void} {
  const folder = mkdtempSync(join(tmpdir(), 'flushpoint-nbd-'))
  return {
    address: {kind: 'unix', path: join(folder, 'socket')},
    remove: () => rmSync(folder, {recursive: true, force: true}),
  }
}

/** Listens with sockets for a ring. @throws ToolError of kind environment */
export function listenForRing(listening: Listening, address: ListenAddress): Listeners<number> {
  switch (address.kind) {
    case 'unix': {
      const fd = checked(listening.unix(address.path, BACKLOG), address)
      return {sockets: [fd], address, close: () => closeUnix(fd, address.path)}
    }
    case 'tcp': {
      const fd = checked(listening.inet(addressBytes(address.host), address.port, BACKLOG), address)
      return {sockets: [fd], address: listening.boundTo(fd) ?? address, close: () => closeSync(fd)}
    }
    case 'inherited': {
      const bound = inherited(address.fds, listening)
      for (const fd of address.fds) listening.makeBlocking(fd)
      return {sockets: address.fds, address: bound ?? address, close: () => address.fds.forEach((fd) => closeSync(fd))}
    }
  }
}

/** Where sockets that somebody else made are bound: one that others reach, or the first. @throws ToolError where one does not listen */
function inherited(fds: readonly number[], listening: Listening): ListenAddress | undefined {
  const other = fds.find((fd) => !listening.listens(fd))
  if (other === undefined) {
    const bound = fds.map((fd) => listening.boundTo(fd))
    return bound.find((address) => address && !isLocal(address)) ?? bound[0]
  }
  throw new ToolError('environment', 'E_LISTEN_FDS', `LISTEN_FDS: descriptor ${other} is no socket that listens`, {
    hint: 'A socket unit needs Accept=no and ListenStream=; LISTEN_FDS counts descriptors from 3 on.',
    context: {op: 'listen'},
  })
}

function closeUnix(fd: number, path: string): void {
  closeSync(fd)
  rmSync(path, {force: true})
}

function checked(fd: number, address: ListenAddress): number {
  if (fd < 0) throw listenRefusal(address, -fd)
  return fd
}

/** Listens with node:net. @param listening to look at sockets of others, if it can be had @throws ToolError of kind environment */
export async function listenWithNet(
  address: ListenAddress,
  listening: Listening | undefined,
): Promise<Listeners<net.Server>> {
  const targets: net.ListenOptions[] = []
  if (address.kind === 'unix') targets.push({path: address.path})
  else if (address.kind === 'tcp') targets.push({host: address.host, port: address.port})
  const fds = address.kind === 'inherited' ? address.fds : []
  const given = listening && fds.length > 0 ? inherited(fds, listening) : undefined
  const servers: net.Server[] = []
  const mask = process.umask(0o077)
  try {
    for (const target of targets) servers.push(await listen(target, address))
    for (const fd of fds) servers.push(await listen({fd} as net.ListenOptions, address))
  } finally {
    process.umask(mask)
  }
  const bound = servers[0]?.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  return {
    sockets: servers,
    address: address.kind === 'tcp' ? {...address, port} : (given ?? address),
    close: () => {
      for (const server of servers) server.close()
    },
  }
}

function listen(target: net.ListenOptions, address: ListenAddress): Promise<net.Server> {
  const server = net.createServer({pauseOnConnect: true, allowHalfOpen: true})
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenRefusal(address, errnoOf(error))))
    server.listen({...target, backlog: BACKLOG}, () => resolve(server))
  })
}

function listenRefusal(address: ListenAddress, errno: number): ToolError {
  const where =
    address.kind === 'unix' ? address.path : address.kind === 'tcp' ? `${address.host}:${address.port}` : 'LISTEN_FDS'
  const code = errnoName(errno)
  return new ToolError('environment', 'E_LISTEN', `${where}: cannot listen (${code})`, {
    hint:
      code === 'EADDRINUSE'
        ? 'Another server is there, or a socket was left behind: stop it, or remove the file.'
        : 'Choose another address with --listen.',
    context: {op: 'listen'},
  })
}
