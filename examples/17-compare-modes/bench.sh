#!/bin/sh
# Which cache mode is cheapest for the same guarantee?
#
# 256 random writes of 4 KiB, four at a time, with a flush behind every 8th, under each mode, on a simulated NVMe drive.
#
# Expect: writeback and none answer a write when it has been taken, and send the 32 flushes; what was written before one survives a
# power cut. writethrough and directsync make each write stable as it is answered, so their flushes have nothing left to do; that is more
# than was asked for, and costs more. unsafe answers the flushes and sends none: it is fastest, and a power cut takes everything.
#
# On your own disk: leave out --aio sim and --disk, and add --preallocate --rounds 5.
exec flushpoint bench demo.img --create 64M --aio sim --disk nvme --cache writethrough,writeback,none,directsync,unsafe \
  --rw randwrite --iodepth 4 --io-size 1M --flush-every 8 "$@"
