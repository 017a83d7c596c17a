import {describe, expect, it} from 'vitest'
import {negotiate} from '../../src/negotiation/index.js'
import {question} from './question.js'

/** Semantics 3.6. */
describe('the permission for O_DIRECT of a Xen backend', () => {
  const modeOf = (mode: string, directIoSafe?: boolean): string =>
    negotiate(question({frontend: 'xen-blkback', mode, ...(directIoSafe === undefined ? {} : {directIoSafe})})).mode
      .name

  it.each([
    ['none', 'writeback'],
    ['directsync', 'writethrough'],
    ['writeback', 'writeback'],
    ['writethrough', 'writethrough'],
    ['unsafe', 'unsafe'],
  ])('B11: without it %s is %s, and the key is 0 by default', (mode, inForce) => {
    expect(modeOf(mode, false)).toBe(inForce)
    expect(modeOf(mode)).toBe(inForce)
  })

  it.each(['writethrough', 'writeback', 'none', 'directsync', 'unsafe'])('B12: with it %s stays what it is', (mode) => {
    expect(modeOf(mode, true)).toBe(mode)
  })

  it('B15: off is none, here as everywhere', () => {
    expect(modeOf('off', true)).toBe('none')
    expect(modeOf('off', false)).toBe('writeback')
  })

  it('B11: a downgrade is in the notes, with its reason; where there is none there is no such note', () => {
    const notes = (mode: string, directIoSafe: boolean): string =>
      negotiate(question({frontend: 'xen-blkback', mode, directIoSafe})).notes.join(' ')
    expect(notes('none', false)).toMatch(/none is downgraded to writeback.*direct-io-safe is 0 by default.*2013/)
    expect(notes('none', true)).not.toContain('downgraded')
    expect(notes('writeback', false)).not.toContain('downgraded')
  })

  it.each([
    [{}, 'virtio-blk has no direct-io-safe (today)'],
    [{frontend: 'ide'}, 'ide has no direct-io-safe (today)'],
    [{frontend: 'xen-blkback', era: '2009'}, 'xen-blkback has no direct-io-safe (2009)'],
  ])('is refused where there is no such key: %j', (asked, message) => {
    for (const directIoSafe of [true, false]) {
      expect(() => negotiate(question({...asked, directIoSafe}))).toThrow(
        expect.objectContaining({kind: 'usage', code: 'E_DIRECT_IO_SAFE', message}),
      )
    }
    expect(negotiate(question({...asked, mode: 'none'})).mode.name).toBe('none')
  })
})
