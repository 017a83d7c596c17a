import {describe, expect, it} from 'vitest'
import {contentsOf, partitionTableOf} from '../../src/disk-layout/index.js'
import {counted} from './counted-reader.js'
import {Disk} from './disk.js'
import {GOLDEN} from './signature/golden.js'

const ext2 = GOLDEN.find(({kind}) => kind === 'ext2')?.disk.bytes ?? new Uint8Array(0)

/** ext2 (2 MiB) in partition 1 of so many sectors, and in the logical partition 5. */
function disk(sectors: number): Disk {
  return new Disk(6 * 2048 + 2048)
    .record(0, [
      {type: 0x83, firstLba: 2048, sectors},
      {type: 0x05, firstLba: 8192, sectors: 6144},
    ])
    .record(8192, [{type: 0x83, firstLba: 8, sectors: 4096}])
    .put(2048 * 512, ext2)
    .put(8200 * 512, ext2)
}

describe('what is on an image', () => {
  it('is its table and what is in each partition but the extended one', () => {
    const {table, whole, partitions, problems, virtualDisk} = contentsOf(counted(disk(4096).bytes))
    expect(partitions.map(({partition, signatures}) => [partition.number, signatures[0]?.type])).toEqual([
      [1, 'ext2'],
      [5, 'ext2'],
    ])
    expect([table?.partitions.length, whole, problems, virtualDisk]).toEqual([3, [], [], undefined])
  })

  it('is wrong when a file system is larger than its partition, and says by how much', () => {
    const {problems} = contentsOf(counted(disk(4000).bytes))
    expect(problems).toMatchObject([{severity: 'error', code: 'CONTENT_LARGER'}])
    expect(problems[0]?.text).toBe('the ext2 in partition 1 says that it has 2 MiB, 48 KiB more than there are')
  })

  it('has the same table when only that is asked for', () => {
    const bytes = disk(4000).bytes
    expect(partitionTableOf(counted(bytes))).toEqual(contentsOf(counted(bytes)).table)
  })

  it('takes a number of reads that does not depend on its size', () => {
    const [small, large] = [counted(disk(4096).bytes), counted(disk(4096).bytes, 16 * 2 ** 40)]
    contentsOf(small)
    contentsOf(large)
    // Some places are the same in the small image, where they are read once.
    expect(large.reads).toBeLessThan(200)
    expect(Math.abs(large.reads - small.reads)).toBeLessThan(20)
  })
})
