import {describe, expect, it} from 'vitest'

import {Prng} from '../../../src/base/index.js'
import {cacheModeOf} from '../../../src/cache-mode/index.js'
import {Handshake, type HandshakeStep, type TlsState} from '../../../src/serve/nbd/handshake.js'
import {OPTION_MAX_BYTES, readInfoRequest, readMetaContextRequest, readOption} from '../../../src/serve/nbd/option.js'
import {contextData, infoData, option, u32} from './client.js'

const SERVED = {
  name: 'disk',
  description: '',
  sizeBytes: 2 ** 40,
  ...{mode: cacheModeOf('writeback'), readOnly: false, givesBack: true, zeroesFast: true, shared: true},
  minBlockBytes: 512,
  preferredBlockBytes: 4096,
}

/** Gives a handshake bytes in pieces; what is not used comes again with the next. @returns the types of the answers and the last step */
function speak(
  pieces: readonly Uint8Array[],
  tls: TlsState = 'none',
): {readonly types: number[]; readonly step: HandshakeStep; readonly pending: number} {
  const handshake = new Handshake(SERVED, tls)
  const types: number[] = []
  let pending = Buffer.alloc(0)
  let step: HandshakeStep = {kind: 'more'}
  for (const piece of pieces) {
    pending = Buffer.concat([pending, piece])
    const read = handshake.read(pending, (answer) => types.push(Buffer.from(answer).readUInt32BE(12)))
    pending = pending.subarray(read.usedBytes)
    step = read.step
    if (step.kind !== 'more') break
  }
  return {types, step, pending: pending.length}
}

const FLAGS = u32(3)
const ERROR = 2 ** 31

