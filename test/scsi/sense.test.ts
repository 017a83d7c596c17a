import {describe, expect, it} from 'vitest'

import {ERRNO} from '../../src/base/index.js'
import {descriptorSense, fixedSense, SENSE, senseCode, senseFor, type ScsiStep} from '../../src/scsi/index.js'
import {hex} from './initiator.js'

describe('sense data', () => {
  it('in fixed format is 18 bytes: 70h, the key, ten more bytes to come, the code and its qualifier', () => {
    expect(hex(fixedSense(SENSE.spaceAllocationFailed))).toBe('700007000000000a000000002707' + '00000000')
    expect(hex(fixedSense(SENSE.invalidField))).toBe('700005000000000a000000002400' + '00000000')
  })

  it('in descriptor format is 8 bytes: 72h, key, code, qualifier, no descriptor', () => {
    expect(hex(descriptorSense(SENSE.capacityChanged))).toBe('72062a0900000000')
  })

  it('has the key, code and qualifier of the tables for every condition', () => {
    expect(Object.values(SENSE).map(senseCode).toSorted()).toEqual(
      [
        ['0/00/00', '2/04/03', '2/3A/00', '3/11/00', '4/44/00', '5/1A/00', '5/20/00', '5/21/00', '5/24/00'],
        ['5/25/00', '5/26/00', '5/39/00', '6/29/00', '6/2A/09', '7/27/00', '7/27/07', 'B/00/06', 'E/1D/00'],
      ].flat(),
    )
  })

  it.each([
    ['EINVAL', ['5/1A/00', '5/20/00', '5/24/00', '5/26/00']],
    ['ENOSPC', ['5/21/00', '7/27/07']],
    ['EACCES', ['7/27/00']],
    ['ENOTSUP', ['5/25/00']],
    ['ENOMEDIUM', ['2/3A/00']],
  ])('is %s to a program for %j', (errno, codes) => {
    const same = Object.values(SENSE).filter((sense) => sense.errno === errno)
    expect(same.map(senseCode).toSorted()).toEqual(codes)
  })
})

describe('a host error becomes', () => {
  const reads: ScsiStep['op'][] = ['read', 'verify', 'compare']
  const others: ScsiStep['op'][] = ['write', 'same', 'zero', 'discard', 'flush']

  it.each(reads)('a read error of the medium for EIO in %s', (op) => {
    expect(senseCode(senseFor(ERRNO.EIO, op))).toBe('3/11/00')
  })

  it.each(others)('a failure of the target for EIO in %s', (op) => {
    expect(senseCode(senseFor(ERRNO.EIO, op))).toBe('4/44/00')
  })

  it.each([...reads, ...others])('lack of space for ENOSPC and write protection for EROFS in %s', (op) => {
    expect(senseCode(senseFor(ERRNO.ENOSPC, op))).toBe('7/27/07')
    expect(senseCode(senseFor(ERRNO.EROFS, op))).toBe('7/27/00')
  })

  it('a failure of the target, not of the medium, when a read lacks memory', () => {
    expect(senseCode(senseFor(ERRNO.ENOMEM, 'read'))).toBe('4/44/00')
  })
})
