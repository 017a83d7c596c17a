import type {Fact, FrontendFacts} from './facts.js'

/** Makes facts of one year and source. */
export type FactMaker = <Value>(value: Value, says: string) => Fact<Value>

/** A maker of facts that share their year and source. */
export function factsFrom(source: string, year: number): FactMaker {
  return (value, says) => ({value, says, year, source})
}

/** The document the matrix of 2009 and its action plan come from. */
export const NOTES_2009 = '"Notes on block I/O data integrity", qemu-devel, 25 August 2009'

export const notes2009 = factsFrom(NOTES_2009, 2009)

/** What the drivers of that time make use of. */
export const linux2009 = factsFrom('Linux 2.6.31, drivers/block/virtio_blk.c, drivers/ide, drivers/scsi/sd.c', 2009)

/** What the drivers make use of now. */
export const linux2023 = factsFrom('Linux drivers/block, drivers/ata/libata-core.c, drivers/scsi/sd.c', 2023)

/** The thread about the empty barrier that never leaves the guest. */
export const blkfront2010 = factsFrom('blkfront barrier thread, linux-kernel, August 2010', 2010)

/** Linux since 2.6.37: no barriers in the block layer any more, flush and FUA instead. */
const linuxFlush = factsFrom('Linux writeback_cache_control.rst', 2011)

/** What every guest with a Linux since 2.6.37 does, whatever its disk. */
export const LINUX_TODAY: Pick<FrontendFacts, 'driverFlushes' | 'driverOrder'> = {
  driverFlushes: linuxFlush(
    true,
    'the block layer sends a flush for every fsync to a disk that advertises a write cache',
  ),
  driverOrder: linuxFlush('wait', 'file systems wait for the writes they depend on before they send the next'),
}
