import {transmissionFlags, type Export} from './export.js'
import {readInfoRequest, readMetaContextRequest, readOption, type Option} from './option.js'
import {
  blockSizeInfo,
  exportInfo,
  exportNameReply,
  metaContextReply,
  optionError,
  optionReply,
  serverReply,
  textInfo,
} from './option-reply.js'
import {
  NBD_FLAG_FIXED_NEWSTYLE,
  NBD_FLAG_NO_ZEROES,
  NBD_INFO_BLOCK_SIZE,
  NBD_INFO_DESCRIPTION,
  NBD_INFO_NAME,
  NBD_OPT_ABORT,
  NBD_OPT_EXPORT_NAME,
  NBD_OPT_EXTENDED_HEADERS,
  NBD_OPT_GO,
  NBD_OPT_INFO,
  NBD_OPT_LIST,
  NBD_OPT_LIST_META_CONTEXT,
  NBD_OPT_SET_META_CONTEXT,
  NBD_OPT_STARTTLS,
  NBD_OPT_STRUCTURED_REPLY,
  NBD_REP_ACK,
  NBD_REP_ERR_EXT_HEADER_REQD,
  NBD_REP_ERR_INVALID,
  NBD_REP_ERR_POLICY,
  NBD_REP_ERR_SHUTDOWN,
  NBD_REP_ERR_TLS_REQD,
  NBD_REP_ERR_TOO_BIG,
  NBD_REP_ERR_UNKNOWN,
  NBD_REP_ERR_UNSUP,
  PAYLOAD_MAX_BYTES,
  STRING_MAX_BYTES,
} from './protocol.js'
import type {ReplyStyle} from './reply.js'

/** The one metadata context there is, and its id. */
const BASE_ALLOCATION = 'base:allocation'
export const BASE_ALLOCATION_ID = 1

/** How TLS stands on a connection: there is none, it has to come first, or it is there. */
export type TlsState = 'none' | 'required' | 'active'

/** What a client and the server have agreed on. */
export interface Agreed {
  readonly style: ReplyStyle
  /** BLOCK_STATUS may be asked for. */
  readonly hasStatus: boolean
}

/** What becomes of a connection after the bytes that were read. */
export type HandshakeStep =
  | {readonly kind: 'more'}
  | {readonly kind: 'starttls'}
  | {readonly kind: 'transmission'; readonly agreed: Agreed}
  /** `why` is set where the client has broken the protocol, and undefined where it has said goodbye. */
  | {readonly kind: 'close'; readonly why: string | undefined}

/**
 * The handshake of one connection, after the greeting: bytes in, answers out, until transmission or the end. Fixed newstyle only.
 * Holds nothing but what was agreed on so far.
 */
export class Handshake {
  readonly #export: Export
  readonly #isShuttingDown: () => boolean
  #tls: TlsState
  #hasFlags = false
  #noZeroes = false
  #style: ReplyStyle = 'simple'
  #hasStatus = false
  /** Data of an oversize option that is on its way. */
  #skipBytes = 0

  constructor(served: Export, tls: TlsState, isShuttingDown: () => boolean = () => false) {
    this.#export = served
    this.#tls = tls
    this.#isShuttingDown = isShuttingDown
  }

  /** TLS is up: what was agreed on without it is forgotten. */
  secured(): void {
    this.#tls = 'active'
    this.#style = 'simple'
    this.#hasStatus = false
  }

