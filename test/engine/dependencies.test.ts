import {describe, expect, it} from 'vitest'
import {FLAG_BARRIER} from '../../src/request/index.js'
import {Dependencies} from '../../src/engine/dependencies.js'
import {Rig} from './rig.js'

describe('a table of dependencies', () => {
  const pending = (...ids: number[]) => {
    return (id: number): boolean => ids.includes(id)
  }

  it('counts only what has not ended', () => {
    const dependencies = new Dependencies()
    expect(dependencies.add(4, [1, 2, 3], pending(2, 3))).toBe(2)
    expect(dependencies.add(5, [1], pending(2, 3))).toBe(0)
  })

  it('names each waiting request when what it waits for ends', () => {
    const dependencies = new Dependencies()
    dependencies.add(4, [1, 2], pending(1, 2))
    dependencies.add(5, [2], pending(1, 2))
    expect(dependencies.ended(1, true)).toEqual([{id: 4, strict: true}])
    expect(dependencies.ended(2, true).map(({id}) => id)).toEqual([4, 5])
    expect(dependencies.ended(2, true)).toEqual([])
  })

  it('tells who only wants to come later from who depends on success', () => {
    const dependencies = new Dependencies()
    dependencies.order(4, [1, 2])
    dependencies.add(5, [1], pending(1))
    expect(dependencies.ended(1, false)).toEqual([
      {id: 4, strict: false},
      {id: 5, strict: true},
    ])
    expect(dependencies.ended(2, true)).toEqual([{id: 4, strict: false}])
  })

  it('refuses a request that names one that has already failed', () => {
    const dependencies = new Dependencies()
    expect(dependencies.ended(1, false)).toEqual([])
    dependencies.ended(2, true)
    expect(dependencies.add(3, [1, 2], pending())).toBe(-1)
    expect(dependencies.add(4, [2], pending())).toBe(0)
  })
})

describe('a request with after=', () => {
  it('starts only when everything it names has completed OK', () => {
    const rig = new Rig()
    const [a, b] = [rig.write(0), rig.write(1)]
    const c = rig.write(2, {after: [a, b]})
    rig.end(b)
    expect(rig.outstanding).toEqual([`write ${a}`])
    rig.end(a)
    expect(rig.outstanding).toEqual([`write ${c}`])
    rig.end(c)
    expect([...rig.endings.keys()]).toEqual([b, a, c])
  })

  it('starts at once when what it names has completed OK before', () => {
    const rig = new Rig()
    const a = rig.write(0)
    rig.end(a)
    const b = rig.write(1, {after: [a]})
    expect(rig.outstanding).toEqual([`write ${b}`])
  })

  it('may name the same request twice', () => {
    const rig = new Rig()
    const a = rig.write(0)
    const b = rig.write(1, {after: [a, a]})
    rig.end(a)
    rig.settle()
    expect(rig.status(b)).toBe('OK')
  })

  it('is CANCELED when one it names failed, and so is everything that waits for it', () => {
    const rig = new Rig()
    const [a, other] = [rig.write(0), rig.write(9)]
    const b = rig.write(1, {after: [a, other]})
    const c = rig.write(2, {after: [b]})
    const d = rig.read(3, {after: [c]})
    rig.end(a, -5)
    expect([...rig.endings].map(([id, {status, errno}]) => [id, status, errno])).toEqual([
      [a, 'IOERR', 5],
      [b, 'CANCELED', 0],
      [c, 'CANCELED', 0],
      [d, 'CANCELED', 0],
    ])
    rig.settle()
    expect(rig.backend.steps).toHaveLength(2)
  })

  it('is CANCELED when one it names had failed before it was submitted', () => {
    const rig = new Rig()
    const a = rig.write(0)
    rig.end(a, -5)
    const b = rig.write(1, {after: [a]})
    expect(rig.status(b)).toBe('CANCELED')
    const c = rig.write(2, {after: [b]})
    expect(rig.status(c)).toBe('CANCELED')
    expect(rig.backend.steps).toHaveLength(1)
  })

  it('is CANCELED when one it names is cancelled or refused', () => {
    const rig = new Rig()
    const a = rig.write(0)
    const b = rig.write(1, {after: [a]})
    const c = rig.write(2, {after: [b]})
    expect(rig.cancel(b)).toBe('canceled')
    expect(rig.status(c)).toBe('CANCELED')
    const refused = rig.submit(99)
    const d = rig.write(3, {after: [refused]})
    expect([rig.status(refused), rig.status(d)]).toEqual(['UNSUPP', 'CANCELED'])
    rig.settle()
  })

  it('does not hold back what was submitted after it', () => {
    const rig = new Rig()
    const a = rig.write(0)
    const b = rig.write(1, {after: [a]})
    const c = rig.write(2)
    expect(rig.outstanding).toEqual([`write ${a}`, `write ${c}`])
    expect(rig.events.find((event) => event.kind === 'start' && event.id === c)).toMatchObject({held: false})
    rig.end(c)
    rig.end(a)
    expect(rig.events.find((event) => event.kind === 'start' && event.id === b)).toMatchObject({held: true})
    rig.end(b)
    expect([...rig.endings.keys()]).toEqual([c, a, b])
  })

  it('lets go of its slot when it is cancelled: the next owner of the slot waits for nothing', () => {
    const rig = new Rig({depth: 3})
    const a = rig.write(0)
    const b = rig.write(1, {after: [a]})
    rig.cancel(b)
    // The barrier gets the slot of b, and must neither start with a nor be kept for ever.
    const barrier = rig.write(2, {flags: FLAG_BARRIER})
    const later = rig.write(3)
    expect(rig.outstanding).toEqual([`write ${a}`])
    rig.end(a)
    expect(rig.outstanding).toEqual([`write ${barrier}`])
    rig.settle()
    expect([rig.status(barrier), rig.status(later)]).toEqual(['OK', 'OK'])
  })

  it('lets go of its slot when one of two that it waits for fails: the next owner survives the failure of the other', () => {
    const rig = new Rig({depth: 4})
    const [a, b] = [rig.write(0), rig.write(1)]
    const c = rig.write(2, {after: [a, b]})
    rig.end(a, -5)
    expect(rig.status(c)).toBe('CANCELED')
    const barrier = rig.write(3, {flags: FLAG_BARRIER})
    rig.end(b, -5)
    expect(rig.status(barrier)).toBeUndefined()
    rig.settle()
    expect(rig.status(barrier)).toBe('OK')
  })
})
