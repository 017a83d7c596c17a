import {describe, expect, it} from 'vitest'
import type {DiskModel} from '../../../src/aio/sim/disk-model.js'
import {Drive} from '../../../src/aio/sim/drive.js'
import type {Command} from '../../../src/aio/sim/phase.js'
import {TOY, TOY_HDD} from './toy-model.js'

function driveOf(model: DiskModel): Drive<string> {
  const drive = new Drive<string>(model)
  drive.extend(1 << 16)
  return drive
}

function read(sector: number): Command {
  return {kind: 'read', ranges: [{offsetBytes: sector * 512, lengthBytes: 512}]}
}

/** Everything that waits, in the order in which one channel takes it. */
function order(drive: Drive<string>): string[] {
  const owners: string[] = []
  for (let taken = drive.take(0); taken; taken = drive.take(0)) {
    owners.push(taken.owner)
    drive.free()
  }
  return owners
}

describe('a simulated drive', () => {
  it('takes as many commands at a time as it has channels, and the next when one has ended', () => {
    const drive = driveOf({...TOY, channels: 2})
    for (const owner of ['a', 'b', 'c']) drive.add(owner, read(0))
    expect([drive.take(0)?.owner, drive.take(0)?.owner, drive.take(0)]).toEqual(['a', 'b', undefined])
    drive.free()
    expect(drive.take(0)?.owner).toBe('c')
    expect(drive.take(0)).toBeUndefined()
  })

  it('says when a command ends as it takes it', () => {
    const drive = driveOf(TOY)
    drive.add('a', read(0))
    // 500 + 2000 + 1000
    expect(drive.take(700)).toEqual({owner: 'a', endNs: 4_200})
  })

  it('takes the oldest first, or goes the shortest way', () => {
    const sectors = {far: 100, near: 5, middle: 60, back: 2}
    const add = (drive: Drive<string>): Drive<string> => {
      for (const [owner, sector] of Object.entries(sectors)) drive.add(owner, read(sector))
      return drive
    }
    expect(order(add(driveOf(TOY_HDD)))).toEqual(['far', 'near', 'middle', 'back'])
    expect(order(add(driveOf({...TOY_HDD, scheduling: 'shortest-seek'})))).toEqual(['back', 'near', 'middle', 'far'])
  })

  it('takes the older of two commands with the same way to go', () => {
    const drive = driveOf({...TOY_HDD, scheduling: 'shortest-seek'})
    drive.add('first', read(9))
    drive.add('second', read(9))
    expect(order(drive)).toEqual(['first', 'second'])
  })

  it('runs a flush beside other commands, unless it has to be alone', () => {
    const started = (flushAlone: boolean): string[] => {
      const drive = driveOf({...TOY, channels: 4, flushAlone})
      drive.add('before', read(0))
      drive.add('flush', {kind: 'flush'})
      drive.add('after', read(1))
      const owners: string[] = []
      for (let taken = drive.take(0); taken; taken = drive.take(0)) owners.push(taken.owner)
      return owners
    }
    expect(started(false)).toEqual(['before', 'flush', 'after'])
    expect(started(true)).toEqual(['before'])
  })

  it('passes no command over a flush that has to be alone, and none runs beside it', () => {
    const drive = driveOf({...TOY_HDD, channels: 2, scheduling: 'shortest-seek', flushAlone: true})
    drive.add('far', read(100))
    drive.add('flush', {kind: 'flush'})
    drive.add('near', read(0))
    expect([drive.take(0)?.owner, drive.take(0)]).toEqual(['far', undefined])
    drive.free()
    expect([drive.take(0)?.owner, drive.take(0)]).toEqual(['flush', undefined])
    drive.free()
    expect(drive.take(0)?.owner).toBe('near')
  })

  it('is told of a channel freed that was not taken by an internal error', () => {
    expect(() => driveOf(TOY).free()).toThrow(/not taken/)
  })
})
