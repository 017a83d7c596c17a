#!/bin/sh
# What does a flush cost?
#
# The same 256 random writes of 4 KiB, one at a time, to a simulated SATA drive of flash: without a flush, and with one behind every
# 64th, every 8th and every write. Simulated time is the same on every machine.
#
# Expect: a write into the cache of the drive takes 67 us. A flush takes 1.06 ms, as long as 16 writes, and 9 us more for each block that
# lies in the cache. Behind every 64th write that adds a third to the time; behind every write it takes 17 times as long.
#
# On your own disk: leave out --aio sim and --disk, and add --preallocate, so that no write has to allocate its block.
exec flushpoint bench demo.img --create 64M --aio sim --disk ssd --cache none \
  --rw randwrite --io-size 1M --flush-every 0,64,8,1 "$@"
