import type {Frontend, FrontendFacts} from './facts.js'
import {featuresFrom} from './feature.js'
import {factsFrom, linux2009, linux2023, LINUX_TODAY, notes2009} from './source.js'

const qemu = factsFrom('QEMU hw/block/virtio-blk.c', 2023)
const spec = factsFrom('virtio 1.3, 5.2.5 and 5.2.6', 2023)
const linux2010 = factsFrom('Linux 2.6.33 to 2.6.36, drivers/block/virtio_blk.c', 2010)
const feature = featuresFrom('virtio 1.3, 5.2.3')

const past: FrontendFacts = {
  name: 'virtio-blk',
  flushCommand: notes2009(false, 'the device has no cache flush command'),
  writeCache: notes2009('never', 'there is no feature bit that could say so'),
  driverFlushes: notes2009(false, 'the driver knows no flush'),
  fua: notes2009(false, 'requests carry no flags'),
  driverOrder: notes2009('none', 'the guest driver declares no ordered mode and its queue is not drained'),
  ordersTags: notes2009(false, 'the BARRIER feature has a bit and no implementation'),
  writesThroughUnasked: notes2009(false, 'the cache mode decides alone'),
  flushStallsGuest: notes2009(true, 'the virtual CPU stands still while the host syncs'),
  features: notes2009([], 'nothing that tells the guest to flush'),
  extras: notes2009([], 'nothing else that matters here'),
  driverKnows: linux2009(['BARRIER', 'RO', 'BLK_SIZE', 'SCSI'], 'BARRIER would make it declare tag ordering'),
  writeCacheSwitch: notes2009('impossible', 'there is no field that could switch it'),
  flushWithData: notes2009('impossible', 'the device has no cache flush command'),
  asksForDirectIo: notes2009(false, 'the cache mode decides alone'),
}

const today: FrontendFacts = {
  name: 'virtio-blk',
  flushCommand: spec(true, 'VIRTIO_BLK_T_FLUSH (4) covers every write completed before it was sent'),
  writeCache: qemu('mode', 'the writeback field, or FLUSH without CONFIG_WCE, follows the write cache of the mode'),
  ...LINUX_TODAY,
  fua: spec(false, 'requests carry no flags: the guest flushes after the write instead'),
  ordersTags: qemu(false, 'the BARRIER bit is ignored'),
  writesThroughUnasked: spec(
    true,
    'a driver that negotiates neither FLUSH nor CONFIG_WCE must get every write stable at its completion',
  ),
  flushStallsGuest: qemu(false, 'the sync runs beside the guest'),
  features: qemu(['FLUSH', 'CONFIG_WCE'], 'feature bits 9 and 11'),
  extras: qemu(['DISCARD', 'WRITE_ZEROES'], 'feature bits 13 and 14'),
  driverKnows: linux2023(
    ['RO', 'BLK_SIZE', 'FLUSH', 'CONFIG_WCE', 'MQ', 'DISCARD', 'WRITE_ZEROES', 'VERSION_1'],
    'neither BARRIER nor SCSI is known any more',
  ),
  writeCacheSwitch: spec('plain', 'writing the writeback field takes effect at once and makes nothing stable'),
  flushWithData: qemu('ignored', 'FLUSH covers the whole disk, and data it carries is not looked at'),
  asksForDirectIo: qemu(false, 'the cache mode decides alone'),
}

/** RO is no integrity feature, but a device that offers it must write nothing. What the device of this tool has not is left out. */
const vocabulary = [
  feature('BARRIER', 'feature bit 0', 2009, ['tags'], {excludes: ['VERSION_1']}),
  feature('RO', 'feature bit 5', 2009, ['read-only']),
  feature('BLK_SIZE', 'feature bit 6', 2009, []),
  feature('SCSI', 'feature bit 7', 2009, ['scsi'], {excludes: ['VERSION_1']}),
  feature('FLUSH', 'feature bit 9', 2009, ['flush', 'advert']),
  feature('CONFIG_WCE', 'feature bit 11', 2012, ['switch'], {needs: ['FLUSH']}),
  feature('MQ', 'feature bit 12', 2014, []),
  feature('DISCARD', 'feature bit 13', 2018, ['discard']),
  feature('WRITE_ZEROES', 'feature bit 14', 2018, ['write-zeroes']),
  feature('VERSION_1', 'feature bit 32', 2014, []),
]

export const virtioBlk: Frontend = {
  name: 'virtio-blk',
  title: 'virtio block device',
  past,
  today,
  negotiates: spec(true, 'the driver writes back the features it accepts'),
  vocabulary,
  flushingDriver: {
    driverFlushes: linux2010(true, 'the driver of Linux 2.6.33 flushes where FLUSH is negotiated'),
    driverOrder: linux2010('drain-flush', 'the driver of Linux 2.6.33 drains its queue and flushes at a barrier'),
  },
}
