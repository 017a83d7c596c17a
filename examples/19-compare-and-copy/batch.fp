# A copy, one more write, and what the two images have to say to each other.
#
# Copy an image, write 512 bytes to the original, and compare:
#
#   flushpoint create disk.img 16M
#   flushpoint copy disk.img copy.img --verify
#   flushpoint run disk.img examples/19-compare-and-copy/batch.fp
#   flushpoint compare disk.img copy.img
#
# compare ends with status 1 and names one range: offset 1 MiB, 512 bytes. The copy holds a hole there, which equals zeroes.
# `copy ... --force` brings the copy up to date; it is replaced when the new one is complete and synced, never half written.

OUT 1M 512 pattern=0x5a
FLUSH
