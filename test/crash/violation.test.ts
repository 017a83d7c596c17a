import {describe, expect, it} from 'vitest'
import {
  CrashModel,
  explore,
  listStates,
  lostIn,
  stateOfId,
  type Check,
  type CrashOptions,
  type Violation,
} from '../../src/crash/index.js'
import {filled, TraceWriter} from './traces.js'

function violationOf(writer: TraceWriter, check: Check, options: CrashOptions = {}): Violation {
  const [violation] = explore(new CrashModel(writer.trace(), options), check).violations
  if (violation === undefined) throw new Error('nothing was found')
  return violation
}

const first = (bytes: Uint8Array): number => bytes[0] ?? 0

describe('what a state has lost', () => {
  it('is told by write, neighbouring sectors as one range', () => {
    const writer = new TraceWriter()
    writer.out(0, filled(1, 4))
    writer.out(2, filled(2, 1))
    const model = new CrashModel(writer.trace())
    const states = [...listStates(model.at(model.lastPoint))]
    const allOld = states.find(({choices}) => choices.size === 4 && lostIn(stateWith(choices, model)).length === 2)
    expect(allOld && lostIn(allOld)).toEqual([
      {request: 1, offsetBytes: 0, lengthBytes: 2048},
      {request: 2, offsetBytes: 1024, lengthBytes: 512},
    ])
  })

  it('is not a write that was overwritten by one that is there', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.out(0)
    const model = new CrashModel(writer.trace())
    const lost = [...listStates(model.at(model.lastPoint))].map((state) => lostIn(state).map(({request}) => request))
    // Newest there; the first one there; neither.
    expect(lost.toSorted((a, b) => a.length - b.length)).toEqual([[], [2], [1, 2]])
  })

  it('is also a write of which a half is there', () => {
    const writer = new TraceWriter()
    writer.out(0)
    const violation = violationOf(
      writer,
      ({read, fail}) => {
        const bytes = read(0, 512)
        if (bytes[0] !== bytes[511]) fail('torn')
      },
      {atom: 'torn'},
    )
    expect(violation.lost).toEqual([{request: 1, offsetBytes: 0, lengthBytes: 512}])
  })
})

function stateWith(choices: ReadonlyMap<number, number>, model: CrashModel): Parameters<typeof lostIn>[0] {
  return {point: model.at(model.lastPoint), choices}
}

describe('a violation', () => {
  it('loses as few writes as any image that fails at that point', () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 5; sector++) writer.out(sector)
    // Losing 0, 1 and 2 is met first; losing 3 alone is smaller.
    const {lost} = violationOf(writer, ({read, fail}) => {
      const there = [3, 2, 1, 0].map((sector) => first(read(sector * 512, 512)) > 0)
      if (there[0] === false || !there.slice(1).includes(true)) fail('no')
    })
    // At the very start nothing is there, and nothing that was written is lost.
    expect(lost).toEqual([])
    writer.flush()
    const later = violationOf(writer, ({read, reached, fail}) => {
      const there = [2, 1, 0, 3].map((sector) => first(read(sector * 512, 512)) > 0)
      const isLate = first(read(4 * 512, 512)) > 0
      if (isLate && reached.size === 0 && (there[3] === false || !there.slice(0, 3).includes(true))) fail('no')
    })
    expect(later.lost).toEqual([{request: 4, offsetBytes: 3 * 512, lengthBytes: 512}])
  })

  it('comes at the earliest event after which a crash can leave it', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.out(1)
    writer.out(2)
    const violation = violationOf(writer, ({read, fail}) => {
      if (first(read(512, 512)) > 0 && first(read(0, 512)) === 0) fail('1 without 0')
    })
    // Events: three of #1, then #2 submitted and issued.
    expect(violation).toMatchObject({event: 5, lost: [{request: 1}], kind: 'inconsistent', mark: null})
    expect(violation.story).toContain('Power cut after request #2 was issued.')
  })

  it('is the same each time, and found again by its id', () => {
    const writer = new TraceWriter()
    for (let sector = 0; sector < 4; sector++) writer.out(sector)
    const check: Check = ({read, fail}) => {
      if (first(read(1536, 512)) > 0 && first(read(512, 512)) === 0) fail('no')
    }
    const [one, other] = [violationOf(writer, check), violationOf(writer, check)]
    expect(other.id).toBe(one.id)
    expect(lostIn(stateOfId(new CrashModel(writer.trace()), one.id))).toEqual(one.lost)
  })

  it('is told with what else is lost where the device keeps an order', () => {
    const writer = new TraceWriter()
    writer.out(0)
    writer.out(1)
    writer.mark('saved')
    const check: Check = ({read, reached, fail}) => {
      if (reached.has('saved') && first(read(0, 512)) === 0) fail('gone')
    }
    expect(violationOf(writer, check).lost.map(({request}) => request)).toEqual([1])
    // With one queue the second write cannot be there without the first.
    expect(violationOf(writer, check, {device: 'fifo'}).lost.map(({request}) => request)).toEqual([1, 2])
  })

  it.each([
    ['os', 'Crash of the operating system after the mark "saved". Lost: #1 (512 at 0).'],
    ['process', 'The process is killed after request #1 (OUT) was submitted.'],
  ] as const)('says what kind of crash it was: %s', (kind, beginning) => {
    const writer = new TraceWriter()
    if (kind === 'os') writer.out(0)
    else writer.submit('OUT')
    writer.mark('saved')
    const {story} = violationOf(
      writer,
      ({read, reached, fail}) => {
        const isThere = first(read(0, 512)) > 0
        if (kind === 'os' ? !isThere && reached.size > 0 : isThere) fail('no')
      },
      {kind},
    )
    expect(story.slice(0, beginning.length)).toBe(beginning)
  })
})
