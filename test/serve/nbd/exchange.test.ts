import {describe, expect, it} from 'vitest'

import type {Memory} from '../../../src/aio/index.js'
import {cacheModeOf} from '../../../src/cache-mode/index.js'
import {Engine} from '../../../src/engine/index.js'
import {orderingModeOf} from '../../../src/ordering/index.js'
import {idBytes} from '../../../src/request/index.js'
import {statusBySeeking} from '../../../src/serve/nbd/block-status.js'
import {Connection} from '../../../src/serve/nbd/connection.js'
import {Exchange} from '../../../src/serve/nbd/exchange.js'
import type {Piece, Pipe} from '../../../src/serve/pipe.js'
import {Tally} from '../../../src/serve/tally.js'
import {ManualBackend} from '../../engine/manual-backend.js'
import {infoData, option, READ, request, u32} from './client.js'

const SIZE_BYTES = 1 << 20
const TURN_BYTES = 512 * 1024
const READ_BYTES = 64 * 1024
const HEAD_BYTES = 16
/** The greeting, and the two answers to GO. */
const HANDSHAKE_BYTES = 18 + 32 + 20

/** A client that has sent everything it wants, and takes at once what it is sent. */
class Client implements Pipe {
  readonly peer = 'a test'
  readonly piecesMax = 512
  readonly takesPages = false
  connection: Connection | undefined
  /** Bytes of each send. */
  readonly sends: number[] = []
  readonly #wishes: Uint8Array
  #at = 0
  #target: {readonly memory: Memory; readonly offset: number; readonly lengthBytes: number} | undefined
  #isSending = false

  constructor(wishes: Uint8Array) {
    this.#wishes = wishes
  }

  receive(memory: Memory, offset: number, lengthBytes: number): void {
    this.#target = {memory, offset, lengthBytes}
  }

  send(pieces: readonly Piece[]): void {
    this.sends.push(pieces.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0))
    this.#isSending = true
  }

  close(): void {}

  /** All of its bytes come, as far as somebody wants them, and what was sent has left. */
  turn(): void {
    if (this.#isSending) {
      this.#isSending = false
      this.connection?.sent(0)
    }
    while (this.#target !== undefined && this.#at < this.#wishes.length) {
      const {memory, offset, lengthBytes} = this.#target
      const bytes = this.#wishes.subarray(this.#at, this.#at + lengthBytes)
      memory.bytes.set(bytes, offset)
      this.#at += bytes.length
      this.#target = undefined
      this.connection?.received(bytes.length)
    }
  }
}

function exchangeOver(backend: ManualBackend): {readonly engine: Engine; readonly exchange: Exchange} {
  const mode = cacheModeOf('writeback')
  const engine = new Engine({
    device: {capacitySectors: SIZE_BYTES / 512, readOnly: false, logicalBlockBytes: 512},
    ...{mode, ordering: orderingModeOf('none'), backend, depth: 128, alignmentBytes: 1, soleWriter: true},
    id: idBytes('a test'),
  })
  const exchange = new Exchange({
    ...{engine, backend, lasts: true, tally: new Tally(0)},
    served: {
      ...{name: '', description: '', sizeBytes: SIZE_BYTES},
      ...{mode, readOnly: false, givesBack: true, zeroesFast: true, shared: true},
      ...{minBlockBytes: 512, preferredBlockBytes: 4096},
    },
    status: statusBySeeking(undefined, 0),
    closed() {},
    secure() {},
  })
  return {engine, exchange}
}

describe('answers', () => {
  it('leave before more than 512 KiB of them have piled up, whatever else was asked for', async () => {
    const backend = new ManualBackend({image: new Uint8Array(SIZE_BYTES)})
    const {engine, exchange} = exchangeOver(backend)
    const reads = Array.from({length: 100}, (_, cookie) => request({type: READ, cookie, length: READ_BYTES}))
    const client = new Client(Buffer.concat([u32(3), option(7, infoData('')), ...reads]))
    const connection = new Connection(1, client, exchange, 'none')
    client.connection = connection
    connection.open()
    let turns = 0
    const sent = (): number => client.sends.reduce((sum, bytes) => sum + bytes, 0)
    const expected = HANDSHAKE_BYTES + reads.length * (HEAD_BYTES + READ_BYTES)
    while (sent() < expected && turns++ < 1000) {
      exchange.flush()
      client.turn()
      const begun = backend.outstanding.reduce((sum, {lengthBytes}) => sum + lengthBytes, 0)
      // The request that passes the bound is the last.
      expect(begun).toBeLessThan(TURN_BYTES + READ_BYTES)
      for (const step of [...backend.outstanding]) backend.end(step)
      await engine.tick(false)
      exchange.collect()
    }
    expect(sent()).toBe(expected)
    expect(Math.max(...client.sends)).toBeLessThan(TURN_BYTES + READ_BYTES)
    // They are put together all the same.
    expect(Math.max(...client.sends)).toBeGreaterThanOrEqual(TURN_BYTES)
    engine.close()
  })
})
