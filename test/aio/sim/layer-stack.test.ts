import {describe, expect, it} from 'vitest'
import {LayerStack, type Route} from '../../../src/aio/sim/layer-stack.js'
import {forEveryChoice, Prng} from '../../../src/base/index.js'

const DONE = {ended: true}
const OPEN = {ended: false}

/** Blocks of 8 sectors; block 0 is allocated, the others are holes. */
function stackOf(): LayerStack {
  return new LayerStack({blockSectors: 8, mappedAtFirst: (block) => block === 0})
}

function write(stack: LayerStack, sector: number, value: number, route: Route): void {
  stack.write(sector, new Uint8Array(512).fill(value), DONE, route)
}

/** What is left where not every layer is kept. */
function leftOf(stack: LayerStack, {host, drive}: {readonly host: boolean; readonly drive: boolean}): LayerStack {
  const left = stack.survivor()
  left.lose({host: !host, drive: !drive})
  return left
}

/** What a read finds in a sector now, and what it would after an OS crash and after a power cut. */
function fates(stack: LayerStack, sector: number): (number | undefined)[] {
  return [
    stack,
    leftOf(stack, {host: true, drive: true}),
    leftOf(stack, {host: false, drive: true}),
    leftOf(stack, {host: false, drive: false}),
  ].map((one) => one.newest(sector)?.bytes[0])
}

describe('where a write goes', () => {
  it('is host memory when it is buffered', () => {
    const stack = stackOf()
    write(stack, 0, 1, 'buffered')
    expect(fates(stack, 0)).toEqual([1, 1, undefined, undefined])
  })

  it('is the drive when it is direct, into an allocated block', () => {
    const stack = stackOf()
    write(stack, 0, 1, 'direct')
    expect(fates(stack, 0)).toEqual([1, 1, 1, undefined])
  })

  it('is host memory when it is direct but its block has to be allocated, until that is committed', () => {
    const stack = stackOf()
    write(stack, 8, 1, 'direct')
    expect([stack.isFresh(1), stack.isMapped(1)]).toEqual([true, true])
    expect(fates(stack, 8)).toEqual([1, 1, undefined, undefined])
    stack.writeBack(1)
    expect([stack.isFresh(1), stack.isMapped(1)]).toEqual([false, true])
    write(stack, 9, 2, 'direct')
    expect([fates(stack, 8), fates(stack, 9)]).toEqual([
      [1, 1, 1, undefined],
      [2, 2, 2, undefined],
    ])
  })

  it('is host memory for zeroes, and a direct write of the same sector in an allocated block overtakes them', () => {
    const stack = stackOf()
    write(stack, 0, 0, 'zero')
    expect(fates(stack, 0)).toEqual([0, 0, undefined, undefined])
    write(stack, 0, 2, 'direct')
    expect(fates(stack, 0)).toEqual([2, 2, 2, undefined])
  })
})

