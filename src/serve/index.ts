/**
 * Method: a server gives an image to programs that speak a protocol, through the same engine as every command, so that what is said
 * of a cache mode is true of what they do. nbd/ is the Network Block Device protocol: option.ts, request-header.ts and reply.ts
 * read and write its bytes and do no I/O, handshake.ts negotiates, refusal.ts says what is not served, connection.ts is one client with its
 * bounds, exchange.ts what all of them share, call-pool.ts the memory of their requests. A transport (ring-transport.ts with
 * ring-pipe.ts, net-transport.ts) moves bytes and knows no protocol; server.ts joins it with the engine and winds both down; serve.ts
 * opens what it is made of.
 *
 * To add one: a protocol is a folder beside nbd/ whose connections are users of a Pipe.
 *
 * @module
 */
export {inheritedAddress, isLocal, parseListenAddress, uriOf, type ListenAddress} from './address.js'
export {runBeside, type Companion} from './companion.js'
export {flushingWords, serveDocument} from './document.js'
export {parseHandshakeLimit} from './handshake-limit.js'
export {privateAddress} from './listeners.js'
export type {ServeOptions, ServeResult} from './options.js'
export {serveNbd} from './serve.js'
export {StatusReport} from './status-report.js'
export {tlsWithCertificates, tlsWithKeys} from './tls.js'
