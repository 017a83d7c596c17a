import {describe, expect, it} from 'vitest'
import {latencyNs, type LatencyFacts} from '../../../src/aio/sim/latency.js'
import {Prng} from '../../../src/base/index.js'
import {STEP_PUNCH, STEP_READ, STEP_SYNC, STEP_WRITE, STEP_ZERO, type StepOp} from '../../../src/request/index.js'

function samples(op: StepOp, lengthBytes: number, facts: Partial<LatencyFacts> = {}): number[] {
  const prng = new Prng(1)
  const all = {direct: false, dsync: false, volatileBytes: 0, ...facts}
  return Array.from({length: 500}, () => latencyNs(op, lengthBytes, all, prng))
}

interface Row {
  readonly what: string
  readonly op: StepOp
  readonly bytes: number
  readonly facts: Partial<LatencyFacts>
  readonly plainNs: number
}

describe('the latency of a simulated step', () => {
  it.each<Row>([
    {what: 'a page cache read of 4 KiB', op: STEP_READ, bytes: 4096, facts: {}, plainNs: 1409.6},
    {what: 'an O_DIRECT read of 4 KiB', op: STEP_READ, bytes: 4096, facts: {direct: true}, plainNs: 82_048},
    {what: 'a buffered dsync write of 4 KiB', op: STEP_WRITE, bytes: 4096, facts: {dsync: true}, plainNs: 401_409.6},
    {what: 'a SYNC of nothing', op: STEP_SYNC, bytes: 0, facts: {}, plainNs: 400_000},
    {what: 'a SYNC of 1 MB', op: STEP_SYNC, bytes: 0, facts: {volatileBytes: 1e6}, plainNs: 900_000},
    {what: 'a ZERO', op: STEP_ZERO, bytes: 1e9, facts: {}, plainNs: 5_000},
    {what: 'a PUNCH', op: STEP_PUNCH, bytes: 1e9, facts: {direct: true}, plainNs: 5_000},
  ])('of $what is $plainNs ns, 30 % more or less', ({op, bytes, facts, plainNs}) => {
    const found = samples(op, bytes, facts)
    expect(Math.min(...found)).toBeGreaterThanOrEqual(Math.floor(plainNs * 0.7))
    expect(Math.max(...found)).toBeLessThanOrEqual(Math.ceil(plainNs * 1.3))
    expect(Math.min(...found)).toBeLessThan(plainNs)
    expect(Math.max(...found)).toBeGreaterThan(plainNs)
  })

  it('is a whole number of nanoseconds, the same for the same seed', () => {
    expect(samples(STEP_WRITE, 512).every(Number.isInteger)).toBe(true)
    expect(samples(STEP_WRITE, 512)).toEqual(samples(STEP_WRITE, 512))
  })
})
