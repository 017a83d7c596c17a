import {describe, expect, it} from 'vitest'
import {ioFailure, kindRefusal, openRefusal} from '../../src/image/refusal.js'

const failure = (code: string): Error => Object.assign(new Error(code), {code})
const attempt = {path: 'disk.img', readOnly: false, blockDevice: false}

describe('a refused open', () => {
  it.each([
    ['ENOENT', 'E_NO_IMAGE', '--create SIZE'],
    ['EACCES', 'E_ACCESS', '--read-only'],
    ['EPERM', 'E_ACCESS', 'immutable'],
    ['EROFS', 'E_READ_ONLY_FS', '--snapshot'],
    ['ETXTBSY', 'E_IN_USE', '--snapshot'],
    ['EBUSY', 'E_IN_USE', 'lsblk'],
    ['ELOOP', 'E_PATH', 'links'],
    ['ENXIO', 'E_NO_DEVICE', 'driver'],
  ])('%s is an environment error %s with a next step', (errno, code, step) => {
    const cause = failure(errno)
    const refusal = openRefusal(attempt, cause)
    expect(refusal).toMatchObject({kind: 'environment', code, exitCode: 3, context: {path: 'disk.img'}})
    expect(refusal.message).toContain('disk.img')
    expect(refusal.message).toContain(errno)
    expect(refusal.hint).toContain(step)
    expect(refusal.cause).toBe(cause)
  })

  it('a path that is too long is cut in the message, with its length', () => {
    const refusal = openRefusal({...attempt, path: 'x'.repeat(5000)}, failure('ENAMETOOLONG'))
    expect(refusal.message).toContain('5000 bytes')
    expect(refusal.message.length).toBeLessThan(200)
  })

  it('a mounted device is refused by its mount point', () => {
    const refusal = openRefusal({...attempt, blockDevice: true, mountPoint: '/mnt/data'}, failure('EBUSY'))
    expect(refusal.message).toContain('is mounted on /mnt/data')
    expect(refusal.hint).toContain('umount /mnt/data')
  })

  it('a reader is not told to use --read-only', () => {
    expect(openRefusal({...attempt, readOnly: true}, failure('EACCES')).hint).not.toContain('--read-only')
  })

  it('an I/O error while opening is an I/O error', () => {
    expect(openRefusal(attempt, failure('EIO'))).toMatchObject({kind: 'io', exitCode: 4})
  })

  it('an errno without words of its own is shown as it is', () => {
    expect(openRefusal(attempt, failure('ENOTTY'))).toMatchObject({kind: 'environment', code: 'E_OPEN'})
    expect(openRefusal(attempt, failure('constructor')).code).toBe('E_OPEN')
  })
})

describe('a failed operation', () => {
  it('on a full disk says to free space', () => {
    expect(ioFailure('disk.img', 'written', failure('ENOSPC'))).toMatchObject({kind: 'io', code: 'E_NO_SPACE'})
  })

  it('names what could not be done', () => {
    expect(ioFailure('disk.img', 'made durable', failure('EIO')).message).toBe('disk.img cannot be made durable (EIO)')
  })
})

describe('something that is no image', () => {
  it.each([
    ['directory', 'a directory'],
    ['fifo', 'a FIFO'],
    ['socket', 'a socket'],
    ['character device', 'a character device'],
    ['unknown', 'neither a file nor a block device'],
  ] as const)('a %s is refused by what it is', (kind, words) => {
    const refusal = kindRefusal('thing', kind)
    expect(refusal).toMatchObject({kind: 'environment', code: 'E_NOT_AN_IMAGE'})
    expect(refusal.message).toBe(`thing is ${words}, not an image`)
    expect(refusal.hint).toMatch(/^[A-Z].+\.$/)
  })
})
