import {describe, expect, it} from 'vitest'
import {negotiate} from '../../src/negotiation/index.js'
import {question, type Asked} from './question.js'

describe('what a device offers', () => {
  it.each([
    [{}, ['FLUSH', 'CONFIG_WCE', 'DISCARD', 'WRITE_ZEROES']],
    [{mode: 'writethrough'}, ['FLUSH', 'CONFIG_WCE', 'DISCARD', 'WRITE_ZEROES']],
    [{era: '2009'}, []],
    [{era: '2009', steps: ['virtio-flush']}, ['FLUSH']],
    [{era: '2009', steps: ['virtio-flush'], mode: 'writethrough'}, ['FLUSH']],
    [{era: 'plan', mode: 'writethrough'}, []],
    [{frontend: 'ide', era: '2009'}, ['FLUSH CACHE', 'FLUSH CACHE EXT']],
    [{frontend: 'ide', era: '2009', steps: ['ide-wce']}, ['write cache', 'FLUSH CACHE', 'FLUSH CACHE EXT']],
    [{frontend: 'scsi', mode: 'writethrough'}, ['DPOFUA', 'SYNCHRONIZE CACHE', 'UNMAP', 'WRITE SAME']],
  ] as const)('%j: %j', (asked: Asked, offered) => {
    expect(negotiate(question(asked)).offered).toEqual(offered)
  })

  it('can be chosen, and is given in the order of the protocol', () => {
    expect(negotiate(question({features: ['DISCARD', 'CONFIG_WCE', 'FLUSH']})).offered).toEqual([
      'FLUSH',
      'CONFIG_WCE',
      'DISCARD',
    ])
    expect(negotiate(question({features: []}))).toMatchObject({offered: [], negotiated: []})
  })

  it.each([
    [{features: ['CONFIG_WCE']}, 'a device that offers CONFIG_WCE has to offer FLUSH as well'],
    [{features: ['SCSI', 'VERSION_1']}, 'a device cannot offer SCSI together with VERSION_1'],
    [{features: ['BARRIER', 'VERSION_1']}, 'a device cannot offer BARRIER together with VERSION_1'],
    [{features: ['WCACHE']}, '"WCACHE" is not a feature of virtio-blk that this tool knows'],
    [{features: ['flush']}, '"flush" is not a feature of virtio-blk that this tool knows'],
    [{features: ['FLUSH'], frontend: 'scsi'}, '"FLUSH" is not a feature of scsi that this tool knows'],
    [{features: ['ZONED']}, '"ZONED" is not a feature of virtio-blk that this tool knows'],
    [{features: ['']}, '"" is not a feature of virtio-blk that this tool knows'],
    [{features: ['FLUSH', 'FLUSH']}, 'the feature FLUSH is named twice'],
    [{features: ['FLUSH', 'CONFIG_WCE'], era: '2009'}, 'CONFIG_WCE came in 2012, after the era 2009'],
    [
      {features: ['feature-flush-cache'], era: '2009', frontend: 'xen-blkback'},
      'feature-flush-cache came in 2011, after the era 2009',
    ],
    [
      {features: ['feature-barrier', 'feature-barrier=0'], frontend: 'xen-blkback'},
      'a device cannot offer feature-barrier together with feature-barrier=0',
    ],
    [{negotiate: ['BARRIER']}, 'the driver cannot accept BARRIER: the device does not offer it'],
    [{negotiate: ['MAGIC']}, '"MAGIC" is not a feature of virtio-blk that this tool knows'],
  ] as const)('%j is refused: %s', (asked: Asked, message) => {
    expect(() => negotiate(question(asked))).toThrow(
      expect.objectContaining({kind: 'usage', code: 'E_FEATURE', message}),
    )
  })

  it('a refusal names what there is', () => {
    expect(() => negotiate(question({features: ['WCACHE']}))).toThrow(
      expect.objectContaining({
        hint: 'Choose from BARRIER, RO, BLK_SIZE, SCSI, FLUSH, CONFIG_WCE, MQ, DISCARD, WRITE_ZEROES, VERSION_1.',
      }),
    )
    expect(() => negotiate(question({features: ['FLUSH'], negotiate: ['SCSI']}))).toThrow(
      expect.objectContaining({hint: 'The device offers FLUSH.'}),
    )
    expect(() => negotiate(question({features: [], negotiate: ['SCSI']}))).toThrow(
      expect.objectContaining({hint: 'The device offers nothing.'}),
    )
  })
})

describe('what a driver accepts', () => {
  it.each([
    [{}, ['FLUSH', 'CONFIG_WCE', 'DISCARD', 'WRITE_ZEROES']],
    [{features: ['BARRIER', 'FLUSH']}, ['FLUSH']],
    [{features: ['BARRIER', 'FLUSH'], era: '2009'}, ['BARRIER']],
    [{features: ['BARRIER', 'FLUSH'], era: '2009', steps: ['virtio-flush']}, ['BARRIER', 'FLUSH']],
    [{features: ['SCSI']}, []],
    [{features: ['SCSI'], negotiate: ['SCSI']}, ['SCSI']],
    [{features: ['write cache', 'FLUSH CACHE', 'WRITE FUA'], frontend: 'ide'}, ['write cache', 'FLUSH CACHE']],
    [{negotiate: ['CONFIG_WCE', 'FLUSH']}, ['FLUSH', 'CONFIG_WCE']],
  ] as const)('%j: %j', (asked: Asked, negotiated) => {
    expect(negotiate(question(asked)).negotiated).toEqual(negotiated)
  })
})
