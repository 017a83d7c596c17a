import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {writeFileSync} from 'node:fs'
import {diskModelFrom, guestOf, orderingsOf} from '../../src/run/index.js'
import type {AskedGuest} from '../../src/run/asked.js'
import {Scene} from '../image/scene.js'

const NOTHING: AskedGuest = {
  frontend: undefined,
  era: undefined,
  with: undefined,
  features: undefined,
  negotiate: undefined,
  directIoSafe: undefined,
}

function asked(changes: Partial<AskedGuest>): ReturnType<typeof guestOf> {
  return guestOf({...NOTHING, ...changes})
}

describe('the guest somebody asks for', () => {
  it('is none where nothing is asked', () => {
    expect(asked({})).toBeUndefined()
  })

  it('is of today, without steps and with what device and driver have of their own', () => {
    expect(asked({frontend: 'ide'})).toMatchObject({
      frontend: {name: 'ide'},
      era: {name: 'today'},
      steps: [],
      features: undefined,
      negotiate: undefined,
      directIoSafe: undefined,
    })
  })

  it.each([{features: 'FLUSH'}, {negotiate: 'none'}])(
    'is a virtio disk where only features are named: %o',
    (changes) => {
      expect(asked(changes)).toMatchObject({frontend: {name: 'virtio-blk'}})
    },
  )

  it('takes feature names in any case, with spaces, dashes or underscores', () => {
    expect(asked({features: 'flush, config-wce,Write Zeroes'})?.features).toEqual([
      'FLUSH',
      'CONFIG_WCE',
      'WRITE_ZEROES',
    ])
    expect(asked({frontend: 'scsi', features: 'wce,synchronize-cache'})?.features).toEqual(['WCE', 'SYNCHRONIZE CACHE'])
  })

  it.each(['', 'none', ' NONE '])('takes "%s" for no feature at all', (text) => {
    expect(asked({features: text, negotiate: text})).toMatchObject({features: [], negotiate: []})
  })

  it('leaves what is no feature as it was written, for the message', () => {
    expect(asked({features: 'Flsh'})?.features).toEqual(['Flsh'])
  })

  it('takes steps in the order of the plan', () => {
    const guest = asked({frontend: 'virtio-blk', era: '2009', with: 'virtio-flush,virtio-drain'})
    expect(guest?.steps).toEqual(['virtio-drain', 'virtio-flush'])
  })

  it.each([
    [{era: '2009'}, '--era is about a front end', '--frontend virtio-blk'],
    [{with: 'virtio-drain'}, '--with is about a front end', '--frontend virtio-blk --era 2009'],
    [{directIoSafe: false}, '--direct-io-safe is about a front end', '--frontend xen-blkback'],
    [{frontend: 'virtio-blk', with: 'virtio-drain'}, '--with virtio-drain needs --era 2009, not today', '--era 2009'],
    [{frontend: 'virtio-blk', era: 'plan', with: 'ide-wce'}, 'needs --era 2009, not plan', '--era 2009'],
    [{frontend: 'virtio-blk', era: '1999'}, '"1999" is not an era', '2009, plan, today'],
    [{frontend: 'floppy'}, '"floppy"', 'ide, scsi, virtio-blk, xen-blkback'],
  ])('%o is refused, and the next step is named', (changes, says, next) => {
    expect(() => asked(changes)).toThrow(
      expect.objectContaining({
        kind: 'usage',
        message: expect.stringContaining(says) as unknown,
        hint: expect.stringContaining(next) as unknown,
      }) as Error,
    )
  })
})

describe('the barrier policies somebody asks for', () => {
  it('are none, one or several, in their order', () => {
    const names = (text: string | undefined): string[] => orderingsOf(text).map(({name}) => name)
    expect(names(undefined)).toEqual([])
    expect(names('tag')).toEqual(['tag'])
    expect(names('tag-fua, none,drain')).toEqual(['tag-fua', 'none', 'drain'])
  })

  it.each(['drain,drain', 'drain,', '', 'fence'])('"%s" is refused', (text) => {
    expect(() => orderingsOf(text)).toThrow(expect.objectContaining({kind: 'usage'}) as Error)
  })
})

describe('the disk model somebody asks for', () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.close())

  it('is one of those known by name', () => {
    expect(diskModelFrom('hdd')).not.toEqual(diskModelFrom('nvme'))
    expect(diskModelFrom('ssd').name).toBe('ssd')
  })

  it('is read from a file with that path', () => {
    const path = scene.path('slow.json')
    writeFileSync(path, '{"like": "ssd", "name": "slow", "flushNs": 7000000}')
    expect(diskModelFrom(path)).toEqual({...diskModelFrom('ssd'), name: 'slow', flushNs: 7_000_000})
  })

  it('is refused with the names there are where there is no such file', () => {
    expect(() => diskModelFrom(scene.path('none.json'))).toThrow(
      expect.objectContaining({
        kind: 'usage',
        message: expect.stringContaining('ENOENT') as unknown,
        hint: expect.stringContaining('hdd, ssd, nvme') as unknown,
      }) as Error,
    )
  })

  it('is refused as a wrong file where it is one', () => {
    const path = scene.path('bad.json')
    writeFileSync(path, '{"like": "ssd", "flushNs": -1}')
    expect(() => diskModelFrom(path)).toThrow(
      expect.objectContaining({kind: 'format', message: expect.stringContaining('flushNs') as unknown}) as Error,
    )
  })
})