describe('the handshake', () => {
  it('comes to the same with one byte at a time', () => {
    const bytes = Buffer.concat([
      FLAGS,
      option(8),
      option(9, contextData('disk', [])),
      option(10, contextData('', ['base:allocation', 'other:thing'])),
      option(7, infoData('disk', [3])),
    ])
    const whole = speak([bytes])
    expect(whole.step).toEqual({kind: 'transmission', agreed: {style: 'structured', hasStatus: true}})
    expect(whole.types).toEqual([1, 4, 1, 4, 1, 3, 3, 1])
    expect(speak(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(whole)
  })

  it('selects no context by a query for none, by a wildcard, or without structured replies', () => {
    const selected = (...options: readonly Buffer[]): unknown => {
      const {step} = speak([Buffer.concat([FLAGS, ...options, option(7, infoData(''))])])
      return step.kind === 'transmission' && step.agreed.hasStatus
    }
    const set = (queries: readonly string[]): Buffer => option(10, contextData('', queries))
    expect(selected(option(8), set(['base:allocation']))).toBe(true)
    expect(selected(option(8), set([]))).toBe(false)
    expect(selected(option(8), set(['base:']))).toBe(false)
    expect(selected(option(8), set(['base:allocation']), set(['nothing:here']))).toBe(false)
    expect(selected(set(['base:allocation']))).toBe(false)
  })

  it('selects no context any more when the last option to select one has failed, however', () => {
    const selected = option(10, contextData('', ['base:allocation']))
    const oversize = option(10, Buffer.alloc(OPTION_MAX_BYTES + 1))
    const failing: readonly [how: string, failed: Buffer, error: number][] = [
      ['too long', oversize, 9],
      ['malformed', option(10, Buffer.from('x')), 3],
      ['not of this export', option(10, contextData('other', ['base:allocation'])), 6],
    ]
    for (const [how, failed, error] of failing) {
      const {types, step} = speak([Buffer.concat([FLAGS, option(8), selected, failed, option(7, infoData(''))])])
      expect(types, how).toEqual([1, 4, 1, ERROR + error, 3, 1])
      expect(step, how).toEqual({kind: 'transmission', agreed: {style: 'structured', hasStatus: false}})
    }
    // Other options select nothing, and forget nothing, when they fail.
    for (const other of [9, 7, 77]) {
      const failed = option(other, Buffer.alloc(OPTION_MAX_BYTES + 1))
      const {step} = speak([Buffer.concat([FLAGS, option(8), selected, failed, option(7, infoData(''))])])
      expect(step).toEqual({kind: 'transmission', agreed: {style: 'structured', hasStatus: true}})
    }
  })

  it('keeps to extended headers, and refuses structured replies behind them with ERR_EXT_HEADER_REQD', () => {
    const agreed = (...options: readonly Buffer[]): unknown => {
      const {types, step} = speak([Buffer.concat([FLAGS, ...options, option(7, infoData(''))])])
      return [types.slice(0, options.length), step.kind === 'transmission' && step.agreed.style]
    }
    expect(agreed(option(11), option(8))).toEqual([[1, ERROR + 10], 'extended'])
    expect(agreed(option(11), option(8, Buffer.from('x')))).toEqual([[1, ERROR + 3], 'extended'])
    expect(agreed(option(8), option(11))).toEqual([[1, 1], 'extended'])
  })

  it('offers BLOCK_STATUS_PAYLOAD where a context is selected at that time', () => {
    const offers = (...options: readonly Buffer[]): readonly boolean[] => {
      const handshake = new Handshake(SERVED, 'none')
      const offered: boolean[] = []
      handshake.read(Buffer.concat([FLAGS, ...options]), (answer) => {
        const bytes = Buffer.from(answer)
        const isExport = bytes.readUInt32BE(12) === 3 && bytes.readUInt16BE(20) === 0
        if (isExport) offered.push((bytes.readUInt16BE(30) & (1 << 12)) !== 0)
      })
      return offered
    }
    const set = (query: string): Buffer => option(10, contextData('', [query]))
    const [info, go] = [option(6, infoData('')), option(7, infoData(''))]
    expect(offers(option(11), info, set('base:allocation'), info, go)).toEqual([false, true, true])
    expect(offers(option(11), set('base:allocation'), set('nothing:here'), go)).toEqual([false])
    expect(offers(option(8), set('base:allocation'), go)).toEqual([false])
  })

  it('insists on TLS where it is required, and refuses it where there is none', () => {
    const asked = [FLAGS, option(3), option(7, infoData('')), option(5, Buffer.from('x'))]
    expect(speak([Buffer.concat(asked)], 'required').types).toEqual([ERROR + 5, ERROR + 5, ERROR + 3])
    expect(speak([Buffer.concat([FLAGS, option(1)])], 'required').step).toMatchObject({kind: 'close'})
    expect(speak([Buffer.concat([FLAGS, option(5)])], 'required')).toMatchObject({types: [1], step: {kind: 'starttls'}})
    expect(speak([Buffer.concat([FLAGS, option(5)])]).types).toEqual([ERROR + 2])
    expect(speak([Buffer.concat([FLAGS, option(5)])], 'active').types).toEqual([ERROR + 3])
  })

  it('forgets what was agreed on before TLS', () => {
    const handshake = new Handshake(SERVED, 'required')
    handshake.read(Buffer.concat([FLAGS, option(5)]), () => {})
    handshake.secured()
    expect(handshake.read(option(7, infoData('')), () => {}).step).toEqual({
      kind: 'transmission',
      agreed: {style: 'simple', hasStatus: false},
    })
  })

  it('tells clients of a server that is going away, but lets them say goodbye', () => {
    const handshake = new Handshake(SERVED, 'none', () => true)
    const types: number[] = []
    const bytes = Buffer.concat([FLAGS, option(3), option(2)])
    const {step} = handshake.read(bytes, (answer) => types.push(Buffer.from(answer).readUInt32BE(12)))
    expect(types).toEqual([ERROR + 7, 1])
    expect(step).toEqual({kind: 'close', why: undefined})
  })

  it.each(Array.from({length: 200}, (_, seed) => seed))(
    'survives what is no handshake, whole or in pieces (seed %i)',
    (seed) => {
      const prng = new Prng(seed)
      const parts: Buffer[] = [FLAGS]
      for (let i = prng.below(6); i >= 0; i--) {
        const data = Buffer.alloc(prng.below(60))
        prng.fill(data)
        const known = prng.pick([data, infoData('disk', [1, 3]), contextData('disk', ['base:allocation'])])
        parts.push(option(prng.below(14), prng.chance(0.3) ? known.subarray(0, prng.below(known.length + 1)) : known))
      }
      const bytes = Buffer.concat(parts)
      if (prng.chance(0.5)) bytes[prng.below(bytes.length)] = prng.below(256)
      const whole = speak([bytes])
      const pieces: Buffer[] = []
      for (let at = 0; at < bytes.length;) {
        const length = 1 + prng.below(9)
        pieces.push(bytes.subarray(at, at + length))
        at += length
      }
      const inPieces = speak(pieces)
      expect(inPieces.types, `seed ${seed}`).toEqual(whole.types)
      expect(inPieces.step, `seed ${seed}`).toEqual(whole.step)
    },
  )
})

describe('an option', () => {
  it('is not waited for when it is longer than any should be', () => {
    const head = option(7, Buffer.alloc(0)).subarray(0, 12)
    expect(readOption(Buffer.concat([head, u32(OPTION_MAX_BYTES)]))).toEqual({kind: 'incomplete'})
    expect(readOption(Buffer.concat([head, u32(2 ** 32 - 1)]))).toMatchObject({
      kind: 'oversize',
      skipBytes: 2 ** 32 - 1,
    })
  })

  it('has data whose lengths have to agree', () => {
    expect(readInfoRequest(infoData('x', [1]))).toEqual({name: 'x', infos: [1]})
    expect(readInfoRequest(Buffer.concat([infoData('x', [1]), u32(0)]))).toBeUndefined()
    expect(readInfoRequest(u32(2 ** 32 - 1))).toBeUndefined()
    expect(readMetaContextRequest(Buffer.concat([u32(0), u32(2 ** 32 - 1)]))).toBeUndefined()
    expect(readMetaContextRequest(Buffer.concat([u32(0), u32(1), u32(5), Buffer.from('base')]))).toBeUndefined()
  })
})
