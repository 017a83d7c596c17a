import {describe, expect, it} from 'vitest'
import {findMount, parseMountinfo} from '../../src/image/mountinfo.js'

// The example of proc_pid_mountinfo(5), and lines with more and with no optional fields.
const TABLE = `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p1 rw,nobarrier
40 22 7:0 / /mnt/two\\040words rw,relatime shared:7 master:3 - ext4 /dev/loop0 rw
41 22 0:45 / /home ro,nosuid - nfs4 server:/export\\011home ro,vers=4.2
`

describe('a line of the mount table', () => {
  it('has its optional fields ended by a hyphen, however many there are', () => {
    const [first, , third, fourth] = parseMountinfo(TABLE)
    expect(first).toEqual({
      id: 36,
      device: '98:0',
      mountPoint: '/mnt2',
      type: 'ext3',
      source: '/dev/root',
      options: ['rw', 'noatime', 'errors=continue'],
    })
    expect(third).toMatchObject({mountPoint: '/mnt/two words', type: 'ext4', source: '/dev/loop0'})
    expect(fourth).toMatchObject({type: 'nfs4', source: 'server:/export\thome', options: ['ro', 'nosuid', 'vers=4.2']})
  })

  it('that is cut short is no mount', () => {
    expect(parseMountinfo('')).toEqual([])
    expect(parseMountinfo('22 1 259:1 / / rw,relatime shared:1')).toEqual([])
    expect(parseMountinfo('22 1 259:1 / / rw,relatime - ext4')).toEqual([])
  })
})

describe('the mount of a path', () => {
  const mounts = parseMountinfo(`1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 8:2 / /data rw - xfs /dev/sdb1 rw
3 1 8:3 / /data/images rw - xfs /dev/sdc1 rw
4 1 8:4 / /data rw - ext4 /dev/sdd1 rw
`)

  it('is the deepest one above it', () => {
    expect(findMount(mounts, '/data/images/disk.img', '8:3', undefined)?.id).toBe(3)
    expect(findMount(mounts, '/var/disk.img', '8:1', undefined)?.id).toBe(1)
  })

  it('is not one whose name only begins alike', () => {
    expect(findMount(mounts, '/database/disk.img', '8:1', undefined)?.id).toBe(1)
  })

  it('is the last of those on one point', () => {
    expect(findMount(mounts, '/data/disk.img', '9:9', undefined)?.id).toBe(4)
  })

  it('is one on the device of the file rather than a deeper one, which is hidden', () => {
    expect(findMount(mounts, '/data/images/disk.img', '8:4', undefined)?.id).toBe(4)
  })

  it('is the one the kernel names, whatever the path', () => {
    expect(findMount(mounts, '/var/disk.img', '8:1', 2)?.id).toBe(2)
    // An id from another mount namespace is in no table of ours.
    expect(findMount(mounts, '/var/disk.img', '8:1', 99)?.id).toBe(1)
  })

  it('is unknown where none lies above it', () => {
    expect(findMount([], '/disk.img', '8:1', undefined)).toBeUndefined()
  })
})
