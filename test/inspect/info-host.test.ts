import {describe, expect, it} from 'vitest'
import {usersText} from '../../src/inspect/info-host.js'

const NOBODY = {holds: [], unshares: [], reason: '', processes: [], mountedOn: undefined}

describe('who uses an image, in words', () => {
  it.each([
    ['nobody says so (no lock in the protocol of QEMU)', NOBODY],
    ['mounted on /mnt', {...NOBODY, mountedOn: '/mnt'}],
    ['cannot be told: no library', {...NOBODY, holds: undefined, unshares: undefined, reason: 'no library'}],
    [
      'qemu-system-x86 (process 7) has this file open for consistent reading, writing and does not share writing',
      {
        ...NOBODY,
        holds: ['consistent reading', 'writing'],
        unshares: ['writing'],
        processes: [{pid: 7, name: 'qemu-system-x86'}],
      },
    ],
    ['a process that cannot be seen has this file open and does not share writing', {...NOBODY, unshares: ['writing']}],
  ])('%s', (text, users) => {
    expect(usersText(users, 'file')).toBe(text)
  })
})
