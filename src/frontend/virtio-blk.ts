import type {Frontend, FrontendFacts} from './facts.js'
import {factsFrom, LINUX_TODAY, notes2009} from './source.js'

const qemu = factsFrom('QEMU hw/block/virtio-blk.c', 2023)
const spec = factsFrom('virtio 1.3, 5.2.5 and 5.2.6', 2023)

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
}

export const virtioBlk: Frontend = {name: 'virtio-blk', title: 'virtio block device', past, today}