describe('how data moves on', () => {
  it('from host memory by the block, from the drive by the sector', () => {
    const stack = stackOf()
    write(stack, 0, 1, 'buffered')
    write(stack, 7, 1, 'buffered')
    stack.writeBack(0)
    stack.destage(7)
    expect([fates(stack, 0), fates(stack, 7)]).toEqual([
      [1, 1, 1, undefined],
      [1, 1, 1, 1],
    ])
  })

  it('never over something newer', () => {
    const stack = stackOf()
    const old = stack.write(0, new Uint8Array(512).fill(1), DONE, 'direct')
    const young = stack.write(0, new Uint8Array(512).fill(2), DONE, 'direct')
    stack.settle(0, young)
    stack.settle(0, old)
    expect(fates(stack, 0)).toEqual([2, 2, 2, 2])
  })

  it('past something newer, which stays where it is', () => {
    const stack = stackOf()
    const old = stack.write(0, new Uint8Array(512).fill(1), DONE, 'direct')
    write(stack, 0, 2, 'direct')
    stack.settle(0, old)
    expect(fates(stack, 0)).toEqual([2, 2, 2, 1])
  })

  it('not at all once a failed sync gave it up, until it is written again', () => {
    const stack = stackOf()
    write(stack, 8, 1, 'direct')
    stack.poisonSector(8)
    stack.poisonBlock(1)
    stack.writeBack(1)
    expect(fates(stack, 8)).toEqual([1, 1, undefined, undefined])
    write(stack, 8, 2, 'direct')
    stack.writeBack(1)
    expect(fates(stack, 8)).toEqual([2, 2, 2, undefined])
  })

  it('in parts, where a host may tear a block: with its allocation, and any of its sectors', () => {
    const stack = stackOf()
    write(stack, 8, 1, 'direct')
    write(stack, 9, 2, 'direct')
    const answers = [true, false]
    stack.writeBack(1, () => answers.shift() ?? true)
    expect([fates(stack, 8), fates(stack, 9)]).toEqual([
      [1, 1, 1, undefined],
      [2, 2, undefined, undefined],
    ])
    expect(stack.isFresh(1)).toBe(false)
  })

  it('to any of the 2 x 2 outcomes of two sectors, when a block that moves may be torn', () => {
    const outcomes = new Set<string>()
    forEveryChoice(
      (chooser) => {
        const stack = stackOf()
        write(stack, 0, 1, 'buffered')
        write(stack, 1, 2, 'buffered')
        stack.stir(chooser, 1, 0, true)
        outcomes.add([fates(stack, 0)[2], fates(stack, 1)[2]].join())
      },
      {limit: 10},
    )
    expect([...outcomes].toSorted()).toEqual([',', ',2', '1,', '1,2'])
  })

  it('on to the drive, where it was held although its allocation is on the medium, and not before that is so', () => {
    const stack = stackOf()
    write(stack, 8, 1, 'direct')
    stack.writeBack(1)
    expect(stack.isUnsettled(1)).toBe(true)
    write(stack, 9, 2, 'buffered')
    stack.releaseHeld()
    expect(fates(stack, 9)).toEqual([2, 2, undefined, undefined])
    stack.settleBlock(1)
    expect(stack.isUnsettled(1)).toBe(false)
    stack.releaseHeld()
    expect(fates(stack, 9)).toEqual([2, 2, 2, undefined])
  })

  it('all of it, when everything moves', () => {
    const stack = stackOf()
    for (let sector = 0; sector < 20; sector++) write(stack, sector, 3, 'buffered')
    stack.stir(new Prng(1), 1, 1)
    for (let sector = 0; sector < 20; sector++) expect(fates(stack, sector)).toEqual([3, 3, 3, 3])
  })
})

describe('the allocation of a block', () => {
  it('is taken away in host memory first, and comes back with a crash that loses host memory', () => {
    const stack = stackOf()
    stack.unmap(0, DONE)
    expect([stack.isFresh(0), stack.isMapped(0)]).toEqual([true, false])
    expect(leftOf(stack, {host: false, drive: true}).isFresh(0)).toBe(false)
    stack.writeBack(0)
    expect(leftOf(stack, {host: false, drive: true}).isFresh(0)).toBe(true)
    expect(leftOf(stack, {host: false, drive: false}).isFresh(0)).toBe(false)
    stack.settleBlock(0)
    expect(leftOf(stack, {host: false, drive: false}).isFresh(0)).toBe(true)
  })

  it('is not noted where there was none to take away', () => {
    const stack = stackOf()
    stack.unmap(5, DONE)
    expect(stack.host.blocks.size).toBe(0)
  })
})

describe('what survives a crash', () => {
  it('is owed by the next sync of whoever opens the disk then, though its step never ended', () => {
    const stack = stackOf()
    stack.write(0, new Uint8Array(512).fill(1), OPEN, 'buffered')
    const left = leftOf(stack, {host: true, drive: true})
    expect(stack.host.sectors.get(0)?.writer.ended).toBe(false)
    expect(left.host.sectors.get(0)?.writer.ended).toBe(true)
  })
})
