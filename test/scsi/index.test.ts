import fc from 'fast-check'
import {describe, expect, it} from 'vitest'

import {
  blocksOf,
  decodeCdb,
  SCSI_CHECK_CONDITION,
  SCSI_COMMANDS,
  SCSI_GOOD,
  SENSE,
  type ScsiDevice,
  type ScsiPlan,
  type Sense,
} from '../../src/scsi/index.js'
import {bytes} from './initiator.js'

const SEED = 20260209

describe('the table of commands', () => {
  it('has every command a useful disk answers, and no other', () => {
    const opcodes = SCSI_COMMANDS.map(({opcode}) => opcode.toString(16).padStart(2, '0'))
    expect(opcodes.toSorted()).toEqual(
      [
        ['00', '03', '08', '0a', '12', '15', '1a', '1b', '1e', '25', '28', '2a', '2e', '2f', '35', '41', '42', '55'],
        ['5a', '88', '8a', '8e', '8f', '91', '93', '9e', 'a0', 'a8', 'aa', 'ae', 'af'],
      ].flat(),
    )
  })

  it('names every command once', () => {
    expect(new Set(SCSI_COMMANDS.map(({name}) => name)).size).toBe(SCSI_COMMANDS.length)
  })
})

const usually = fc.oneof({weight: 9, arbitrary: fc.constant(true)}, fc.constant(false))
const deviceArb: fc.Arbitrary<ScsiDevice> = fc.record({
  sectors: fc.constantFrom(0, 1, 7, 8, 0x8000, 2 ** 32, 2 ** 43),
  logicalBlockBytes: fc.constantFrom(512, 4096),
  physicalBlockExponent: fc.nat(15),
  hasMedium: usually,
  readOnly: usually.map((yes) => !yes),
  writeCacheEnabled: fc.boolean(),
  writeCacheDefault: fc.boolean(),
  cachingPageOffered: usually,
  cachingPageFixed: usually.map((yes) => !yes),
  fuaOffered: fc.boolean(),
  unmapOffered: usually,
  id: fc.string({maxLength: 30}),
})

/** Some bytes of a valid piece of data replaced: what is random all through never gets past the first check. */
function bent(pieces: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const small = fc.oneof(fc.constantFrom(0, 1, 2, 8, 0x10, 0x18, 0x80, 0xff), fc.nat(255))
  const patch = fc.array(fc.tuple(fc.nat(31), small), {maxLength: 3})
  return fc.tuple(fc.constantFrom(...pieces), patch, usually, fc.nat(32)).map(([piece, patches, whole, cut]) => {
    const copy = piece.slice()
    for (const [at, value] of patches) if (at < copy.length) copy[at] = value
    return whole ? copy : copy.slice(0, cut)
  })
}

const anyCommandArb = bent(
  SCSI_COMMANDS.flatMap(({opcode, serviceAction = 0}) => {
    const bare = Uint8Array.of(opcode, serviceAction, ...new Uint8Array(14))
    // No block; and one block in the form of READ(6), (10), (12) and (16).
    return [bare, ...[4, 8, 9, 13].map((at) => bare.with(at, 1))]
  }),
)
const listCommandArb = bent(['15 10 0000 18 00', '55 10 0000000000 001c 00', '42 00 0000000000 0018 00'].map(bytes))
const cdbArb = fc.oneof({weight: 3, arbitrary: anyCommandArb}, listCommandArb)
const outArb = bent([
  bytes('0016 0010 00000000 0000000000000001 00000001 00000000'),
  bytes('00000000 081200 00*17'),
  bytes('00*8 081204 00*17'),
  new Uint8Array(),
  new Uint8Array(512),
  new Uint8Array(65536).fill(0xaa),
])

/** What a plan must never be. */
function faultsOf(made: ScsiPlan, device: ScsiDevice, outBytes: number, inBytes: number): string[] {
  const faults: string[] = []
  const must = (holds: boolean, says: string): void => {
    if (!holds) faults.push(says)
  }
  must(made.transferredBytes <= Math.max(outBytes, inBytes), 'more moved than there are buffers')
  switch (made.kind) {
    case 'reply':
      must(made.status === (made.sense ? SCSI_CHECK_CONDITION : SCSI_GOOD), 'status and sense disagree')
      must(!made.sense || Object.values<Sense>(SENSE).includes(made.sense), 'a sense that is in no table')
      must(made.dataIn.length <= inBytes, 'an answer longer than its room')
      break
    case 'steps':
      must(device.hasMedium, 'I/O without a medium')
      must(made.steps.length > 0, 'a plan of no steps')
      for (const step of made.steps) {
        if (step.op === 'flush') continue
        const {offsetBytes, lengthBytes} = step
        const block = device.logicalBlockBytes
        must(offsetBytes % block === 0 && lengthBytes % block === 0 && lengthBytes > 0, 'a range of broken blocks')
        must(offsetBytes >= 0 && offsetBytes + lengthBytes <= blocksOf(device) * block, 'a range outside the disk')
        must(!('fua' in step) || !device.readOnly, 'a change of a read-only disk')
        must(!('fua' in step) || step.fua || device.writeCacheEnabled, 'a volatile change without a write cache')
      }
      break
    case 'set-cache':
      must(made.flush === (!made.writeCacheEnabled && device.hasMedium), 'a cache switched off without a flush')
  }
  return faults
}

describe('whatever a guest sends', () => {
  it('becomes a plan that stays inside the disk, inside the buffers and inside what the disk may do', () => {
    const seen = {reply: 0, steps: 0, 'set-cache': 0}
    fc.assert(
      fc.property(cdbArb, deviceArb, outArb, fc.constantFrom(0, 1, 18, 512, 65536), (cdb, device, dataOut, inBytes) => {
        const made = decodeCdb(cdb, device, {dataOut, inBytes})
        seen[made.kind]++
        expect(faultsOf(made, device, dataOut.length, inBytes)).toEqual([])
      }),
      {seed: SEED, numRuns: 20_000},
    )
    expect(Math.min(seen.reply, seen.steps), 'commands of every kind were tried').toBeGreaterThan(1000)
    expect(seen['set-cache'], 'the cache was switched').toBeGreaterThan(100)
  })

  it('becomes a plan even if every byte of it is random', () => {
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 40}), deviceArb, fc.uint8Array({maxLength: 64}), (cdb, device, dataOut) => {
        const made = decodeCdb(cdb, device, {dataOut, inBytes: 64})
        expect(faultsOf(made, device, dataOut.length, 64)).toEqual([])
      }),
      {seed: SEED, numRuns: 20_000},
    )
  })
})
