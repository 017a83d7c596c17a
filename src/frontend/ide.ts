import type {Frontend, FrontendFacts} from './facts.js'
import {factsFrom, LINUX_TODAY, notes2009} from './source.js'

const qemu = factsFrom('QEMU hw/ide/core.c', 2023)

const past: FrontendFacts = {
  name: 'ide',
  flushCommand: notes2009(true, 'FLUSH CACHE and FLUSH CACHE EXT are implemented'),
  writeCache: notes2009('never', 'the device does not set the write cache bit in ATA IDENTIFY'),
  driverFlushes: notes2009(true, 'the driver flushes a disk that advertises a write cache'),
  fua: notes2009(false, 'no FUA write is spoken of'),
  driverOrder: notes2009('drain', 'the guest drains its queue at a barrier'),
  ordersTags: notes2009(false, 'there are no ordered tags'),
  writesThroughUnasked: notes2009(false, 'the cache mode decides alone'),
  flushStallsGuest: notes2009(true, 'the virtual CPU stands still while the host syncs'),
  features: notes2009([], 'nothing that tells the guest to flush'),
}

const today: FrontendFacts = {
  name: 'ide',
  flushCommand: qemu(true, 'FLUSH CACHE (E7h) and FLUSH CACHE EXT (EAh) become an asynchronous sync'),
  writeCache: qemu('mode', 'word 85 bit 5 of ATA IDENTIFY follows the write cache of the mode'),
  ...LINUX_TODAY,
  fua: qemu(false, 'word 84 bit 6 of ATA IDENTIFY is 0: the guest flushes after the write instead'),
  ordersTags: qemu(false, 'there are no ordered tags'),
  writesThroughUnasked: qemu(false, 'the cache mode decides alone'),
  flushStallsGuest: qemu(false, 'the sync runs beside the guest'),
  features: qemu(['write cache', 'FLUSH CACHE', 'FLUSH CACHE EXT'], 'IDENTIFY words 82 to 85'),
}

export const ide: Frontend = {name: 'ide', title: 'emulated IDE or AHCI disk', past, today}
