# O_DIRECT goes past the host's page cache, and no further: the drive has a cache of its own, and where the write fell into a
# hole of a sparse image, the block's allocation is still in host memory.
# Under --cache none the first write is lost even by a mere crash of the host; after the FLUSH it is safe.

OUT 0 4k pattern=0x55
OUT 1M 4k pattern=0x66
FLUSH
OUT 1M 4k pattern=0x77
OUT 2M 4k pattern=0x88
