import net from 'node:net'

import {ToolError} from '../base/index.js'

/** Where a server listens. */
export type ListenAddress =
  | {readonly kind: 'unix'; readonly path: string}
  | {readonly kind: 'tcp'; readonly host: string; readonly port: number}
  /** Sockets that somebody else has made listen (LISTEN_FDS). */
  | {readonly kind: 'inherited'; readonly fds: readonly number[]}

/** A path longer than this does not fit into struct sockaddr_un. */
const UNIX_PATH_MAX_BYTES = 107
const FIRST_INHERITED_FD = 3
/** As many sockets as one server takes. */
const INHERITED_MAX = 12

/**
 * Reads "unix:PATH", "HOST:PORT" or "[V6]:PORT"; the host is an address, not a name.
 *
 * @throws ToolError of kind usage
 */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    if (path !== '' && Buffer.byteLength(path) <= UNIX_PATH_MAX_BYTES) return {kind: 'unix', path}
    throw refusal(text, `the path of a socket has 1 to ${UNIX_PATH_MAX_BYTES} bytes`)
  }
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2] ?? ''
  const port = Number(match?.[3])
  const isAddress = match?.[1] === undefined ? net.isIPv4(host) : net.isIPv6(host)
  if (!match || !isAddress || port > 65535) throw refusal(text, 'it is neither unix:PATH nor ADDRESS:PORT')
  return {kind: 'tcp', host, port}
}

function refusal(text: string, why: string): ToolError {
  return new ToolError('usage', 'E_LISTEN', `--listen ${text}: ${why}`, {
    hint: 'Write unix:/run/disk.sock, 127.0.0.1:10809 or [::1]:10809.',
  })
}

/** Nobody but this machine can connect. */
export function isLocal(address: ListenAddress): boolean {
  return address.kind !== 'tcp' || address.host === '::1' || address.host.startsWith('127.')
}

/**
 * The sockets that a service manager passes (sd_listen_fds(3)); undefined when it passes none, or to another process.
 *
 * @throws ToolError of kind usage when they are too many
 */
export function inheritedAddress(env: NodeJS.ProcessEnv, pid: number): ListenAddress | undefined {
  if (env['LISTEN_FDS'] === undefined || env['LISTEN_PID'] !== String(pid)) return undefined
  const count = Number(env['LISTEN_FDS'])
  if (!Number.isInteger(count) || count < 1 || count > INHERITED_MAX) {
    throw new ToolError(
      'usage',
      'E_LISTEN_FDS',
      `LISTEN_FDS=${env['LISTEN_FDS']}: 1 to ${INHERITED_MAX} sockets are taken`,
      {
        hint: 'Give the service one socket unit, or a few.',
      },
    )
  }
  return {kind: 'inherited', fds: Array.from({length: count}, (_, index) => FIRST_INHERITED_FD + index)}
}

/** The bytes of an IP address. @param host a valid one */
export function addressBytes(host: string): Uint8Array {
  if (net.isIPv4(host)) return Uint8Array.from(host.split('.').map(Number))
  const [head = '', tail] = host.split('%')[0]?.split('::') ?? []
  const words = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((word) => {
          if (!word.includes('.')) return [Number.parseInt(word, 16)]
          const [a = 0, b = 0, c = 0, d = 0] = word.split('.').map(Number)
          return [a * 256 + b, c * 256 + d]
        })
  const front = words(head)
  const back = tail === undefined ? [] : words(tail)
  const gap = Array.from({length: 8 - front.length - back.length}, () => 0)
  const all = tail === undefined ? front : [...front, ...gap, ...back]
  return Uint8Array.from(all.flatMap((word) => [word >>> 8, word & 255]))
}

/** The NBD URI of a server, as the uri document of the protocol has it. */
export function uriOf(address: ListenAddress, exportName: string, tls: 'no' | 'certificates' | 'psk'): string {
  const scheme = tls === 'no' ? 'nbd' : 'nbds'
  const name = exportName === '' ? '' : encodeURIComponent(exportName)
  switch (address.kind) {
    case 'unix':
      return `${scheme}+unix:///${name}?socket=${encodeURIComponent(address.path).replaceAll('%2F', '/')}`
    case 'tcp': {
      const host = address.host.includes(':') ? `[${address.host}]` : address.host
      return `${scheme}://${host}:${address.port}/${name}`
    }
    case 'inherited':
      return `${scheme}:///${name}`
  }
}