  /**
   * Takes what it can of the bytes that have come and were not used before.
   *
   * @param send called with each answer, in order
   * @returns how many bytes were used, and what is next
   */
  read(bytes: Uint8Array, send: (answer: Uint8Array) => void): {usedBytes: number; step: HandshakeStep} {
    let usedBytes = 0
    for (;;) {
      const left = bytes.subarray(usedBytes)
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, left.length)
        this.#skipBytes -= skipped
        usedBytes += skipped
        if (skipped === 0) return {usedBytes, step: {kind: 'more'}}
        continue
      }
      if (!this.#hasFlags) {
        if (left.length < 4) return {usedBytes, step: {kind: 'more'}}
        usedBytes += 4
        const why = this.#takeFlags(left)
        if (why !== undefined) return {usedBytes, step: {kind: 'close', why}}
        continue
      }
      const reading = readOption(left)
      switch (reading.kind) {
        case 'incomplete':
          return {usedBytes, step: {kind: 'more'}}
        case 'bad-magic':
          return {usedBytes, step: {kind: 'close', why: 'an option does not begin with IHAVEOPT'}}
        case 'oversize':
          usedBytes += reading.usedBytes
          if (reading.option === NBD_OPT_EXPORT_NAME) {
            return {usedBytes, step: {kind: 'close', why: 'the name of the export is too long'}}
          }
          // It replaces what was selected before, also where it fails.
          if (reading.option === NBD_OPT_SET_META_CONTEXT) this.#hasStatus = false
          this.#skipBytes = reading.skipBytes
          send(optionError(reading.option, NBD_REP_ERR_TOO_BIG, 'the data of this option is too long'))
          continue
        case 'option': {
          usedBytes += reading.usedBytes
          const step = this.#take(reading, send)
          if (step.kind !== 'more') return {usedBytes, step}
        }
      }
    }
  }

  #takeFlags(bytes: Uint8Array): string | undefined {
    const flags = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
    this.#hasFlags = true
    this.#noZeroes = (flags & NBD_FLAG_NO_ZEROES) !== 0
    const unknown = (flags & ~(NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES)) >>> 0
    if (unknown !== 0) return `unknown client flags 0x${unknown.toString(16)}`
    // A client that is not fixed may only send EXPORT_NAME, which is fine with us.
    return undefined
  }

  #take({option, data}: Option, send: (answer: Uint8Array) => void): HandshakeStep {
    if (option === NBD_OPT_EXPORT_NAME) return this.#exportName(data, send)
    if (option === NBD_OPT_ABORT) {
      send(optionReply(option, NBD_REP_ACK))
      return {kind: 'close', why: undefined}
    }
    if (this.#isShuttingDown()) {
      send(optionError(option, NBD_REP_ERR_SHUTDOWN, 'the server is shutting down'))
      return {kind: 'more'}
    }
    if (option === NBD_OPT_STARTTLS) return this.#startTls(data, send)
    if (this.#tls === 'required') {
      send(optionError(option, NBD_REP_ERR_TLS_REQD, 'this server speaks TLS only'))
      return {kind: 'more'}
    }
    switch (option) {
      case NBD_OPT_LIST:
        if (data.length === 0) send(serverReply(option, this.#export.name))
        send(data.length === 0 ? optionReply(option, NBD_REP_ACK) : noData(option))
        return {kind: 'more'}
      case NBD_OPT_INFO:
      case NBD_OPT_GO:
        return this.#info(option, data, send)
      case NBD_OPT_STRUCTURED_REPLY:
      case NBD_OPT_EXTENDED_HEADERS:
        send(this.#setStyle(option, data))
        return {kind: 'more'}
      case NBD_OPT_LIST_META_CONTEXT:
      case NBD_OPT_SET_META_CONTEXT:
        this.#metaContext(option, data, send)
        return {kind: 'more'}
      default:
        send(optionError(option, NBD_REP_ERR_UNSUP, 'unknown option'))
        return {kind: 'more'}
    }
  }

  #exportName(data: Uint8Array, send: (answer: Uint8Array) => void): HandshakeStep {
    if (this.#isShuttingDown()) return {kind: 'close', why: undefined}
    if (this.#tls === 'required') return {kind: 'close', why: 'EXPORT_NAME without TLS'}
    if (this.#style === 'extended') return {kind: 'close', why: 'EXPORT_NAME after EXTENDED_HEADERS'}
    const name = Buffer.from(data).toString('utf8')
    if (!this.#knows(name)) return {kind: 'close', why: `there is no export ${JSON.stringify(name)}`}
    send(exportNameReply(this.#export.sizeBytes, this.#flags(), this.#noZeroes))
    return this.#transmission()
  }

  #startTls(data: Uint8Array, send: (answer: Uint8Array) => void): HandshakeStep {
    if (data.length > 0) send(noData(NBD_OPT_STARTTLS))
    else if (this.#tls === 'none') send(optionError(NBD_OPT_STARTTLS, NBD_REP_ERR_POLICY, 'this server has no TLS'))
    else if (this.#tls === 'active') send(optionError(NBD_OPT_STARTTLS, NBD_REP_ERR_INVALID, 'TLS is there already'))
    else {
      send(optionReply(NBD_OPT_STARTTLS, NBD_REP_ACK))
      return {kind: 'starttls'}
    }
    return {kind: 'more'}
  }

  #info(option: number, data: Uint8Array, send: (answer: Uint8Array) => void): HandshakeStep {
    const request = readInfoRequest(data)
    if (request === undefined) {
      send(optionError(option, NBD_REP_ERR_INVALID, 'the data of this option is malformed'))
      return {kind: 'more'}
    }
    if (!this.#knows(request.name)) {
      send(unknownExport(option, this.#export.name))
      return {kind: 'more'}
    }
    const {name, description, sizeBytes, minBlockBytes, preferredBlockBytes} = this.#export
    send(exportInfo(option, sizeBytes, this.#flags()))
    if (request.infos.includes(NBD_INFO_NAME)) send(textInfo(option, NBD_INFO_NAME, name))
    if (request.infos.includes(NBD_INFO_DESCRIPTION)) send(textInfo(option, NBD_INFO_DESCRIPTION, description))
    if (request.infos.includes(NBD_INFO_BLOCK_SIZE)) {
      send(blockSizeInfo(option, minBlockBytes, preferredBlockBytes, PAYLOAD_MAX_BYTES))
    }
    send(optionReply(option, NBD_REP_ACK))
    return option === NBD_OPT_GO ? this.#transmission() : {kind: 'more'}
  }

  #setStyle(option: number, data: Uint8Array): Uint8Array {
    if (data.length > 0) return noData(option)
    if (option === NBD_OPT_EXTENDED_HEADERS) {
      this.#style = 'extended'
    } else {
      if (this.#style === 'extended') {
        return optionError(option, NBD_REP_ERR_EXT_HEADER_REQD, 'extended headers have been agreed on')
      }
      this.#style = 'structured'
    }
    return optionReply(option, NBD_REP_ACK)
  }

  #metaContext(option: number, data: Uint8Array, send: (answer: Uint8Array) => void): void {
    const isSet = option === NBD_OPT_SET_META_CONTEXT
    if (isSet) this.#hasStatus = false
    const request = readMetaContextRequest(data)
    if (request === undefined) {
      send(optionError(option, NBD_REP_ERR_INVALID, 'the data of this option is malformed'))
    } else if (this.#style === 'simple') {
      send(optionError(option, NBD_REP_ERR_INVALID, 'ask for structured replies or extended headers first'))
    } else if (!this.#knows(request.name)) {
      send(unknownExport(option, this.#export.name))
    } else {
      const {queries} = request
      const isMeant =
        queries.includes(BASE_ALLOCATION) || (!isSet && (queries.length === 0 || queries.includes('base:')))
      if (isSet) this.#hasStatus = isMeant
      if (isMeant) send(metaContextReply(option, isSet ? BASE_ALLOCATION_ID : 0, BASE_ALLOCATION))
      send(optionReply(option, NBD_REP_ACK))
    }
  }

  /** What is offered, as things stand. */
  #flags(): number {
    return transmissionFlags(this.#export, this.#style, this.#hasStatus)
  }

  #transmission(): HandshakeStep {
    return {kind: 'transmission', agreed: {style: this.#style, hasStatus: this.#hasStatus}}
  }

  /** The empty name is the default export. */
  #knows(name: string): boolean {
    return name.length <= STRING_MAX_BYTES && (name === '' || name === this.#export.name)
  }
}

function noData(option: number): Buffer {
  return optionError(option, NBD_REP_ERR_INVALID, 'this option has no data')
}

function unknownExport(option: number, name: string): Buffer {
  return optionError(option, NBD_REP_ERR_UNKNOWN, `no such export: there is ${JSON.stringify(name)}`)
}
