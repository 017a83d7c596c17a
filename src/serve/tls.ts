import fs from 'node:fs'
import type net from 'node:net'
import path from 'node:path'
import tls from 'node:tls'

import {codeOf, ToolError} from '../base/index.js'

/** Makes a TLS connection of a plain one. */
export type TlsWrap = (plain: net.Socket) => tls.TLSSocket

/** Pre-shared keys need ciphers that take one; those of TLS 1.3 do. */
const PSK_CIPHERS = 'TLS_AES_128_GCM_SHA256:PSK-AES256-GCM-SHA384:PSK-AES128-GCM-SHA256:ECDHE-PSK-AES256-CBC-SHA384'

/**
 * TLS with certificates from a folder: server-cert.pem and server-key.pem; with ca-cert.pem in it clients must show a certificate
 * that it signed. The names are those of nbdkit.
 *
 * @throws ToolError of kind environment when a file cannot be read, of kind format when it is not what its name says
 */
export function tlsWithCertificates(folder: string): TlsWrap {
  const cert = readPart(path.join(folder, 'server-cert.pem'))
  const key = readPart(path.join(folder, 'server-key.pem'))
  const caFile = path.join(folder, 'ca-cert.pem')
  const ca = fs.existsSync(caFile) ? readPart(caFile) : undefined
  let secureContext: tls.SecureContext
  try {
    secureContext = tls.createSecureContext({cert, key, ...(ca && {ca}), minVersion: 'TLSv1.2'})
  } catch (error) {
    throw new ToolError('format', 'E_TLS', `${folder}: its certificate or key is not usable (${codeOf(error)})`, {
      hint: 'server-cert.pem and server-key.pem are PEM files that belong together.',
      context: {path: folder},
      cause: error,
    })
  }
  const asksClient = ca !== undefined
  return (plain) =>
    new tls.TLSSocket(plain, {
      isServer: true,
      secureContext,
      requestCert: asksClient,
      rejectUnauthorized: asksClient,
    })
}

/**
 * TLS with pre-shared keys from a file of lines "name:key in hex", as psktool of GnuTLS writes them.
 *
 * @throws ToolError of kind environment when it cannot be read, of kind format when a line is something else
 */
export function tlsWithKeys(file: string): TlsWrap {
  const keys = parseKeys(readPart(file).toString('utf8'), file)
  return (plain) =>
    new tls.TLSSocket(plain, {
      isServer: true,
      secureContext: tls.createSecureContext({ciphers: PSK_CIPHERS}),
      pskCallback: (_socket: tls.TLSSocket, identity: string) => keys.get(identity) ?? null,
    } as tls.TLSSocketOptions)
}

/** Names and their keys. @throws ToolError of kind format, with the line */
export function parseKeys(text: string, file: string): Map<string, Buffer> {
  const keys = new Map<string, Buffer>()
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return
    const match = /^([^:]+):((?:[0-9a-fA-F]{2})+)$/.exec(line.trim())
    if (!match) {
      throw new ToolError('format', 'E_TLS_KEYS', `${file}:${index + 1}: not a name, a colon and a key in hex`, {
        hint: 'psktool -u NAME -p FILE writes such lines.',
        context: {path: file, line: index + 1},
      })
    }
    keys.set(match[1] ?? '', Buffer.from(match[2] ?? '', 'hex'))
  })
  if (keys.size === 0) {
    throw new ToolError('format', 'E_TLS_KEYS', `${file}: holds no key`, {
      hint: 'psktool -u NAME -p FILE writes one.',
      context: {path: file},
    })
  }
  return keys
}

function readPart(file: string): Buffer {
  try {
    return fs.readFileSync(file)
  } catch (error) {
    throw new ToolError('environment', 'E_TLS', `${file}: cannot be read (${codeOf(error)})`, {
      hint: '--tls names a folder with server-cert.pem and server-key.pem, --tls-psk a file of keys.',
      context: {path: file},
      cause: error,
    })
  }
}
