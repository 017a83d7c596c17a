import {describe, expect, it} from 'vitest'
import {DISK_MODELS, diskModelOf} from '../../../src/aio/sim/disk-model.js'
import {readDiskModel} from '../../../src/aio/sim/model-file.js'

describe('the disk models', () => {
  it('are a disk that turns, a flash disk on SATA, and one on PCIe', () => {
    expect(DISK_MODELS.map(({name}) => name)).toEqual(['hdd', 'ssd', 'nvme'])
  })

  it.each(DISK_MODELS)('$name is found by its name', (model) => {
    expect(diskModelOf(model.name)).toBe(model)
  })

  it.each(DISK_MODELS)('$name is a model that could stand in a file', (model) => {
    expect(readDiskModel(JSON.stringify(model), 'row')).toEqual(model)
  })

  it('only the disk that turns has a head to move; half a turn at 7200 turns a minute is 4.17 ms', () => {
    const turning = DISK_MODELS.filter(({rotationNs, fullStrokeNs}) => rotationNs > 0 || fullStrokeNs > 0)
    expect(turning.map(({name}) => name)).toEqual(['hdd'])
    expect(turning[0]?.rotationNs).toBeCloseTo(60e9 / 7200 / 2, -4)
  })

  it('both SATA disks flush alone and have no FUA that Linux uses', () => {
    expect(DISK_MODELS.map(({name, flushAlone, hasFua}) => [name, flushAlone, hasFua])).toEqual([
      ['hdd', true, false],
      ['ssd', true, false],
      ['nvme', false, true],
    ])
  })

  it('another name is an error of usage that says which there are', () => {
    expect(() => diskModelOf('floppy')).toThrow(
      expect.objectContaining({
        kind: 'usage',
        code: 'E_DISK_MODEL',
        message: 'there is no disk model "floppy"',
        hint: 'Use one of hdd, ssd, nvme, or describe the disk in a file.',
      }),
    )
  })
})
